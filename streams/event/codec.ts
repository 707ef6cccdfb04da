import { describeValue } from './describe-value.ts';
import type { EventEnvelope } from './envelope.ts';

/**
 * Turns events into bytes and back.
 *
 * What every codec promises: `decode(encode(events))` gives the events in canonical form (see `canonical`); whatever
 * else either is given, it throws CodecError and nothing else, in time and memory bounded by its limits,
 * and behaves afterwards as if it had never seen it.
 */
export interface Codec {
  /** What the bytes are, for headers: a receiver picks its codec by it. */
  readonly contentType: string;
  /** Encodes one or many events into one message. @throws CodecError */
  encode(events: readonly EventEnvelope[]): Uint8Array;
  /**
   * Decodes one message. The envelopes have fields of the right kinds, but come from outside: what they say has
   * not been checked (`checkEnvelope`), nor their payload.
   *
   * @throws CodecError
   */
  decode(bytes: Uint8Array): EventEnvelope[];
}

/** What a codec refuses to go beyond, in both directions. */
export interface CodecLimits {
  /** Bytes of a message. Default `1_048_576`, which is also what a NATS server carries. */
  readonly maxBytes?: number;
  /** Events in a message. Default `4_096`. */
  readonly maxEvents?: number;
  /** Elements and members in one event's payload, all levels together. Default `16_384`. */
  readonly maxItems?: number;
}

/** Levels of arrays and objects in a payload at most. Deeper trees decode, but overflow the stacks of others. */
export const maxDepth = 64;

/** Fills in the defaults. @throws RangeError when a limit is not an integer of at least 1. */
export function resolveCodecLimits(limits: CodecLimits): Required<CodecLimits> {
  const { maxBytes = 1_048_576, maxEvents = 4_096, maxItems = 16_384 } = limits;
  const resolved = { maxBytes, maxEvents, maxItems };
  for (const [name, value] of Object.entries(resolved)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`${name} must be an integer of at least 1, got ${describeValue(value)}`);
  }
  return resolved;
}

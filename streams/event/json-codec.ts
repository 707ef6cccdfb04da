import { type CloudEvent, fromCloudEvent, toCloudEvent } from './cloud-events.ts';
import { type Codec, type CodecLimits, maxDepth, resolveCodecLimits } from './codec.ts';
import { describeValue } from './describe-value.ts';
import type { EventEnvelope } from './envelope.ts';
import { CodecError } from './errors.ts';
import { isNestedDeeper } from './json-depth.ts';
import { copyJson } from './json-data.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** The array around the events and the event around its payload. */
const outerLevels = 2;

/**
 * The codec for strangers: a batch of CloudEvents 1.0 in JSON, which any language reads.
 *
 * Carries payloads of what JSON has: no Dates, bigints, NaN, and bytes only as the whole payload. An event without
 * a time cannot be decoded. Of a member that comes twice the last counts, as JSON parsers have it. Some ten times slower
 * than `msgpackCodec`, and several times larger.
 */
export function jsonCodec(limits: CodecLimits = {}): Codec {
  const { maxBytes, maxEvents, maxItems } = resolveCodecLimits(limits);
  const utf8 = new TextEncoder();

  return {
    contentType: 'application/cloudevents-batch+json',

    encode(events) {
      if (events.length > maxEvents) {
        throw new CodecError(`message has ${events.length} events, more than ${maxEvents}`);
      }
      const cloudEvents = events.map((event, at) => encodeOne(event, at, maxItems));
      const bytes = utf8.encode(JSON.stringify(cloudEvents));
      if (bytes.length > maxBytes) {
        throw new CodecError(`message goes beyond the ${maxBytes} bytes of a message`);
      }
      return bytes;
    },

    decode(bytes) {
      if (!(bytes instanceof Uint8Array)) {
        throw new CodecError(`message must be a Uint8Array, got ${describeValue(bytes)}`);
      }
      if (bytes.length > maxBytes) {
        throw new CodecError(`message has ${bytes.length} bytes, more than ${maxBytes}`);
      }
      const cloudEvents = parse(bytes);
      if (!Array.isArray(cloudEvents)) throw new CodecError('message must be a JSON array of CloudEvents');
      if (cloudEvents.length > maxEvents) {
        throw new CodecError(`message has ${cloudEvents.length} events, more than ${maxEvents}`);
      }
      return cloudEvents.map((value: unknown, at) => decodeOne(value, at, maxItems));
    },
  };
}

function encodeOne(event: EventEnvelope, at: number, maxItems: number): CloudEvent {
  try {
    return toCloudEvent(event, { maxItems });
  } catch (error) {
    throw asCodecError(error, at);
  }
}

function decodeOne(value: unknown, at: number, maxItems: number): EventEnvelope {
  try {
    if (typeof value === 'object' && value !== null && !('time' in value)) {
      throw new CodecError('CloudEvent must have a time');
    }
    // Whether its time and its metadata are acceptable is for the receiver to say, who has a clock and limits.
    const event = fromCloudEvent(value, {
      now: Infinity,
      system: true,
      maxMetadataKeys: Infinity,
      maxMetadataBytes: Infinity,
    });
    return event.data instanceof Uint8Array ? event : { ...event, data: copyJson(event.data, maxItems) };
  } catch (error) {
    throw asCodecError(error, at);
  }
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw new CodecError('message is not valid UTF-8');
  }
  if (isNestedDeeper(text, maxDepth + outerLevels)) {
    throw new CodecError(`message is deeper than ${maxDepth} levels`);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    throw new CodecError('message is not valid JSON');
  }
}

function asCodecError(error: unknown, at: number): CodecError {
  const reason = error instanceof Error ? error.message : describeValue(error);
  return new CodecError(`event ${at}: ${reason}`, { cause: error });
}

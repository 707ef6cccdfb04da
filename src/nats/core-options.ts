import type { Codec } from '../../streams/event/codec.ts';
import { checkChoice, checkOptions, checkPort, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber } from '../options.ts';
import { natsOptionNames, type NatsOptions, resolveNatsOptions, type ResolvedNats } from './nats-options.ts';

/** How events travel by core NATS. Everything is checked when the transport is chosen. */
export interface CoreNatsOptions extends NatsOptions {
  /** `'off'`: each event is a message of its own, one CloudEvent in JSON that any program reads. Default `'auto'`. */
  readonly batching?: 'auto' | 'off';
  /** How batches are written. Default `msgpackCodec()`. */
  readonly codec?: Codec;
  /** Events in a message at most. Default `512`. */
  readonly maxBatchEvents?: number;
  /** Bytes of a message at most; below the server's `max_payload`. Default `1_000_000`. */
  readonly maxMessageBytes?: number;
  /** Events that wait for the server, also while it is away; what comes then is refused. Default `65_536`. */
  readonly maxPending?: number;
  /** Milliseconds that an event waits for the server to come back; then its publish fails. Default `5_000`. */
  readonly publishTimeoutMs?: number;
}

/** Options of a core NATS transport, checked and complete. */
export interface ResolvedCore extends Required<
  Pick<CoreNatsOptions, 'batching' | 'maxBatchEvents' | 'maxMessageBytes' | 'maxPending' | 'publishTimeoutMs'>
> {
  readonly nats: ResolvedNats;
  readonly codec: Codec | undefined;
}

const names: OptionNames<CoreNatsOptions> = {
  ...natsOptionNames,
  batching: true,
  codec: true,
  maxBatchEvents: true,
  maxMessageBytes: true,
  maxPending: true,
  publishTimeoutMs: true,
};

/** Checks what was asked for and fills in the defaults. @throws RangeError or TypeError that names the option. */
export function resolveCore(options: CoreNatsOptions): ResolvedCore {
  checkOptions('nats', options, names);
  const { batching = 'auto', codec, maxBatchEvents = 512, maxMessageBytes = 1_000_000 } = options;
  const { maxPending = 65_536, publishTimeoutMs = 5000 } = options;
  checkChoice('batching', batching, ['auto', 'off']);
  if (codec !== undefined) checkPort('codec', codec, ['encode', 'decode']);
  checkInteger('maxBatchEvents', maxBatchEvents, 1, 4096);
  checkInteger('maxMessageBytes', maxMessageBytes, 1024, 64 * 1024 * 1024);
  checkInteger('maxPending', maxPending, 1);
  checkNumber('publishTimeoutMs', publishTimeoutMs, 1);
  const events = batching === 'off' ? 1 : maxBatchEvents;
  const nats = resolveNatsOptions(options);
  return { batching, codec, maxBatchEvents: events, maxMessageBytes, maxPending, publishTimeoutMs, nats };
}

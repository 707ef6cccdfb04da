import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber } from '../options.ts';
import type { StoreFactory } from '../store.ts';
import { DurableTransport } from './durable-transport.ts';
import type { TransportFactory } from './transport.ts';

/** What a durable transport may choose. */
export interface DurableTransportOptions {
  /**
   * What a publish does when the store fails. `'fail'` (default): it is refused with StorageError. `'memory'`: its
   * events are delivered from memory at level `accepted`, and written, in order, when the store has recovered.
   */
  readonly onStorageFailure?: 'fail' | 'memory';
  /** Events held in memory meanwhile; further publishes are refused. Default `100_000`. */
  readonly maxHeldEvents?: number;
  /** Milliseconds between tries to write what is held. Default `1_000`. */
  readonly retryIntervalMs?: number;
  /** Milliseconds after which a subscription's place is written, at the latest. Default `100`. */
  readonly cursorIntervalMs?: number;
  /** Events kept in memory, the newest, for subscriptions that lag a little. Default `4_096`. */
  readonly recentEvents?: number;
}

const names: OptionNames<DurableTransportOptions> = {
  onStorageFailure: true,
  maxHeldEvents: true,
  retryIntervalMs: true,
  cursorIntervalMs: true,
  recentEvents: true,
};

/**
 * Carries events through a log: what a publish resolved for is kept, and no subscriber sees it before.
 *
 * Every event is appended, whoever subscribes; those of the bus itself are not. Subscriptions that keep up get events
 * from memory, others read the log, so a slow one neither loses events nor makes publishers wait. A subscription with
 * a name of its own keeps its place, at least once: after a crash what it handled within the last `cursorIntervalMs`
 * comes again. `lmdb({ path })` of `breakwater/lmdb` is this on disk.
 *
 * @throws RangeError, TypeError for options that make no sense; what the store throws when it is opened.
 */
export function durableTransport(
  store: StoreFactory,
  options: DurableTransportOptions = {},
): TransportFactory {
  checkOptions('durableTransport', options, names);
  const { onStorageFailure = 'fail', maxHeldEvents = 100_000 } = options;
  const { retryIntervalMs = 1_000, cursorIntervalMs = 100, recentEvents = 4_096 } = options;
  if (typeof store !== 'function') {
    throw new TypeError('durableTransport takes what memoryStore() or lmdbStore() gives');
  }
  checkChoice('onStorageFailure', onStorageFailure, ['fail', 'memory']);
  checkInteger('maxHeldEvents', maxHeldEvents, 1);
  checkNumber('retryIntervalMs', retryIntervalMs, 1);
  checkNumber('cursorIntervalMs', cursorIntervalMs, 0);
  checkInteger('recentEvents', recentEvents, 0, Number.MAX_SAFE_INTEGER);
  const resolved = { onStorageFailure, maxHeldEvents, retryIntervalMs, cursorIntervalMs, recentEvents };
  return (ports) => new DurableTransport(store(ports), resolved, ports);
}

import { checkOptions, givenOptions, type OptionNames } from '../streams/event/check-options.ts';
import type { LmdbStoreOptions } from './log/lmdb-options.ts';
import { lmdbStore } from './log/lmdb-store.ts';
import { durableTransport, type DurableTransportOptions } from './transport/durable.ts';
import type { TransportFactory } from './transport/transport.ts';

/** Where the log is, how safe it is, and what happens when it fails. */
export interface LmdbOptions extends LmdbStoreOptions, DurableTransportOptions {}

const names: OptionNames<LmdbOptions> = {
  path: true,
  sync: true,
  maxBytes: true,
  onStorageFailure: true,
  maxHeldEvents: true,
  retryIntervalMs: true,
  cursorIntervalMs: true,
  recentEvents: true,
};

/**
 * Carries events through a log on disk, without a server: `durableTransport(lmdbStore(…))`.
 *
 * A publish resolves at level `disk`: flushed, and safe against `kill -9` and a loss of power; with `sync: 'os'` at
 * level `os`. Publishes that come at one time share a flush. One process at a time may have the folder.
 *
 * @throws TypeError, RangeError for options that make no sense; StorageError when the bus opens it and cannot.
 *
 * @example
 * ```ts
 * const bus = createBus({ source: 'shop', transport: lmdb({ path: './events' }) });
 * ```
 */
export function lmdb(options: LmdbOptions): TransportFactory {
  checkOptions('lmdb', options, names);
  const { path, sync, maxBytes, ...delivery } = options;
  const store = {
    path,
    ...(sync === undefined ? {} : { sync }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
  return durableTransport(lmdbStore(store), givenOptions(delivery));
}

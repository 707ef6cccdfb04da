import { describeValue } from '../../streams/event/describe-value.ts';
import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { SyncMode } from './lmdb-databases.ts';

/** Where an LMDB store is, and how safe it is. */
export interface LmdbStoreOptions {
  /** The folder of its files; made if there is none. One process at a time may have it open. */
  readonly path: string;
  /**
   * What an append has reached when it resolves. Default `'group'`: it is flushed to the disk, together with
   * those that came at the same time. `'always'`: flushed in a transaction of its own. `'os'`: handed to the
   * operating system, and flushed soon after: outlives the process, but not a loss of power.
   */
  readonly sync?: SyncMode;
  /** Bytes of events at most; appends beyond fail with StorageError. Default: as much as the disk has. */
  readonly maxBytes?: number;
}

const names: OptionNames<LmdbStoreOptions> = { path: true, sync: true, maxBytes: true };

/** Checks the options and fills in the defaults. @throws TypeError, RangeError */
export function resolveLmdbOptions(options: LmdbStoreOptions): Required<LmdbStoreOptions> {
  checkOptions('lmdbStore', options, names);
  const { path, sync = 'group', maxBytes = Infinity } = options;
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path must name the folder of the store, got ${describeValue(path)}`);
  }
  checkChoice('sync', sync, ['always', 'group', 'os']);
  if (!(maxBytes >= 1)) {
    throw new RangeError(`maxBytes must be a number of bytes, 1 or more; got ${describeValue(maxBytes)}`);
  }
  return { path, sync, maxBytes };
}

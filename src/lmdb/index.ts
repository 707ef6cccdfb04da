export { lmdb, type LmdbOptions } from '../lmdb-transport.ts';
export type { SyncMode } from '../log/lmdb-databases.ts';
export type { LmdbStoreOptions } from '../log/lmdb-options.ts';
export { lmdbStore } from '../log/lmdb-store.ts';

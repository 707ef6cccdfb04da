import { open, type Database, type RootDatabase } from 'lmdb';
import { crc32 } from 'node:zlib';
import { emptyHead, formatVersion, openHead, type Head } from './lmdb-head.ts';
import { StorageError } from '../../streams/event/errors.ts';

/** When a write has reached what. See `lmdbStore`. */
export type SyncMode = 'always' | 'group' | 'os';

/** The databases of one store, in one file and so in one transaction. */
export interface Databases {
  readonly root: RootDatabase<Buffer, number>;
  /** Blocks of events by the position of their first. */
  readonly log: Database<Buffer, number>;
  /** Places of keys, correlation ids and types, by `indexKey`. */
  readonly index: Database<Buffer, number>;
  /** Types that ever came, each with its checksum. */
  readonly types: Database<Buffer, string>;
  /** Snapshots by number of the bucket and key. */
  readonly snapshots: Database<Buffer, Buffer>;
  /** Numbers of buckets by name. */
  readonly buckets: Database<Buffer, Buffer>;
  /** The head, twice, so that a damaged one does not shut out the rest. */
  readonly meta: Database<Buffer, string>;
}

/** Under which names the head is kept. */
export const headNames = ['head', 'head-again'] as const;

/** Opens the databases of a folder. What LMDB throws is passed on. */
export function openDatabases(path: string, sync: SyncMode, safeRestore: boolean): Databases {
  const settings = {
    path,
    encoding: 'binary',
    maxDbs: 8,
    permissionsMode: 0o600,
    // What was written, but not yet flushed, is not trusted after a crash: without this it may be pages of air.
    safeRestore,
    separateFlushed: sync === 'os',
  } as const;
  const root = open<Buffer, number>(settings);
  // LMDB makes one more promise of each transaction than it hands out: its failure must not end the process.
  root.on('beforecommit', () => void heed(root));
  const named = { encoding: 'binary' } as const;
  return {
    root,
    log: root.openDB<Buffer, number>('log', named),
    index: root.openDB<Buffer, number>('index', named),
    types: root.openDB<Buffer, string>('types', named),
    snapshots: root.openDB<Buffer, Buffer>('snapshots', { ...named, keyEncoding: 'binary' }),
    buckets: root.openDB<Buffer, Buffer>('buckets', { ...named, keyEncoding: 'binary' }),
    meta: root.openDB<Buffer, string>('meta', named),
  };
}

/** Waits for a transaction whose failure is told to those who wrote. It begins right after this is called. */
async function heed(root: RootDatabase<Buffer, number>): Promise<void> {
  await Promise.resolve();
  try {
    await root.committed;
  } catch {
    // Told elsewhere.
  }
}

/** Reads the head. @throws StorageError when both copies are damaged, or a newer version wrote it */
export function readHead({ meta, log }: Databases, path: string): Head {
  const copies = headNames.map((name) => meta.get(name));
  const head = copies.map((bytes) => openHead(bytes)).find((copy) => copy !== undefined);
  if (head === undefined) {
    const isNew = copies.every((bytes) => bytes === undefined) && log.getKeysCount({ limit: 1 }) === 0;
    if (isNew) return emptyHead;
    throw new StorageError(
      `the store at ${path} has lost its head: both copies are damaged. Its file is left as it is; restore it from a backup`,
    );
  }
  if (head.format > formatVersion) {
    throw new StorageError(
      `the store at ${path} has format ${head.format}; this version of breakwater knows ${formatVersion}. ` +
        'Open it with the version that wrote it, or a newer one',
    );
  }
  return head;
}

/** The value under which a type is kept. */
export function sealType(type: string): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(crc32(type));
  return bytes;
}

/** All types that ever came; undefined when one of them is damaged, so that nobody relies on them. */
export function readTypes({ types }: Databases): Set<string> | undefined {
  const found = new Set<string>();
  for (const { key, value } of types.getRange({})) {
    if (value.length !== 4 || value.readUInt32LE() !== crc32(key)) return undefined;
    found.add(key);
  }
  return found;
}

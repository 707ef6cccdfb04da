import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../streams/event/errors.ts';
import { type FolderLock, type FolderOwner, lockFolder } from './folder-lock.ts';
import { readHeader } from './lmdb-block.ts';
import { type Databases, headNames, openDatabases, readHead, type SyncMode } from './lmdb-databases.ts';
import type { Head } from './lmdb-head.ts';
import { probe, unreadable } from './lmdb-probe.ts';
import { checkDataFile, checkLast, readTestimony, Witness } from './lmdb-witness.ts';
import { makeFolder } from './make-folder.ts';
import { ownIdentity } from './process-identity.ts';
import { storageFailure } from './storage-failure.ts';

/** A store's files, open and checked. */
export interface OpenFiles {
  readonly databases: Databases;
  readonly head: Head;
  readonly witness: Witness;
  readonly lock: FolderLock;
}

/** Opens the files of a store: owner, file, databases, head and end of the log, in this order. @throws StorageError */
export function openFiles(path: string, sync: SyncMode): OpenFiles {
  prepareFolder(path);
  const lock = lockFolder(path, sync);
  try {
    return { ...openLocked(path, sync, lock), lock };
  } catch (error) {
    lock.release();
    throw error instanceof StorageError ? error : storageFailure('opening the store', path, error);
  }
}

function openLocked(path: string, sync: SyncMode, { crashed }: FolderLock): Omit<OpenFiles, 'lock'> {
  const testimony = readTestimony(path);
  checkDataFile(path, testimony);
  let safeRestore = !isTrustedUnflushed(crashed);
  if (crashed !== undefined) {
    let ended = probe(path, safeRestore);
    if (ended !== undefined && !safeRestore) {
      safeRestore = true;
      ended = probe(path, safeRestore);
    }
    if (ended !== undefined) throw unreadable(path, ended);
  }
  const databases = openDatabases(path, sync, safeRestore);
  try {
    const head = readHead(databases, path);
    if (!safeRestore) flush(databases);
    checkLast(path, head.last, testimony);
    checkTail(databases, head, path);
    const witness = new Witness(path);
    return { databases, head, witness };
  } catch (error) {
    void databases.root.close();
    throw error;
  }
}

/** What was given to the system outlives the process, flushed or not, as long as the system does. */
function isTrustedUnflushed(crashed: FolderOwner | undefined): boolean {
  return crashed?.use === 'os' && crashed.boot !== '' && crashed.boot === ownIdentity().boot;
}

/** Flushes what was found unflushed: who opens the store after this process trusts only what is. */
function flush({ root, meta }: Databases): void {
  const [name] = headNames;
  const bytes = meta.get(name);
  root.transactionSync(() => {
    if (bytes !== undefined) meta.putSync(name, bytes);
  });
}

function prepareFolder(path: string): void {
  try {
    // The process's mask may have left less than asked for, never more; a folder that was there keeps its rights.
    if (makeFolder(path)) chmodSync(path, 0o700);
  } catch (error) {
    throw storageFailure('making the folder of the store', path, error);
  }
}

/** The last block must be there: without it the file lost its end, though its head was kept. */
function checkTail({ log }: Databases, { tail, last }: Head, path: string): void {
  if (tail === undefined) return;
  const [first, crc] = tail;
  const bytes = log.get(first);
  if (bytes === undefined) {
    throw new StorageError(
      `the log at ${join(path, 'data.mdb')} says that it goes to position ${last}, but what should stand at ${first} is ` +
        'gone. The file is left as it is: restore it from a backup',
    );
  }
  // A last block that is damaged shows up as a fault to who reads it; the rest is as good as ever.
  if (typeof readHeader(first, bytes) === 'string') return;
  if (bytes.readUInt32LE(4) !== crc) {
    throw new StorageError(
      `the log at ${path} ends with another block than its head says: files of two stores are mixed`,
    );
  }
}

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../streams/event/errors.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { storageFailure } from './storage-failure.ts';

/** Who owns a folder, and what it said of how it uses it. */
export interface FolderOwner extends ProcessIdentity {
  readonly use: string;
}

/** What a folder that is owned says of its owner. */
export interface FolderLock {
  /** The owner before, if it did not let go of the folder. */
  readonly crashed: FolderOwner | undefined;
  /** Lets go of the folder. */
  release(): void;
}

const maxTries = 5;

/** Tells apart what this process writes. */
let lockCount = 0;

/**
 * Makes this process the one owner of a folder, by a file that names it.
 *
 * `use` is kept for whoever finds the file after a crash. A file whose process is gone is taken over. Cannot see processes of other machines, nor of containers with
 * process numbers of their own: those must not share a folder.
 *
 * @throws StorageError that names the process that owns it
 */
export function lockFolder(path: string, use: string): FolderLock {
  const file = join(path, 'owner.json');
  const mine = join(path, `owner-${process.pid}-${lockCount++}.json`);
  const text = JSON.stringify({ ...ownIdentity(), use });
  let crashed: FolderOwner | undefined;
  try {
    writeFileSync(mine, text, { mode: 0o600 });
  } catch (error) {
    throw storageFailure('opening the store', path, error);
  }
  try {
    for (let tries = 0; tries < maxTries; tries += 1) {
      if (claim(mine, file)) return { crashed, release: () => release(file, text) };
      crashed = removeStale(file, path) ?? crashed;
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new StorageError(`the store at ${path} is being opened by several processes at once; try again`);
}

/** A link is made by one process alone, and with all that is in the file. */
function claim(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'EEXIST') return false;
    throw storageFailure('opening the store', file, error);
  }
}

/** Takes a file out of the way whose process is gone, and gives that. @throws StorageError when it is there */
function removeStale(file: string, path: string): FolderOwner | undefined {
  const found = readOwner(file);
  if (found === undefined) return undefined;
  if (found.owner !== undefined && isRunning(found.owner)) {
    const { pid } = found.owner;
    throw new StorageError(
      pid === process.pid
        ? `the store at ${path} is open in this process already (${pid}). Close it first, or share it`
        : `the store at ${path} is in use by process ${pid}. One process writes a log: stop that one, or give ` +
            `this one a path of its own. If ${pid} has nothing to do with it, remove ${file}`,
    );
  }
  // Two processes may have read the same stale file: who moves a fresh one out of the way puts it back.
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') === found.text) rmSync(aside);
    else linkSync(aside, file);
  } catch {
    // The other process was faster; the next try sees what it left.
  } finally {
    rmSync(aside, { force: true });
  }
  return found.owner ?? { pid: 0, boot: '', started: '', use: '' };
}

function readOwner(
  file: string,
): { readonly text: string; readonly owner: FolderOwner | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { pid, boot, started, use = '' } = JSON.parse(text) as Partial<FolderOwner>;
    if (pid === undefined || boot === undefined || started === undefined) return { text, owner: undefined };
    return { text, owner: { pid, boot, started, use } };
  } catch {
    // A crash may leave half a file; its process did not live to use the folder.
    return { text, owner: undefined };
  }
}

function release(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) rmSync(file);
  } catch {
    // It is gone already, or cannot be removed: then the next owner takes it for a crash and looks closer.
  }
}

import { accessSync, constants, lstatSync } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError } from '../../streams/event/errors.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { makeFolder } from './make-folder.ts';

/**
 * The files of an archive, as a port: a test may fail any of its steps.
 *
 * Names are plain file names. What `create` and `rename` did is on disk once `sync` of the folder resolved.
 */
export interface ArchiveFiles {
  /** Where they are, for messages. */
  readonly folder: string;
  list(): Promise<readonly string[]>;
  /** Writes a new file and has it on disk; fails when there is one of that name. */
  create(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Has the names of the folder on disk. */
  sync(): Promise<void>;
  /** Bytes of a file. @throws when there is none */
  size(name: string): Promise<number>;
  read(name: string, offset: number, length: number): Promise<Buffer>;
  remove(name: string): Promise<void>;
}

/**
 * Opens the folder of an archive, and makes it where there is none: mode 0700, its files 0600.
 *
 * @throws StorageError when it is no folder, a link, or cannot be written
 */
export function openArchiveFolder(folder: string): ArchiveFiles {
  prepare(folder);
  return {
    folder,
    list: () => readdir(folder),
    create: (name, pieces) => create(join(folder, name), pieces),
    rename: (from, to) => rename(join(folder, from), join(folder, to)),
    sync: () => syncFolder(folder),
    size: async (name) => (await stat(join(folder, name))).size,
    read: (name, offset, length) => read(join(folder, name), offset, length),
    remove: (name) => unlink(join(folder, name)),
  };
}

function prepare(folder: string): void {
  const refuse = (fault: string, cause?: unknown): never => {
    throw new StorageError(`the archive folder ${JSON.stringify(folder)} ${fault}`, { cause });
  };
  try {
    makeFolder(folder);
  } catch (error) {
    refuse(`cannot be made: ${describeError(error)}. Name a folder, or a place where one can be made`, error);
  }
  const found = lstatSync(folder);
  // Who may change a link decides where events go. The folder that it names can be named itself.
  if (found.isSymbolicLink()) refuse('is a symbolic link. Name the folder that it points to');
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    refuse('cannot be read and written by this process. Give it the rights, or name another', error);
  }
}

async function create(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    // One write after the other until all is written, which `writev` does not promise on a disk that fills up.
    await file.writeFile(Buffer.concat(pieces));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function read(path: string, offset: number, length: number): Promise<Buffer> {
  // A link in the place of a segment is none of ours.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const room = Math.max(0, Math.min(length, (await file.stat()).size - offset));
    const bytes = Buffer.allocUnsafe(room);
    let filled = 0;
    while (filled < room) {
      const { bytesRead } = await file.read(bytes, filled, room - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

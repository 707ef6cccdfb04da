import { statfsSync } from 'node:fs';
import { describeError } from '../../streams/event/describe-error.ts';
import { StorageError } from '../../streams/event/errors.ts';

/** Below this much room a failed write is taken for a full disk: LMDB reports that as an I/O error. */
const hardlyAny = 1_048_576;

/** Makes the error for a failure of the disk: what failed, where, and what to do about it. */
export function storageFailure(what: string, path: string, cause: unknown): StorageError {
  return new StorageError(`${what} at ${path} failed: ${reasonFor(path, cause)}`, { cause });
}

function reasonFor(path: string, cause: unknown): string {
  const text = describeError(cause);
  const code = String(Reflect.get(Object(cause), 'code') ?? '');
  const says = (name: string, words: RegExp): boolean => code === name || words.test(text);
  if (says('EROFS', /read-only file system/iu)) return 'its file system is read-only. Mount it for writing';
  if (says('EACCES', /permission denied/iu) || code === 'EPERM') {
    return `the process may not write there. Give it the rights, or another path (${text})`;
  }
  const room = roomAt(path);
  if (says('ENOSPC', /no space left/iu) || (room !== undefined && room < hardlyAny)) {
    return `its disk is full, ${room ?? 0} bytes are free. Free some space; writing goes on by itself then`;
  }
  if (says('EIO', /input\/output error/iu) || code === '5') {
    return `its disk reports an I/O error. Check the disk, then open the store again (${text})`;
  }
  return text;
}

function roomAt(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

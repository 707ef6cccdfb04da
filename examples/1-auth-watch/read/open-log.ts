import { open, type FileHandle } from 'node:fs/promises';
import { describeReadFailure, InputError } from './input-error.ts';

/** Opens a log for reading; anything but a file that can be read becomes a clear {@link InputError}. */
export async function openLog(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    // A directory can be opened; it fails only later, with words that do not name it.
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw new InputError(`cannot read ${path}: it is a directory`);
    }
    return handle;
  } catch (error) {
    throw error instanceof InputError ? error : describeReadFailure(path, error);
  }
}

import { open, stat, type FileHandle } from 'node:fs/promises';
import { watchForChanges } from './change-watcher.ts';
import { InputError } from './input-error.ts';
import { isGzip } from './gunzip.ts';
import { openLog } from './open-log.ts';

/** Stands between the last byte of one file and the first of the one that took its place. */
export const fileEnd = Symbol('end of file');

export interface FollowOptions {
  /** Milliseconds between two looks at the file where the system tells of no change. Default `500`. */
  readonly pollMs?: number;
}

interface Position {
  readonly handle: FileHandle;
  offset: number;
  /** The bytes just before `offset`: when they differ, what was read has been overwritten. */
  tail: Buffer;
}

const chunkBytes = 64 * 1024;
const tailBytes = 64;

/**
 * Reads a log from its start and then what is appended to it, until `signal` says to stop.
 *
 * Goes with both ways of rotation. Renamed and created anew: the old file is read to its end and left once the
 * new one has content, because only then has its writer moved on. Copied and truncated: reading starts over.
 */
export async function* followFile(
  path: string,
  signal: AbortSignal,
  options: FollowOptions = {},
): AsyncGenerator<Buffer | typeof fileEnd> {
  const { pollMs = 500 } = options;
  let position = startOf(await openLog(path));
  const watcher = watchForChanges(path, pollMs, signal);
  try {
    if (isGzip(await readHead(position.handle)))
      throw new InputError(`cannot follow ${path}: it is a gzip file`);
    for (;;) {
      yield* readNew(position);
      const successor = await openSuccessor(path, position.handle);
      if (successor !== undefined) {
        // Between the last read and the switch the writer may have appended.
        yield* readNew(position);
        yield fileEnd;
        await position.handle.close();
        position = startOf(successor);
        continue;
      }
      if (signal.aborted) return;
      await watcher.changed();
    }
  } finally {
    watcher.close();
    await position.handle.close();
  }
}

function startOf(handle: FileHandle): Position {
  return { handle, offset: 0, tail: Buffer.alloc(0) };
}

async function readHead(handle: FileHandle): Promise<Buffer> {
  const head = Buffer.alloc(2);
  await handle.read(head, 0, 2, 0);
  return head;
}

/** Reads what the file holds at the moment of the call, so that a busy writer cannot keep it going. */
async function* readNew(position: Position): AsyncGenerator<Buffer | typeof fileEnd> {
  const { size } = await position.handle.stat();
  if (await wasTruncated(position)) {
    yield fileEnd;
    position.offset = 0;
    position.tail = Buffer.alloc(0);
  }
  while (position.offset < size) {
    const wanted = Math.min(chunkBytes, size - position.offset);
    const { bytesRead, buffer } = await position.handle.read(
      Buffer.allocUnsafe(wanted),
      0,
      wanted,
      position.offset,
    );
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    position.offset += bytesRead;
    position.tail = Buffer.concat([position.tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    yield chunk;
  }
}

/** A file that was truncated may have grown beyond the old size since: its bytes tell, not its size. */
async function wasTruncated({ handle, offset, tail }: Position): Promise<boolean> {
  if (tail.length === 0) return false;
  const now = Buffer.alloc(tail.length);
  const { bytesRead } = await handle.read(now, 0, now.length, offset - tail.length);
  return bytesRead < tail.length || !now.equals(tail);
}

/** Opens the file that has taken the place of `current` under `path`, if there is one with content. */
async function openSuccessor(path: string, current: FileHandle): Promise<FileHandle | undefined> {
  try {
    const [there, here] = await Promise.all([stat(path), current.stat()]);
    if ((there.ino === here.ino && there.dev === here.dev) || !there.isFile() || there.size === 0)
      return undefined;
    return await open(path, 'r');
  } catch {
    // Between rename and creation there is no file; it will be looked for again.
    return undefined;
  }
}

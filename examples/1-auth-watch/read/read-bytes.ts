import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { describeReadFailure, InputError } from './input-error.ts';
import { gunzip, isGzip } from './gunzip.ts';
import { openLog } from './open-log.ts';

const chunkBytes = 64 * 1024;

/** Reads a whole log, plain or gzip. Stops early, without an error, when `signal` says so. */
export async function* readFileBytes(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await openLog(path);
  try {
    yield* unpack(readHandle(handle, path, signal), path);
  } catch (error) {
    // Gzip that was not read to its end looks truncated.
    if (!signal.aborted) throw error;
  } finally {
    await handle.close();
  }
}

/** Reads standard input, plain or gzip, until its end or until `signal` says so. */
export async function* readStdinBytes(
  stdin: NodeJS.ReadStream & { readonly fd?: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const name = 'standard input';
  const stop = (): void => void stdin.destroy();
  // Node reads a directory as an empty stream.
  if (typeof stdin.fd === 'number' && fstatSync(stdin.fd).isDirectory()) {
    throw new InputError(`cannot read ${name}: it is a directory`);
  }
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* unpack(stdin as AsyncIterable<Buffer>, name);
  } catch (error) {
    // Destroying a stream that is being read is how reading is stopped, not a failure of it.
    if (signal.aborted) return;
    throw (error as { syscall?: string }).syscall === undefined ? error : describeReadFailure(name, error);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function* readHandle(handle: FileHandle, path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  while (!signal.aborted) {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null).catch((error: unknown) => {
      throw describeReadFailure(path, error);
    });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Looks at the first two bytes to tell gzip from text, whatever the name says. */
async function* unpack(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  yield* isGzip(head) ? gunzip(whole(), name) : whole();
}

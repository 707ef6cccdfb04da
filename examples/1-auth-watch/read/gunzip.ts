import { createGunzip } from 'node:zlib';
import { InputError } from './input-error.ts';

// One chunk of gzip can hold a thousand times its size: small ones bound the memory that a hostile file takes.
const inputBytes = 16 * 1024;

/** Whether bytes start with the magic bytes of gzip. */
export function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Unpacks gzip, several members in a row included.
 *
 * What could be unpacked of a damaged or truncated file is given out before the {@link InputError}. A pipe
 * of streams would drop it, because a stream that fails throws its buffer away.
 */
export async function* gunzip(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const unpacker = createGunzip({ chunkSize: 64 * 1024 });
  let unpacked: Buffer[] = [];
  let failure: NodeJS.ErrnoException | undefined;
  let wake = (): void => {};
  unpacker.on('data', (chunk: Buffer) => unpacked.push(chunk));
  // An unpacker that fails forgets the callback of the write that it was busy with.
  unpacker.on('error', (error) => {
    failure = error;
    wake();
  });
  const take = (): Buffer[] => {
    const taken = unpacked;
    unpacked = [];
    return taken;
  };

  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length && failure === undefined; start += inputBytes) {
        const part = chunk.subarray(start, start + inputBytes);
        await new Promise<void>((resolve) => {
          wake = resolve;
          unpacker.write(part, () => resolve());
        });
        yield* take();
      }
      if (failure !== undefined) break;
    }
    if (failure === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        unpacker.once('end', resolve);
        unpacker.end();
      });
      yield* take();
    }
  } finally {
    unpacker.destroy();
  }
  if (failure !== undefined) throw describeDamage(name, failure);
}

function describeDamage(name: string, failure: NodeJS.ErrnoException): InputError {
  const truncated = failure.code === 'Z_BUF_ERROR';
  const what = truncated ? 'the gzip data ends too early' : 'the gzip data is damaged';
  return new InputError(`${name} is not complete: ${what}`, failure);
}

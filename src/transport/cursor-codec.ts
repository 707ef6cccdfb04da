import { StorageError } from '../../streams/event/errors.ts';
import type { CursorRecord } from './cursor.ts';

const version = 1;
/** Seven bytes of seven bits hold 49 bits of a position, eight hold all that a number can count. */
const longest = 8;

/** Writes a cursor: a version, then numbers of seven bits a byte, positions as steps from the one before. */
export function encodeCursor({ position, open, ahead }: CursorRecord): Uint8Array {
  const bytes: number[] = [version];
  put(bytes, position);
  put(bytes, open.length);
  let before = 0;
  for (const place of open) {
    put(bytes, place.position - before);
    put(bytes, place.failed);
    before = place.position;
  }
  put(bytes, ahead.length);
  before = position;
  for (const place of ahead) {
    put(bytes, place - before);
    before = place;
  }
  return Uint8Array.from(bytes);
}

/** Reads what `encodeCursor` wrote. @throws StorageError that names the subscription */
export function decodeCursor(name: string, bytes: Uint8Array): CursorRecord {
  const fail = (why: string): never => {
    throw new StorageError(`the place of subscription ${name} cannot be read: ${why}`);
  };
  if (bytes[0] !== version) fail(`its version is ${bytes[0] ?? 'missing'}, and ${version} is known here`);
  let at = 1;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < longest; count += 1) {
      const byte = bytes[at] ?? fail('it ends too early');
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return fail('a number is too long');
  };
  const position = next();
  let before = 0;
  const open = Array.from({ length: count(next(), bytes, fail) }, () => {
    before += next();
    return { position: before, failed: next() };
  });
  before = position;
  const ahead = Array.from({ length: count(next(), bytes, fail) }, () => (before += next()));
  if (at !== bytes.length) fail('it is longer than it says');
  return { position, open, ahead };
}

function put(bytes: number[], value: number): void {
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
}

/** Each entry takes a byte at least: no length may claim memory that its bytes do not back. */
function count(length: number, bytes: Uint8Array, fail: (why: string) => never): number {
  return length <= bytes.length ? length : fail('it counts more entries than it has bytes');
}

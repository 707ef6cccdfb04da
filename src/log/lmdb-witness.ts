import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StorageError } from '../../streams/event/errors.ts';

const dataName = 'data.mdb';
const witnessName = 'head.bin';
const size = 32;
/** `BWH1`, little end first. */
const magic = 0x31485742;

/** Where the first page of LMDB has its magic number, and where its fields end. */
const magicAt = 24;
const metaEnd = 176;

/** What is known of the data file from outside it. */
export interface Testimony {
  /** The highest position that was on the disk. */
  readonly last: number;
  /** How long the data file was. */
  readonly dataBytes: number;
}

/**
 * Keeps beside the data file how far it went.
 *
 * LMDB notices neither that its file was cut off, nor that it was emptied or replaced by an older copy; this does.
 * Written after commits, not after each, and not flushed: it may lag behind the data, but never leads.
 */
export class Witness {
  readonly #file: number;
  readonly #data: number;
  readonly #bytes = Buffer.alloc(size);

  constructor(path: string) {
    const file = join(path, witnessName);
    // Opened for writing in place: made first where there is none, for that way does not make it.
    closeSync(openSync(file, 'a', 0o600));
    this.#file = openSync(file, 'r+');
    this.#data = openSync(join(path, dataName), 'r');
  }

  /** All up to here is on the disk. */
  record(last: number): void {
    const bytes = this.#bytes;
    bytes.writeUInt32LE(magic, 0);
    bytes.writeDoubleLE(last, 8);
    bytes.writeDoubleLE(fstatSync(this.#data).size, 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
    writeSync(this.#file, bytes, 0, size, 0);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#data);
  }
}

/** What the witness of a folder says; undefined when there is none that can be read. */
export function readTestimony(path: string): Testimony | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(path, witnessName));
  } catch {
    return undefined;
  }
  if (bytes.length < size || bytes.readUInt32LE(0) !== magic) return undefined;
  if (crc32(bytes.subarray(8, size)) !== bytes.readUInt32LE(4)) return undefined;
  return { last: bytes.readDoubleLE(8), dataBytes: bytes.readDoubleLE(16) };
}

/** Refuses a log that ends before it once did. @throws StorageError */
export function checkLast(path: string, last: number, testimony: Testimony | undefined): void {
  if (testimony === undefined || last >= testimony.last) return;
  throw new StorageError(
    `the log at ${path} ends at position ${last}, but events up to ${testimony.last} were on the disk: its file was ` +
      `replaced by an older one. Restore it, or remove ${join(path, witnessName)} to go on with what is there`,
  );
}

/**
 * Looks at the data file before LMDB maps it: what is no database, or too short, would end the process.
 *
 * @throws StorageError that says what is wrong with it
 */
export function checkDataFile(path: string, testimony: Testimony | undefined): void {
  const file = join(path, dataName);
  const found = readStart(file);
  if (found === undefined || found.bytes === 0) {
    if (testimony === undefined || testimony.last === 0) return;
    const what = found === undefined ? 'is gone' : 'is empty';
    throw damaged(file, `${what}, but events up to position ${testimony.last} were in it`);
  }
  if (!isDatabase(found.start)) throw damaged(file, 'is no database of LMDB');
  if (testimony !== undefined && found.bytes < testimony.dataBytes) {
    throw damaged(
      file,
      `has ${found.bytes} bytes of ${testimony.dataBytes}: it was cut off, or replaced by an older one`,
    );
  }
}

function damaged(file: string, what: string): StorageError {
  return new StorageError(`${file} ${what}. It is left as it is: restore it from a backup, or move it away`);
}

function readStart(file: string): { readonly bytes: number; readonly start: Buffer } | undefined {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size: bytes } = fstatSync(handle);
    const start = Buffer.alloc(metaEnd);
    return { bytes, start: start.subarray(0, readSync(handle, start, 0, metaEnd, 0)) };
  } finally {
    closeSync(handle);
  }
}

/** Whether the first page is one that LMDB begins its files with: magic number, then the version of its data. */
function isDatabase(start: Buffer): boolean {
  if (start.length < metaEnd) return false;
  return start.readUInt32LE(magicAt) === 0xbeefc0de && (start.readUInt32LE(magicAt + 4) & 0xffff) === 2;
}

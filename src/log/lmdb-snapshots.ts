import { crc32 } from 'node:zlib';
import { describeValue } from '../../streams/event/describe-value.ts';
import { StorageError } from '../../streams/event/errors.ts';
import type { Snapshot, SnapshotEntry, SnapshotListOptions, SnapshotWrite } from '../snapshot-store.ts';
import { checkAddress, checkName, checkWrite, resolveList } from './check-write.ts';
import type { Databases } from './lmdb-databases.ts';

/** A snapshot's value: CRC-32 of its key and of all that follows (u32), its revision (f64), then its bytes. */
const headerBytes = 12;

/** A write whose value has been copied, with room before it for what is known only when it is done. */
export interface PreparedWrite {
  readonly bucket: string;
  readonly key: string;
  readonly sealed: Buffer | undefined;
  readonly expected: number | undefined;
}

/** Checks a write and copies its value. @throws TypeError, RangeError */
export function prepareWrite(write: SnapshotWrite): PreparedWrite {
  checkWrite(write);
  const { bucket, key, value, expected } = write;
  if (value === undefined) return { bucket, key, sealed: undefined, expected };
  const sealed = Buffer.allocUnsafe(headerBytes + value.length);
  sealed.set(value, headerBytes);
  return { bucket, key, sealed, expected };
}

/** Fills in what a sealed value begins with. */
export function finishValue(sealed: Buffer, address: Buffer, revision: number): void {
  sealed.writeDoubleLE(revision, 4);
  sealed.writeUInt32LE(checksum(address, sealed), 0);
}

function checksum(address: Buffer, sealed: Buffer): number {
  return crc32(sealed.subarray(4), crc32(address));
}

/** Under which key a snapshot stands: the number of its bucket, big end first, then its own key. */
export function snapshotAddress(bucket: number, key: string): Buffer {
  const address = Buffer.allocUnsafe(4 + Buffer.byteLength(key));
  address.writeUInt32BE(bucket);
  address.write(key, 4);
  return address;
}

/** The value under which a bucket's number is kept: CRC-32 of name and number, then the number. */
export function sealBucket(name: Buffer, bucket: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32LE(bucket, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(4), crc32(name)), 0);
  return bytes;
}

/** Reads snapshots as they have been committed. */
export class SnapshotReader {
  readonly #databases: Databases;
  readonly #path: string;
  /** Numbers of buckets that are committed. */
  readonly #buckets = new Map<string, number>();

  constructor(databases: Databases, path: string) {
    this.#databases = databases;
    this.#path = path;
  }

  /** The number of a bucket; undefined when nothing was ever written to it. @throws StorageError */
  bucketNumber(name: string): number | undefined {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const key = Buffer.from(name);
    const bytes = this.#databases.buckets.get(key);
    if (bytes === undefined) return undefined;
    const number = bytes.length === 8 ? bytes.readUInt32LE(4) : 0;
    if (!sealBucket(key, number).equals(bytes))
      throw this.#damaged(`the number of bucket ${describeValue(name)}`);
    this.#buckets.set(name, number);
    return number;
  }

  read(bucket: string, key: string): Snapshot | undefined {
    checkAddress(bucket, key);
    const number = this.bucketNumber(bucket);
    if (number === undefined) return undefined;
    const address = snapshotAddress(number, key);
    const sealed = this.#databases.snapshots.get(address);
    return sealed === undefined ? undefined : this.#open(address, sealed);
  }

  /** The revision of a key; 0 when it does not exist. */
  revision(address: Buffer): number {
    const sealed = this.#databases.snapshots.get(address);
    return sealed === undefined ? 0 : this.#open(address, sealed).revision;
  }

  list(bucket: string, options: SnapshotListOptions | undefined): SnapshotEntry[] {
    checkName('bucket', bucket);
    const { prefix, after, limit } = resolveList(options);
    const number = this.bucketNumber(bucket);
    if (number === undefined) return [];
    const low = snapshotAddress(number, prefix);
    const last = snapshotAddress(number, after);
    const fromAfter = after !== '' && Buffer.compare(last, low) >= 0;
    const entries: SnapshotEntry[] = [];
    const range = {
      start: fromAfter ? last : low,
      end: snapshotAddress(number + 1, ''),
      exclusiveStart: fromAfter,
    };
    for (const { key, value } of this.#databases.snapshots.getRange(range)) {
      if (entries.length >= limit || !key.subarray(0, low.length).equals(low)) break;
      entries.push({ key: key.toString('utf8', 4), ...this.#open(key, value) });
    }
    return entries;
  }

  #open(address: Buffer, sealed: Buffer): Snapshot {
    if (sealed.length < headerBytes || checksum(address, sealed) !== sealed.readUInt32LE(0)) {
      throw this.#damaged(`the snapshot ${describeValue(address.toString('utf8', 4))}`);
    }
    return { value: new Uint8Array(sealed.subarray(headerBytes)), revision: sealed.readDoubleLE(4) };
  }

  #damaged(what: string): StorageError {
    return new StorageError(
      `${what} in the store at ${this.#path} is damaged: its bytes are not those that were written. ` +
        'Remove it and build it anew from its events, or restore the file',
    );
  }
}

import { describeValue } from '../../streams/event/describe-value.ts';
import { ConflictError, StorageError } from '../../streams/event/errors.ts';
import type { Snapshot, SnapshotEntry, SnapshotListOptions, SnapshotWrite } from '../snapshot-store.ts';
import { checkAddress, checkName, checkWrite, resolveList } from './check-write.ts';
import { compareKeys } from './key-order.ts';

/** The keys of a bucket. */
class Bucket {
  readonly entries = new Map<string, Snapshot>();
  #sorted: string[] | undefined;

  set(key: string, snapshot: Snapshot): void {
    if (!this.entries.has(key)) this.#sorted = undefined;
    this.entries.set(key, snapshot);
  }

  delete(key: string): void {
    if (this.entries.delete(key)) this.#sorted = undefined;
  }

  /** All keys in order. Sorted anew when one came or went since. */
  get sorted(): readonly string[] {
    this.#sorted ??= [...this.entries.keys()].toSorted(compareKeys);
    return this.#sorted;
  }
}

/** States in memory, with one counter that gives every write a revision of its own. */
export class MemorySnapshots {
  readonly #maxSnapshots: number;
  readonly #buckets = new Map<string, Bucket>();
  #size = 0;
  #revision = 0;

  constructor(maxSnapshots: number) {
    this.#maxSnapshots = maxSnapshots;
  }

  read(bucket: string, key: string): Snapshot | undefined {
    checkAddress(bucket, key);
    const found = this.#buckets.get(bucket)?.entries.get(key);
    return found === undefined ? undefined : { value: found.value.slice(), revision: found.revision };
  }

  list(bucket: string, options: SnapshotListOptions | undefined): SnapshotEntry[] {
    checkName('bucket', bucket);
    const { prefix, after, limit } = resolveList(options);
    const found = this.#buckets.get(bucket);
    if (found === undefined) return [];
    const keys = found.sorted;
    const entries: SnapshotEntry[] = [];
    for (let at = firstAfter(keys, after, prefix); at < keys.length && entries.length < limit; at += 1) {
      const key = keys[at] ?? '';
      const snapshot = found.entries.get(key);
      if (snapshot === undefined || !key.startsWith(prefix)) break;
      entries.push({ key, value: snapshot.value.slice(), revision: snapshot.revision });
    }
    return entries;
  }

  /** Refuses writes of which one cannot be done, before any is. @throws ConflictError, StorageError, TypeError */
  check(writes: readonly SnapshotWrite[]): void {
    // What the writes before in this same commit make of a key: its revision if all is done, 0 if it is removed.
    const pending = new Map<string, number>();
    let [revision, size] = [this.#revision, this.#size];
    for (const write of writes) {
      checkWrite(write);
      const { bucket, key, value, expected } = write;
      const address = JSON.stringify([bucket, key]);
      const now = pending.get(address) ?? this.#buckets.get(bucket)?.entries.get(key)?.revision ?? 0;
      if (expected !== undefined && expected !== now) throw conflict(bucket, key, expected, now);
      revision += 1;
      size += Number(value !== undefined) - Number(now > 0);
      pending.set(address, value === undefined ? 0 : revision);
    }
    if (size > this.#maxSnapshots && size > this.#size) {
      throw new StorageError(
        `the memory store has ${this.#size} snapshots; ${size} would be more than maxSnapshots, ${this.#maxSnapshots}. ` +
          'Remove some, raise maxSnapshots, or keep them on disk with lmdbStore',
      );
    }
  }

  /** Does writes that were checked, and gives their revisions. */
  apply(writes: readonly SnapshotWrite[]): number[] {
    return writes.map(({ bucket, key, value }) => {
      this.#revision += 1;
      this.#put(bucket, key, value);
      return this.#revision;
    });
  }

  #put(name: string, key: string, value: Uint8Array | undefined): void {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets.set(name, bucket);
    }
    const before = bucket.entries.size;
    // Copied: what the caller does with its bytes afterwards must not change what was written.
    if (value === undefined) bucket.delete(key);
    else bucket.set(key, { value: new Uint8Array(value), revision: this.#revision });
    this.#size += bucket.entries.size - before;
    if (bucket.entries.size === 0) this.#buckets.delete(name);
  }
}

/** The error for a revision that does not hold. */
export function conflict(bucket: string, key: string, expected: number, now: number): ConflictError {
  const what = `snapshot ${describeValue(key)} of ${describeValue(bucket)}`;
  const [should, is] = [expected, now].map((revision) =>
    revision === 0 ? 'absent' : `at revision ${revision}`,
  );
  return new ConflictError(`${what} is ${is}, not ${should} as expected: read it again and decide anew`);
}

function firstAfter(keys: readonly string[], after: string, prefix: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = keys[middle] ?? '';
    const before = (after !== '' && compareKeys(key, after) <= 0) || compareKeys(key, prefix) < 0;
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}

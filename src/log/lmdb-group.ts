import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { ConflictError, StorageError } from '../../streams/event/errors.ts';
import { type SealedBlock, sealBlocks } from './lmdb-block.ts';
import { type Databases, headNames, sealType } from './lmdb-databases.ts';
import { type Head, sealHead } from './lmdb-head.ts';
import type { IndexEntry } from './lmdb-segment.ts';
import {
  finishValue,
  type PreparedWrite,
  sealBucket,
  snapshotAddress,
  type SnapshotReader,
} from './lmdb-snapshots.ts';
import { conflict } from './memory-snapshots.ts';

/** One write to a database, to be done when all of the group are known. */
type Put = () => Promise<boolean>;

const nothing: readonly never[] = [];

/** Commits that share one transaction: what they make of the store, worked out before anything is written. */
export class Group {
  readonly #databases: Databases;
  readonly #snapshots: SnapshotReader;
  readonly #puts: Put[] = [];
  /** Revisions that keys have once this is written; 0 for those that are removed. */
  readonly #revisions = new Map<string, number>();
  readonly #newBuckets = new Map<string, number>();
  readonly #events: EventEnvelope[] = [];
  readonly #before: Head;
  #revision: number;
  #buckets: number;

  constructor(databases: Databases, snapshots: SnapshotReader, head: Head) {
    this.#databases = databases;
    this.#snapshots = snapshots;
    this.#before = head;
    this.#revision = head.revision;
    this.#buckets = head.buckets;
  }

  get events(): readonly EventEnvelope[] {
    return this.#events;
  }

  /** Adds events, and gives the position of the first. */
  append(events: readonly EventEnvelope[]): number {
    const first = this.#before.last + this.#events.length + 1;
    for (const event of events) this.#events.push(event);
    return first;
  }

  /** Adds writes that belong together and gives their revisions, or what speaks against them: then none is added. */
  write(writes: readonly PreparedWrite[]): readonly number[] | ConflictError | StorageError {
    if (writes.length === 0) return nothing;
    const found = this.#expectationsOf(writes);
    return found ?? writes.map((write) => this.#write(write));
  }

  /** The head and all that is to be written once the events are sealed. @throws UnwritableEvent */
  seal(appendedAt: number): { readonly head: Head; readonly blocks: readonly SealedBlock[] } {
    const before = this.#before;
    const blocks = sealBlocks(before.last + 1, appendedAt, this.#events);
    const { log } = this.#databases;
    let { bytes } = before;
    for (const block of blocks) {
      bytes += block.bytes.length;
      this.#puts.push(() => log.put(block.first, block.bytes));
    }
    const tail = blocks.at(-1);
    const head: Head = {
      ...before,
      commits: before.commits + 1,
      last: before.last + this.#events.length,
      count: before.count + this.#events.length,
      bytes,
      time: this.#events.length === 0 ? before.time : appendedAt,
      revision: this.#revision,
      buckets: this.#buckets,
      tail: tail === undefined ? before.tail : [tail.first, tail.crc],
    };
    return { head, blocks };
  }

  /** Adds what the index gets. */
  index(entries: readonly IndexEntry[], types: readonly string[]): void {
    const { index, types: known } = this.#databases;
    for (const { key, bytes } of entries) this.#puts.push(() => index.put(key, bytes));
    for (const type of types) this.#puts.push(() => known.put(type, sealType(type)));
  }

  /** Whether there is anything to write. */
  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#puts.length === 0;
  }

  /** Hands everything to LMDB within this turn, which makes it one transaction. */
  issue(head: Head): Promise<boolean>[] {
    return issuePuts(this.#databases, head, this.#puts);
  }

  #expectationsOf(writes: readonly PreparedWrite[]): ConflictError | StorageError | undefined {
    let revision = this.#revision;
    const own = new Map<string, number>();
    for (const { bucket, key, sealed, expected } of writes) {
      revision += 1;
      const name = nameOf(bucket, key);
      if (expected !== undefined) {
        const now = own.get(name) ?? this.#revisions.get(name) ?? this.#committed(bucket, key);
        if (typeof now !== 'number') return now;
        if (now !== expected) return conflict(bucket, key, expected, now);
      }
      own.set(name, sealed === undefined ? 0 : revision);
    }
    return undefined;
  }

  #committed(bucket: string, key: string): number | StorageError {
    try {
      const number = this.#snapshots.bucketNumber(bucket);
      return number === undefined ? 0 : this.#snapshots.revision(snapshotAddress(number, key));
    } catch (error) {
      return error as StorageError;
    }
  }

  #write({ bucket, key, sealed }: PreparedWrite): number {
    const { snapshots } = this.#databases;
    this.#revision += 1;
    const address = snapshotAddress(this.#bucketNumber(bucket), key);
    this.#revisions.set(nameOf(bucket, key), sealed === undefined ? 0 : this.#revision);
    if (sealed === undefined) this.#puts.push(() => snapshots.remove(address));
    else {
      finishValue(sealed, address, this.#revision);
      this.#puts.push(() => snapshots.put(address, sealed));
    }
    return this.#revision;
  }

  #bucketNumber(name: string): number {
    const known = this.#newBuckets.get(name) ?? this.#snapshots.bucketNumber(name);
    if (known !== undefined) return known;
    const { buckets } = this.#databases;
    this.#buckets += 1;
    const number = this.#buckets;
    const key = Buffer.from(name);
    this.#newBuckets.set(name, number);
    this.#puts.push(() => buckets.put(key, sealBucket(key, number)));
    return number;
  }
}

/** Hands writes and the head after them to LMDB within one turn. */
export function issuePuts({ meta }: Databases, head: Head, puts: readonly Put[]): Promise<boolean>[] {
  const promises = new Set<Promise<boolean>>();
  for (const put of puts) promises.add(put());
  const bytes = sealHead(head);
  for (const name of headNames) promises.add(meta.put(name, bytes));
  return [...promises];
}

function nameOf(bucket: string, key: string): string {
  return `${bucket.length}:${bucket}${key}`;
}

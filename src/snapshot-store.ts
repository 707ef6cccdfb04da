/** A value with its revision. */
export interface Snapshot {
  readonly value: Uint8Array;
  /** 1 or more; grows with each write of its key, also across a removal. */
  readonly revision: number;
}

/** One write. Buckets and keys are texts of 1 to 512 characters. */
export interface SnapshotWrite {
  /** A group of keys that are listed together: `entity:order`, `cursors`. */
  readonly bucket: string;
  readonly key: string;
  /** Undefined removes the key. */
  readonly value: Uint8Array | undefined;
  /** The revision that the key must have now; 0 when it must not exist. Without it, any. */
  readonly expected?: number;
}

export interface SnapshotListOptions {
  /** Keys that start with this alone. */
  readonly prefix?: string;
  /** Keys after this one alone: the last key of the page before. */
  readonly after?: string;
  /** Entries at most. Default `1_024`. */
  readonly limit?: number;
}

/** A value in a list, with its key. */
export interface SnapshotEntry extends Snapshot {
  readonly key: string;
}

/**
 * Keeps small states by bucket and key, with compare-and-set.
 *
 * Obligations. A write with `expected` takes place only if the key has that revision at that moment, else it
 * fails with `ConflictError` and changes nothing. What a write resolved for is read by every later read, at the
 * level that the store declares. `list` gives keys in the order of their UTF-8 bytes. A value whose bytes have
 * changed on disk is a `StorageError`, never a wrong value.
 */
export interface SnapshotStore {
  readonly name: string;
  /** @throws StorageError */
  read(bucket: string, key: string): Snapshot | undefined | Promise<Snapshot | undefined>;
  /** Resolves to the new revision. @throws ConflictError, StorageError */
  write(write: SnapshotWrite): number | Promise<number>;
  list(
    bucket: string,
    options?: SnapshotListOptions,
  ): readonly SnapshotEntry[] | Promise<readonly SnapshotEntry[]>;
}

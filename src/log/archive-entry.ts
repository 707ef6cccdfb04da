import { StorageError } from '../../streams/event/errors.ts';
import type { PositionRuns } from './position-runs.ts';

/** Where the store of a log lists the segments of its archive. */
export const archiveBucket = 'archive';

/** What the store of a log keeps of a segment: enough to name every record of a file that is gone. */
export interface SegmentEntry {
  /** Of its file. */
  readonly name: string;
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Records in the file. */
  readonly count: number;
  /** On disk. */
  readonly bytes: number;
  /** The positions of its records, without those that were removed since. */
  readonly runs: PositionRuns;
}

export function encodeEntry(entry: SegmentEntry): Uint8Array {
  return Buffer.from(JSON.stringify({ format: 1, ...entry }));
}

/** @throws StorageError when it was written in another form */
export function decodeEntry(value: Uint8Array): SegmentEntry {
  const entry: unknown = JSON.parse(Buffer.from(value).toString());
  if (isEntry(entry)) return entry;
  throw new StorageError('the list of archived segments was written by another version of Breakwater');
}

function isEntry(entry: unknown): entry is SegmentEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  return Reflect.get(entry, 'format') === 1 && Array.isArray(Reflect.get(entry, 'runs'));
}

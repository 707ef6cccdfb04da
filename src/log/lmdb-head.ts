import { crc32 } from 'node:zlib';

/** The version of all that is in the files. What a newer version wrote is refused. */
export const formatVersion = 1;

/** What a store knows of itself as a whole; written with every commit, in the same transaction. */
export interface Head {
  readonly format: number;
  /** Counts commits: tells after a failure whether one took place. */
  readonly commits: number;
  /** Highest position ever given out. */
  readonly last: number;
  /** Records that are kept. */
  readonly count: number;
  /** Bytes of the blocks that are kept. */
  readonly bytes: number;
  /** When the last record was appended. */
  readonly time: number;
  /** Highest revision of a snapshot ever given out. */
  readonly revision: number;
  /** Buckets that have a number. */
  readonly buckets: number;
  /** First position and checksum of the last block, which is looked at when the store is opened. */
  readonly tail: readonly [first: number, crc: number] | undefined;
}

export const emptyHead: Head = {
  format: formatVersion,
  commits: 0,
  last: 0,
  count: 0,
  bytes: 0,
  time: 0,
  revision: 0,
  buckets: 0,
  tail: undefined,
};

/** The form in which a head is stored. */
export function sealHead(head: Head): Buffer {
  const text = JSON.stringify(head);
  return Buffer.from(`${checksum(text)}${text}`);
}

/** Gives a head, or undefined when its bytes are not those that were written. */
export function openHead(bytes: Buffer | undefined): Head | undefined {
  if (bytes === undefined || bytes.length < 8) return undefined;
  if (bytes.toString('latin1', 0, 8) !== checksum(bytes.subarray(8))) return undefined;
  const parsed: unknown = JSON.parse(bytes.toString('utf8', 8));
  return { ...emptyHead, ...(parsed as Head) };
}

function checksum(text: string | Buffer): string {
  return crc32(text).toString(16).padStart(8, '0');
}

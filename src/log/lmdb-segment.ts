import { crc32 } from 'node:zlib';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** Positions that are indexed together, once all of them are given out. */
export const segmentSize = 16_384;

/** Into how many values the index of a segment is divided by hash: who looks for one key reads one of them. */
const parts = 32;

/** What is indexed. Numbers are part of the files. */
export type IndexedField = 'key' | 'correlationId' | 'type';

const fieldNumbers: Readonly<Record<IndexedField, number>> = { key: 1, correlationId: 2, type: 3 };

/** The segment that a position lies in. */
export function segmentOf(position: number): number {
  return Math.floor(position / segmentSize);
}

/** A hash of 32 bits. Equal hashes of unequal texts only cost time: what is found is compared. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The key of the index under which a text of a field is found, in one segment. Those of all segments follow it. */
export function indexKey(field: IndexedField, hash: number, segment: number): number {
  return (fieldNumbers[field] * parts + (hash % parts)) * 0x1_0000_0000 + segment;
}

/** Pairs of a hash and a place in the segment, in the order of the places. */
class HashList {
  #pairs = new Float64Array(256);
  #length = 0;

  add(hash: number, offset: number): void {
    if (this.#length === this.#pairs.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#length] = hash * segmentSize + offset;
    this.#length += 1;
  }

  /** The places of a hash, ascending. */
  find(hash: number): number[] {
    const found: number[] = [];
    const low = hash * segmentSize;
    for (let at = 0; at < this.#length; at += 1) {
      const pair = this.#pairs[at] ?? 0;
      if (pair >= low && pair < low + segmentSize) found.push(pair - low);
    }
    return found;
  }

  /** One value for each part that has pairs: CRC-32, then pairs of hash (u32) and place (u16), sorted. */
  seal(field: IndexedField, segment: number): IndexEntry[] {
    const sorted = this.#pairs.slice(0, this.#length).toSorted();
    const divided: number[][] = Array.from({ length: parts }, () => []);
    for (const pair of sorted) divided[Math.floor(pair / segmentSize) % parts]?.push(pair);
    return divided.flatMap((pairs, part) => {
      if (pairs.length === 0) return [];
      const key = indexKey(field, part, segment);
      const bytes = Buffer.allocUnsafe(4 + pairs.length * 6);
      for (const [at, pair] of pairs.entries()) {
        const hash = Math.floor(pair / segmentSize);
        bytes.writeUInt32LE(hash, 4 + at * 6);
        bytes.writeUInt16LE(pair - hash * segmentSize, 8 + at * 6);
      }
      bytes.writeUInt32LE(checksum(key, bytes), 0);
      return [{ key, bytes }];
    });
  }
}

/** One value of the index. */
export interface IndexEntry {
  readonly key: number;
  readonly bytes: Buffer;
}

function checksum(key: number, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(String(key)));
}

/** The places of a hash in one value of the index, ascending; undefined when its bytes have changed. */
export function findInEntry(key: number, bytes: Buffer, hash: number): number[] | undefined {
  if (bytes.length < 4 || checksum(key, bytes) !== bytes.readUInt32LE(0)) return undefined;
  const count = (bytes.length - 4) / 6;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bytes.readUInt32LE(4 + middle * 6) < hash) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (; low < count && bytes.readUInt32LE(4 + low * 6) === hash; low += 1) {
    found.push(bytes.readUInt16LE(8 + low * 6));
  }
  return found;
}

/** The index of the segment that is still being written, in memory. */
export class OpenSegment {
  readonly segment: number;
  readonly #lists: Readonly<Record<IndexedField, HashList>> = {
    key: new HashList(),
    correlationId: new HashList(),
    type: new HashList(),
  };
  /** Types that came, with their hashes: few, and each hashed once. */
  readonly #types = new Map<string, number>();

  constructor(segment: number) {
    this.segment = segment;
  }

  add(position: number, { type, key, correlationId }: EventEnvelope): void {
    const offset = position - this.segment * segmentSize;
    if (key !== undefined) this.#lists.key.add(hashText(key), offset);
    if (correlationId !== undefined) this.#lists.correlationId.add(hashText(correlationId), offset);
    let hash = this.#types.get(type);
    if (hash === undefined) {
      hash = hashText(type);
      this.#types.set(type, hash);
    }
    this.#lists.type.add(hash, offset);
  }

  /** The types that came. */
  get types(): Iterable<string> {
    return this.#types.keys();
  }

  /** The places of a hash, ascending. */
  find(field: IndexedField, hash: number): number[] {
    return this.#lists[field].find(hash);
  }

  /** What is to be stored of it, now that it is full. */
  seal(): IndexEntry[] {
    return (['key', 'correlationId', 'type'] as const).flatMap((field) =>
      this.#lists[field].seal(field, this.segment),
    );
  }
}

import { crc32 } from 'node:zlib';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { sortedHashes, type SortedHashes } from './sorted-hashes.ts';

/** Positions that are indexed together, once all of them are given out. */
export const segmentSize = 16_384;

/** Into how many values the index of a segment is divided by hash: who looks for one key reads one of them. */
export const parts = 32;

/** Hashes that belong to one part. */
const partHashes = 0x1_0000_0000 / parts;

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
  return (fieldNumbers[field] * parts + Math.floor(hash / partHashes)) * 0x1_0000_0000 + segment;
}

/** A text that so many events of a segment have is as good as everywhere: all of the segment is read for it. */
export const everywhere = segmentSize / 16;

/** What stands in place of its places. */
const everywhereMark = 0xffff;

/** Hashes and their places in the segment, in the order of the places. */
class HashList {
  #hashes = new Uint32Array(256);
  #places = new Uint16Array(256);
  #length = 0;

  add(hash: number, offset: number): void {
    if (this.#length === this.#hashes.length) this.#grow();
    this.#hashes[this.#length] = hash;
    this.#places[this.#length] = offset;
    this.#length += 1;
  }

  /** The places of a hash, ascending; undefined when it is everywhere. */
  find(hash: number): number[] | undefined {
    const found: number[] = [];
    for (let at = 0; at < this.#length; at += 1) {
      if (this.#hashes[at] !== hash) continue;
      const place = this.#places[at] ?? 0;
      if (place === everywhereMark) return undefined;
      found.push(place);
    }
    return found;
  }

  /** One value for each part that has hashes: CRC-32, the hashes (u32), their places (u16), sorted. */
  seal(field: IndexedField, segment: number): IndexEntry[] {
    const sorted = sortedHashes(
      this.#hashes.subarray(0, this.#length),
      this.#places.subarray(0, this.#length),
    );
    const entries: IndexEntry[] = [];
    let start = 0;
    for (let part = 0; part < parts && start < this.#length; part += 1) {
      const limit = (part + 1) * partHashes;
      let end = start;
      while (end < this.#length && (sorted.hashes[end] ?? 0) < limit) end += 1;
      if (end > start)
        entries.push(sealEntry(indexKey(field, part * partHashes, segment), sorted, start, end));
      start = end;
    }
    return entries;
  }

  #grow(): void {
    const hashes = new Uint32Array(this.#length * 2);
    const places = new Uint16Array(this.#length * 2);
    hashes.set(this.#hashes);
    places.set(this.#places);
    this.#hashes = hashes;
    this.#places = places;
  }
}

/** One value of the index. */
export interface IndexEntry {
  readonly key: number;
  readonly bytes: Buffer;
}

function sealEntry(key: number, sorted: SortedHashes, start: number, end: number): IndexEntry {
  const count = end - start;
  const memory = new ArrayBuffer(4 + count * 6);
  new Uint32Array(memory, 4, count).set(sorted.hashes.subarray(start, end));
  new Uint16Array(memory, 4 + count * 4, count).set(sorted.places.subarray(start, end));
  const bytes = Buffer.from(memory);
  bytes.writeUInt32LE(checksum(key, bytes), 0);
  return { key, bytes };
}

function checksum(key: number, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(String(key)));
}

/** The places of a hash in one value of the index, ascending; undefined when it is everywhere, or the bytes changed. */
export function findInEntry(key: number, bytes: Buffer, hash: number): number[] | undefined {
  if (bytes.length < 4 || checksum(key, bytes) !== bytes.readUInt32LE(0)) return undefined;
  const count = (bytes.length - 4) / 6;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bytes.readUInt32LE(4 + middle * 4) < hash) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (; low < count && bytes.readUInt32LE(4 + low * 4) === hash; low += 1) {
    const place = bytes.readUInt16LE(4 + count * 4 + low * 2);
    if (place === everywhereMark) return undefined;
    found.push(place);
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
  /** Types that came: few, so that each is hashed once, and counted. */
  readonly #types = new Map<string, { readonly hash: number; count: number }>();

  constructor(segment: number) {
    this.segment = segment;
  }

  add(position: number, { type, key, correlationId }: EventEnvelope): void {
    const offset = position - this.segment * segmentSize;
    if (key !== undefined) this.#lists.key.add(hashText(key), offset);
    if (correlationId !== undefined) this.#lists.correlationId.add(hashText(correlationId), offset);
    let known = this.#types.get(type);
    if (known === undefined) {
      known = { hash: hashText(type), count: 0 };
      this.#types.set(type, known);
    }
    known.count += 1;
    if (known.count <= everywhere) this.#lists.type.add(known.hash, offset);
    else if (known.count === everywhere + 1) this.#lists.type.add(known.hash, everywhereMark);
  }

  /** The places of a hash, ascending; undefined when it is everywhere. */
  find(field: IndexedField, hash: number): number[] | undefined {
    return this.#lists[field].find(hash);
  }

  /** What is to be stored of it, now that it is full. */
  seal(): IndexEntry[] {
    return (['key', 'correlationId', 'type'] as const).flatMap((field) =>
      this.#lists[field].seal(field, this.segment),
    );
  }
}

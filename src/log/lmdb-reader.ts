import type { Database } from 'lmdb';
import type { LogPage, LogRange } from '../event-log.ts';
import { Blocks } from './lmdb-blocks.ts';
import { PageBuilder } from './lmdb-page.ts';
import {
  everywhere,
  findInEntry,
  hashText,
  type IndexedField,
  indexKey,
  type OpenSegment,
  segmentOf,
  segmentSize,
} from './lmdb-segment.ts';
import { type ResolvedRange, resolveRange } from './resolve-range.ts';

/** What the writer knows, and readers need: they see what has been committed, and no more. */
export interface Committed {
  /** The first position that is kept. */
  readonly first: number;
  readonly last: number;
  /** Indexes of segments that are not stored yet, by number; the one that `last` lies in is among them. */
  readonly openSegments: ReadonlyMap<number, OpenSegment>;
  /** All types that ever came; undefined when that is not known. */
  readonly types: ReadonlySet<string> | undefined;
}

/** Texts of a field, by their hashes. */
interface Sought {
  readonly field: IndexedField;
  readonly hashes: readonly number[];
}

/** What looking into the index of a segment counts for, of the records that a page may look at. */
const segmentCost = 4;

/** The same for a block that is decoded for the sake of one record. */
const blockCost = 64;

/** Reads pages of a log: block by block, or by the index where the range names a key, a correlation id or few types. */
export class LogReader {
  readonly blocks: Blocks;
  readonly #index: Database<Buffer, number>;

  constructor(log: Database<Buffer, number>, index: Database<Buffer, number>) {
    this.blocks = new Blocks(log);
    this.#index = index;
  }

  read(range: LogRange | undefined, committed: Committed): LogPage {
    const wanted = resolveRange(range);
    let from = Math.max(wanted.from, committed.first);
    let to = Math.min(wanted.to, committed.last);
    if (wanted.since !== undefined) from = Math.max(from, this.positionAt(wanted.since, committed));
    if (wanted.until !== undefined) to = Math.min(to, this.positionAt(wanted.until, committed) - 1);
    const page = new PageBuilder(wanted, from, to);
    const sought = soughtIn(wanted, committed);
    if (sought === undefined) this.#scan(page, from, to);
    else this.#search(page, sought, committed);
    return page.finish();
  }

  /** The position of the first record appended at `time` or later. */
  positionAt(time: number, { first, last }: Committed): number {
    // All blocks that begin before `low` are earlier, all that begin at `high` or after are not.
    let low = first;
    let high = last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const key = this.blocks.keyAtOrBefore(middle);
      if (key === undefined || key < low || this.#isEarlier(key, time)) low = middle + 1;
      else high = key;
    }
    const key = this.blocks.keyAfter(low - 1);
    return key === undefined || key > last ? last + 1 : key;
  }

  /** Whether a block was appended before a time. What cannot be read is as late as the next that can. */
  #isEarlier(key: number, time: number): boolean {
    for (let at: number | undefined = key; at !== undefined; at = this.blocks.keyAfter(at)) {
      const header = this.blocks.headerOf(at);
      if (header !== undefined && !('reason' in header)) return header.appendedAt < time;
    }
    return false;
  }

  /** Goes through all blocks from one position to another. */
  #scan(page: PageBuilder, from: number, to: number): void {
    if (from > to) return;
    if (page.newest) {
      for (const block of this.blocks.downward(to, this.blocks.keyAtOrBefore(from) ?? from)) {
        if (!page.take(block, from, to)) return;
      }
    } else {
      for (const block of this.blocks.upward(this.blocks.keyAtOrBefore(from) ?? from, to)) {
        if (!page.take(block, from, to)) return;
      }
    }
    page.pass(page.newest ? from : to);
  }

  /** Goes through the places that the index gives, segment by segment. */
  #search(page: PageBuilder, sought: Sought, committed: Committed): void {
    const { from, to, newest } = page;
    if (from > to) return;
    const [start, end] = newest ? [segmentOf(to), segmentOf(from)] : [segmentOf(from), segmentOf(to)];
    for (let segment = start; newest ? segment >= end : segment <= end; segment += newest ? -1 : 1) {
      const low = Math.max(from, segment * segmentSize);
      const high = Math.min(to, (segment + 1) * segmentSize - 1);
      const places = this.#places(sought, segment, committed);
      if (places === undefined) this.#scan(page, low, high);
      else this.#visit(page, segment, places, low, high);
      if (page.full) return;
      page.pass(newest ? low : high);
      page.spend(segmentCost);
    }
  }

  #visit(page: PageBuilder, segment: number, places: readonly number[], low: number, high: number): void {
    const ordered = page.newest ? places.toReversed() : places;
    let seen: unknown;
    for (const place of ordered) {
      const position = segment * segmentSize + place;
      if (position < low || position > high) continue;
      const block = this.blocks.blockOf(position);
      if (block === undefined) continue;
      if (block !== seen) page.spend(blockCost);
      seen = block;
      if (!page.take(block, position, position)) return;
    }
  }

  /** Places in a segment, ascending; undefined when all of it has to be read. */
  #places({ field, hashes }: Sought, segment: number, { openSegments }: Committed): number[] | undefined {
    const found: number[] = [];
    const open = openSegments.get(segment);
    for (const hash of hashes) {
      const places = open === undefined ? this.#stored(field, hash, segment) : open.find(field, hash);
      if (places === undefined) return undefined;
      for (const place of places) found.push(place);
      if (found.length > everywhere) return undefined;
    }
    return hashes.length > 1 ? found.toSorted((a, b) => a - b) : found;
  }

  #stored(field: IndexedField, hash: number, segment: number): number[] | undefined {
    const key = indexKey(field, hash, segment);
    const bytes = this.#index.get(key);
    return bytes === undefined ? [] : findInEntry(key, bytes, hash);
  }
}

/** What of a range the index can find; undefined when it is of no use. */
function soughtIn({ correlationId, key, accepts }: ResolvedRange, { types }: Committed): Sought | undefined {
  if (correlationId !== undefined) return { field: 'correlationId', hashes: [hashText(correlationId)] };
  if (key !== undefined) return { field: 'key', hashes: [hashText(key)] };
  if (accepts === undefined || types === undefined) return undefined;
  const accepted: number[] = [];
  for (const type of types) {
    if (accepts(type)) accepted.push(hashText(type));
    // So many types are most of the log.
    if (accepted.length > 32) return undefined;
  }
  return { field: 'type', hashes: accepted };
}

import { type Block, type SealedBlock, sealBlocks } from './lmdb-block.ts';
import { type BadBlock, type Blocks, lastOf } from './lmdb-blocks.ts';
import type { Databases } from './lmdb-databases.ts';
import { issuePuts } from './lmdb-group.ts';
import type { Head } from './lmdb-head.ts';
import { type IndexedField, indexKey, parts, segmentOf } from './lmdb-segment.ts';

/** A part of a removal, small enough for one transaction. */
export interface Piece {
  readonly head: Head;
  readonly removed: number;
  readonly isLast: boolean;
  /** Whether the end of the log is another now. */
  readonly changesTail: boolean;
  /** Hands its writes to LMDB within one turn. */
  issue(): Promise<boolean>[];
  /** It is on the disk: nobody may go on with what blocks held before. */
  settle(): void;
}

/** Blocks that one transaction removes or writes anew. */
const maxBlocks = 512;

/** Segments whose index one transaction removes. */
const maxSegments = 8;

const fields: readonly IndexedField[] = ['key', 'correlationId', 'type'];

/** Removes records from a log, piece by piece. */
export class Upkeep {
  readonly #databases: Databases;
  readonly #blocks: Blocks;

  constructor(databases: Databases, blocks: Blocks) {
    this.#databases = databases;
    this.#blocks = blocks;
  }

  /** The next piece of a trim; undefined when nothing before that position is left. */
  trim(before: number, head: Head): Piece | undefined {
    const change = new Change(this.#databases, head);
    const stop = Math.min(before, head.last + 1);
    let isLast = true;
    let previous = 0;
    for (const block of this.#blocks.upward(0, stop - 1)) {
      if (
        change.blocks >= maxBlocks ||
        segmentOf(block.first) - segmentOf(previous || block.first) > maxSegments
      ) {
        isLast = false;
        break;
      }
      previous = block.first;
      if (lastOf(block) < stop) change.drop(block, this.#blocks.bytesOf(block.first));
      else change.keep(block, this.#blocks.bytesOf(block.first), (position) => position >= stop);
    }
    if (change.blocks === 0) return undefined;
    const [from, to] = [change.firstTouched, isLast ? stop : previous];
    for (let segment = segmentOf(from); segment < segmentOf(to); segment += 1) change.dropIndex(segment);
    return change.finish(isLast, this.#blocks);
  }

  /** The next piece of a removal; takes what it has done off the front of the positions, which must ascend. */
  remove(positions: number[], head: Head): Piece | undefined {
    const change = new Change(this.#databases, head);
    while (positions.length > 0 && change.blocks < maxBlocks) {
      const [position = 0] = positions;
      const block = position > head.last ? undefined : this.#blocks.blockOf(position);
      if (block === undefined || 'reason' in block) {
        // What is not there need not be removed; what cannot be read stays, so that its faults stay known.
        positions.shift();
        continue;
      }
      const last = lastOf(block);
      let end = 0;
      while (end < positions.length && (positions[end] ?? 0) <= last) end += 1;
      const doomed = new Set(positions.splice(0, end));
      change.keep(block, this.#blocks.bytesOf(block.first), (at) => !doomed.has(at));
    }
    return change.blocks === 0 ? undefined : change.finish(positions.length === 0, this.#blocks);
  }
}

/** What one piece does to the log. */
class Change {
  readonly #databases: Databases;
  readonly #before: Head;
  readonly #puts: (() => Promise<boolean>)[] = [];
  readonly #dropped = new Set<number>();
  #made: SealedBlock[] = [];
  #count = 0;
  #bytes = 0;
  blocks = 0;
  firstTouched = 0;

  constructor(databases: Databases, head: Head) {
    this.#databases = databases;
    this.#before = head;
  }

  /** Removes a whole block. */
  drop(block: Block | BadBlock, bytes: number): void {
    this.#touch(block, bytes);
    this.#count += lastOf(block) - block.first + 1;
    this.#remove(block.first);
  }

  /** Writes a block anew, with those of its events alone whose positions are wanted. */
  keep(block: Block | BadBlock, bytes: number, wanted: (position: number) => boolean): void {
    if ('reason' in block) return;
    this.#touch(block, bytes);
    const kept = runsOf(block, wanted);
    const left = kept.reduce((sum, { events }) => sum + events.length, 0);
    this.#count += block.events.length - left;
    if (kept[0]?.first !== block.first) this.#remove(block.first);
    for (const run of kept) {
      for (const sealed of sealBlocks(run.first, block.appendedAt, run.events)) this.#put(sealed);
    }
  }

  /** Removes the index of a segment. */
  dropIndex(segment: number): void {
    const { index } = this.#databases;
    for (const field of fields) {
      for (let part = 0; part < parts; part += 1) {
        const key = indexKey(field, part * (0x1_0000_0000 / parts), segment);
        this.#puts.push(() => index.remove(key));
      }
    }
  }

  finish(isLast: boolean, blocks: Blocks): Piece {
    const { tail } = this.#before;
    const changesTail =
      tail !== undefined && (this.#dropped.has(tail[0]) || this.#made.some(({ first }) => first >= tail[0]));
    const head: Head = {
      ...this.#before,
      commits: this.#before.commits + 1,
      count: Math.max(0, this.#before.count - this.#count),
      bytes: Math.max(0, this.#before.bytes - this.#bytes),
      tail: changesTail ? undefined : tail,
    };
    const databases = this.#databases;
    const puts = this.#puts;
    return {
      head,
      removed: this.#count,
      isLast,
      changesTail,
      issue: () => issuePuts(databases, head, puts),
      settle: () => blocks.forget(),
    };
  }

  #touch(block: Block | BadBlock, bytes: number): void {
    if (this.blocks === 0) this.firstTouched = block.first;
    this.blocks += 1;
    this.#bytes += bytes;
  }

  #put(sealed: SealedBlock): void {
    const { log } = this.#databases;
    this.#bytes -= sealed.bytes.length;
    this.#made.push(sealed);
    this.#puts.push(() => log.put(sealed.first, sealed.bytes));
  }

  #remove(key: number): void {
    const { log } = this.#databases;
    this.#dropped.add(key);
    this.#puts.push(() => log.remove(key));
  }
}

/** The events of a block that are wanted, in runs without gaps. */
function runsOf({ first, appendedAt, events }: Block, wanted: (position: number) => boolean): Block[] {
  const runs: { first: number; appendedAt: number; events: (typeof events)[number][] }[] = [];
  for (const [at, event] of events.entries()) {
    const position = first + at;
    if (!wanted(position)) continue;
    const run = runs.at(-1);
    if (run !== undefined && run.first + run.events.length === position) run.events.push(event);
    else runs.push({ first: position, appendedAt, events: [event] });
  }
  return runs;
}

import type { LogFault, LogPage, LogRecord } from '../event-log.ts';
import type { Block } from './lmdb-block.ts';
import { type BadBlock, lastOf } from './lmdb-blocks.ts';
import { isWanted, type ResolvedRange } from './resolve-range.ts';

/** Records that one page looks at, at most: a pattern that nothing matches must not hold up the process. */
const maxLook = 16_384;

/** Collects a page of a range from the blocks that may have something of it. */
export class PageBuilder {
  readonly from: number;
  readonly to: number;
  readonly newest: boolean;
  readonly #wanted: ResolvedRange;
  readonly #records: LogRecord[] = [];
  readonly #faults: LogFault[] = [];
  #looked = 0;
  /** The next position that has not been looked at. */
  #next: number;

  constructor(wanted: ResolvedRange, from: number, to: number) {
    this.#wanted = wanted;
    this.from = from;
    this.to = to;
    this.newest = wanted.newest;
    this.#next = wanted.newest ? to : from;
  }

  /** Whether the page takes no more. */
  get full(): boolean {
    return (
      this.#records.length >= this.#wanted.limit ||
      this.#faults.length >= this.#wanted.limit ||
      this.#looked >= maxLook
    );
  }

  /** Everything up to here, in the order of the range, has been looked at. */
  pass(position: number): void {
    this.#next = this.newest ? Math.min(this.#next, position - 1) : Math.max(this.#next, position + 1);
  }

  /** Counts a look that gave no record. */
  spend(looks: number): void {
    this.#looked += looks;
  }

  /** Takes what is wanted of a block, from one position to another. False when the page is full. */
  take(block: Block | BadBlock, from: number, to: number): boolean {
    const low = Math.max(from, block.first);
    const high = Math.min(to, lastOf(block));
    if (this.newest) {
      for (let at = high; at >= low; at -= 1) if (!this.#look(block, at)) return false;
    } else {
      for (let at = low; at <= high; at += 1) if (!this.#look(block, at)) return false;
    }
    return !this.full;
  }

  finish(): LogPage {
    const next = this.#next;
    const atEnd = this.newest ? next < this.from : next > this.to;
    return { records: this.#records, faults: this.#faults, next, atEnd };
  }

  #look(block: Block | BadBlock, position: number): boolean {
    if (this.full) return false;
    this.#looked += 1;
    this.#next = this.newest ? position - 1 : position + 1;
    if ('reason' in block) {
      this.#faults.push({ position, reason: block.reason });
      return true;
    }
    const event = block.events[position - block.first];
    if (event !== undefined && isWanted(event, this.#wanted)) {
      this.#records.push({ position, event, appendedAt: block.appendedAt });
    }
    return true;
  }
}

import type { Cells } from './cells.ts';
import { doubles } from './in-cells.ts';
import type { SlidingFigure, SlidingReads } from './sliding-reads.ts';

/**
 * A queue as two stacks, for aggregates of numbers that merge but cannot take back.
 *
 * Invariant: the top entry of `#front` is merged from the oldest values, as many as it is high; each entry
 * covers one value less than the one above it. `#back` is merged from the rest. Each value is merged into
 * the front once, when the front runs out: O(1) amortised. Entries lie end to end in one array, and results
 * are made in one that is used again, so nothing is allocated for a value.
 */
export class StackedCells implements SlidingFigure {
  readonly #cells: Cells<unknown, unknown>;
  readonly #index: number;
  readonly #width: number;
  readonly #front: number[] = [];
  readonly #back: number[];
  readonly #all: number[];

  constructor(cells: Cells<unknown, unknown>, index: number) {
    this.#cells = cells;
    this.#index = index;
    this.#width = cells.initial.length;
    this.#back = doubles(cells.initial);
    this.#all = doubles(cells.initial);
  }

  add(read: unknown, time: number): void {
    this.#cells.add(this.#back, 0, read, time);
  }

  removeOldest(window: SlidingReads): void {
    if (this.#front.length === 0) this.#turnOver(window);
    for (let at = 0; at < this.#width; at += 1) this.#front.pop();
  }

  result(spanMs: number): unknown {
    const front = this.#front;
    const top = front.length - this.#width;
    if (top < 0) return this.#cells.result(this.#back, 0, spanMs);
    const all = this.#all;
    for (let at = 0; at < this.#width; at += 1) all[at] = front[top + at] ?? 0;
    this.#cells.merge(all, 0, this.#back, 0);
    return this.#cells.result(all, 0, spanMs);
  }

  #turnOver(window: SlidingReads): void {
    const cells = this.#cells;
    const front = this.#front;
    const { initial } = cells;
    for (let place = window.size - 1; place >= 0; place -= 1) {
      const top = front.length;
      for (let at = 0; at < this.#width; at += 1) front.push(initial[at] ?? 0);
      const value = window.at(place);
      if (value !== undefined) cells.add(front, top, value.reads[this.#index], value.time);
      if (top > 0) cells.merge(front, top, front, top - this.#width);
    }
    for (let at = 0; at < this.#width; at += 1) this.#back[at] = initial[at] ?? 0;
  }
}

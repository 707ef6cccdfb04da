import type { Aggregate, Retractable } from './aggregate.ts';
import type { SlidingFigure, SlidingReads } from './sliding-reads.ts';
import { StackedCells } from './stacked-cells.ts';

/** Makes the cheaper form of an aggregate; `index` is its place among the reads. */
export function slidingFigure(aggregate: Aggregate<never, unknown>, index: number): SlidingFigure {
  const { retractable, cells } = aggregate;
  if (retractable !== undefined) return new RetractedFigure(retractable, index);
  return cells === undefined ? new StackedFigure(aggregate, index) : new StackedCells(cells, index);
}

/** Takes back what goes. */
class RetractedFigure implements SlidingFigure {
  readonly #aggregate: Retractable<unknown, unknown>;
  readonly #index: number;
  readonly #state: unknown;

  constructor(aggregate: Retractable<unknown, unknown>, index: number) {
    this.#aggregate = aggregate;
    this.#index = index;
    this.#state = aggregate.create();
  }

  add(read: unknown, time: number): void {
    this.#aggregate.add(this.#state, read, time);
  }

  removeOldest(window: SlidingReads): void {
    const oldest = window.at(0);
    if (oldest !== undefined) this.#aggregate.remove(this.#state, oldest.reads[this.#index], oldest.time);
  }

  result(spanMs: number): unknown {
    return this.#aggregate.result(this.#state, spanMs);
  }
}

/**
 * A queue as two stacks, for aggregates that merge but cannot take back.
 *
 * Invariant: the top of `#front` is merged from the oldest values, as many as `#front` is high; each entry
 * covers one value less than the one above it. `#back` is merged from the rest. Each value is merged into
 * the front once, when the front runs out: O(1) amortised.
 */
class StackedFigure implements SlidingFigure {
  readonly #aggregate: Aggregate<never, unknown>;
  readonly #index: number;
  readonly #front: unknown[] = [];
  #back: unknown;

  constructor(aggregate: Aggregate<never, unknown>, index: number) {
    this.#aggregate = aggregate;
    this.#index = index;
    this.#back = aggregate.create();
  }

  add(read: unknown, time: number): void {
    this.#aggregate.add(this.#back, read, time);
  }

  removeOldest(window: SlidingReads): void {
    if (this.#front.length === 0) this.#turnOver(window);
    this.#front.pop();
  }

  result(spanMs: number): unknown {
    const aggregate = this.#aggregate;
    const oldest = this.#front.at(-1);
    if (oldest === undefined) return aggregate.result(this.#back, spanMs);
    const all = aggregate.create();
    aggregate.merge(all, oldest);
    aggregate.merge(all, this.#back);
    return aggregate.result(all, spanMs);
  }

  #turnOver(window: SlidingReads): void {
    const aggregate = this.#aggregate;
    for (let place = window.size - 1; place >= 0; place -= 1) {
      const state = aggregate.create();
      const value = window.at(place);
      if (value !== undefined) aggregate.add(state, value.reads[this.#index], value.time);
      const newer = this.#front.at(-1);
      if (newer !== undefined) aggregate.merge(state, newer);
      this.#front.push(state);
    }
    this.#back = aggregate.create();
  }
}

import type { Aggregate } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { inCells } from './in-cells.ts';
import { numberOf } from './number-of.ts';
import { addExactly, mergeExactly, sumOf } from './sum.ts';

/** The sum, what it has lost to rounding, and how many. */
const averaged: Cells<number, number> = {
  initial: [0, 0, 0],
  add(cells, at, read) {
    addExactly(cells, at, read);
    cells[at + 2] = (cells[at + 2] ?? 0) + 1;
  },
  merge(into, at, from, there) {
    mergeExactly(into, at, from, there);
    into[at + 2] = (into[at + 2] ?? 0) + (from[there + 2] ?? 0);
  },
  result: (cells, at) => sumOf(cells, at) / (cells[at + 2] ?? 0),
};

/**
 * Averages a number of each value; NaN of nothing. O(1).
 *
 * @example
 * ```ts
 * of(1, 2, 6).pipe(aggregate({ average: mean((x) => x) })); // => { average: 3 }
 * ```
 */
export function mean<T>(select: (value: T) => number): Aggregate<T, number, number[], number> {
  return inCells(numberOf('mean', select), averaged);
}

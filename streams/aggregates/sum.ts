import type { Aggregate } from './aggregate.ts';
import type { Cells, NumberCells } from './cells.ts';
import { inCells } from './in-cells.ts';
import { numberOf } from './number-of.ts';

/** Adds to the sum at `at`, and keeps after it what rounding loses (Neumaier 1974). */
export function addExactly(cells: NumberCells, at: number, read: number): void {
  const sum = cells[at] ?? 0;
  const next = sum + read;
  const lost = Math.abs(sum) >= Math.abs(read) ? sum - next + read : read - next + sum;
  cells[at] = next;
  cells[at + 1] = (cells[at + 1] ?? 0) + lost;
}

/** Adds the sum of `from` and what it has lost. */
export function mergeExactly(into: NumberCells, at: number, from: NumberCells, there: number): void {
  addExactly(into, at, from[there] ?? 0);
  into[at + 1] = (into[at + 1] ?? 0) + (from[there + 1] ?? 0);
}

/** The sum at `at`, with its rounding error made good. */
export function sumOf(cells: NumberCells, at: number): number {
  const sum = cells[at] ?? 0;
  const total = sum + (cells[at + 1] ?? 0);
  // Past the largest number the error is NaN; the sum still tells the sign.
  return Number.isNaN(total) ? sum : total;
}

const summed: Cells<number, number> = {
  initial: [0, 0],
  add: addExactly,
  merge: mergeExactly,
  result: sumOf,
};

/**
 * Adds up a number of each value; 0 of nothing.
 *
 * Rounding errors are kept and made good (Neumaier), so that the sum of money or of milliseconds does not
 * drift with the order of the values. O(1).
 *
 * @example
 * ```ts
 * of(0.1, 0.2, 0.3).pipe(aggregate({ total: sum((x) => x) })); // => { total: 0.6 }
 * ```
 */
export function sum<T>(select: (value: T) => number): Aggregate<T, number, number[], number> {
  return inCells(numberOf('sum', select), summed);
}

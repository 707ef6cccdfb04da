import type { Aggregate } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { inCells } from './in-cells.ts';
import { numberOf } from './number-of.ts';

const least: Cells<number, number> = {
  initial: [Infinity],
  add(cells, at, read) {
    if (read < (cells[at] ?? Infinity)) cells[at] = read;
  },
  merge(into, at, from, there) {
    least.add(into, at, from[there] ?? Infinity, 0);
  },
  result: (cells, at) => cells[at] ?? Infinity,
};

/**
 * Takes the least of a number of each value; `Infinity` of nothing. O(1).
 *
 * @example
 * ```ts
 * of(5, 2, 8).pipe(aggregate({ least: min((x) => x) })); // => { least: 2 }
 * ```
 */
export function min<T>(select: (value: T) => number): Aggregate<T, number, number[], number> {
  return inCells(numberOf('min', select), least);
}

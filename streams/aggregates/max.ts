import type { Aggregate } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { inCells } from './in-cells.ts';
import { numberOf } from './number-of.ts';

const greatest: Cells<number, number> = {
  initial: [-Infinity],
  add(cells, at, read) {
    if (read > (cells[at] ?? -Infinity)) cells[at] = read;
  },
  merge(into, at, from, there) {
    greatest.add(into, at, from[there] ?? -Infinity, 0);
  },
  result: (cells, at) => cells[at] ?? -Infinity,
};

/**
 * Takes the greatest of a number of each value; `-Infinity` of nothing. O(1).
 *
 * @example
 * ```ts
 * of(5, 2, 8).pipe(aggregate({ greatest: max((x) => x) })); // => { greatest: 8 }
 * ```
 */
export function max<T>(select: (value: T) => number): Aggregate<T, number, number[], number> {
  return inCells(numberOf('max', select), greatest);
}

import type { Aggregate, Retractable } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { inCells } from './in-cells.ts';

/** One number: how many there were. */
export const counted: Cells<boolean, number> = {
  initial: [0],
  add(cells, at, read) {
    if (read) cells[at] = (cells[at] ?? 0) + 1;
  },
  merge(into, at, from, there) {
    into[at] = (into[at] ?? 0) + (from[there] ?? 0);
  },
  result: (cells, at) => cells[at] ?? 0,
};

const retractable: Retractable<boolean, number, { n: number }> = {
  create: () => ({ n: 0 }),
  add(state, read) {
    if (read) state.n += 1;
  },
  remove(state, read) {
    if (read) state.n -= 1;
  },
  result: (state) => state.n,
};

/**
 * Counts the values, or those for which `where` holds. O(1).
 *
 * @example
 * ```ts
 * of(4, 7, 9).pipe(aggregate({ n: count(), odd: count((x) => x % 2 === 1) })); // => { n: 3, odd: 2 }
 * ```
 */
export function count<T = unknown>(where?: (value: T) => boolean): Aggregate<T, number, number[], boolean> {
  return { ...inCells(where ?? always, counted), retractable };
}

function always(): boolean {
  return true;
}

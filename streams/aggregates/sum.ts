import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

/** A sum and the rounding error it has made so far. */
export interface SumState {
  sum: number;
  lost: number;
}

/** Adds `read` and keeps what rounding loses of it (Neumaier 1974). */
export function addExactly(state: SumState, read: number): void {
  const { sum } = state;
  const next = sum + read;
  state.lost += Math.abs(sum) >= Math.abs(read) ? sum - next + read : read - next + sum;
  state.sum = next;
}

/** The sum with its rounding error made good. */
export function sumOf(state: SumState): number {
  const total = state.sum + state.lost;
  // Past the largest number the error is NaN; the sum still tells the sign.
  return Number.isNaN(total) ? state.sum : total;
}

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
export function sum<T>(select: (value: T) => number): Aggregate<T, number, SumState, number> {
  return {
    read: numberOf('sum', select),
    create: () => ({ sum: 0, lost: 0 }),
    add: addExactly,
    merge(into, from) {
      addExactly(into, from.sum);
      into.lost += from.lost;
    },
    result: sumOf,
  };
}

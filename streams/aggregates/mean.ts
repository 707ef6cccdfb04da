import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';
import { addExactly, sumOf, type SumState } from './sum.ts';

interface MeanState extends SumState {
  n: number;
}

/**
 * Averages a number of each value; NaN of nothing. O(1).
 *
 * @example
 * ```ts
 * of(1, 2, 6).pipe(aggregate({ average: mean((x) => x) })); // => { average: 3 }
 * ```
 */
export function mean<T>(select: (value: T) => number): Aggregate<T, number, MeanState, number> {
  return {
    read: numberOf('mean', select),
    create: () => ({ sum: 0, lost: 0, n: 0 }),
    add(state, read) {
      addExactly(state, read);
      state.n += 1;
    },
    merge(into, from) {
      addExactly(into, from.sum);
      into.lost += from.lost;
      into.n += from.n;
    },
    result: (state) => sumOf(state) / state.n,
  };
}

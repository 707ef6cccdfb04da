import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

interface MinState {
  least: number;
}

/**
 * Takes the least of a number of each value; `Infinity` of nothing. O(1).
 *
 * @example
 * ```ts
 * of(5, 2, 8).pipe(aggregate({ least: min((x) => x) })); // => { least: 2 }
 * ```
 */
export function min<T>(select: (value: T) => number): Aggregate<T, number, MinState, number> {
  return {
    read: numberOf('min', select),
    create: () => ({ least: Infinity }),
    add(state, read) {
      if (read < state.least) state.least = read;
    },
    merge(into, from) {
      if (from.least < into.least) into.least = from.least;
    },
    result: (state) => state.least,
  };
}

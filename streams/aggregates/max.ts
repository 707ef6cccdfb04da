import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

interface MaxState {
  greatest: number;
}

/**
 * Takes the greatest of a number of each value; `-Infinity` of nothing. O(1).
 *
 * @example
 * ```ts
 * of(5, 2, 8).pipe(aggregate({ greatest: max((x) => x) })); // => { greatest: 8 }
 * ```
 */
export function max<T>(select: (value: T) => number): Aggregate<T, number, MaxState, number> {
  return {
    read: numberOf('max', select),
    create: () => ({ greatest: -Infinity }),
    add(state, read) {
      if (read > state.greatest) state.greatest = read;
    },
    merge(into, from) {
      if (from.greatest > into.greatest) into.greatest = from.greatest;
    },
    result: (state) => state.greatest,
  };
}

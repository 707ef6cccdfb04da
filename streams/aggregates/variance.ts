import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

export interface VarianceOptions {
  /** Divide by n − 1, as for a sample of something larger. Default `false`: by n. */
  readonly sample?: boolean;
}

interface VarianceState {
  n: number;
  mean: number;
  /** Sum of squared distances from the mean. */
  squares: number;
}

/**
 * Takes the variance of a number of each value; NaN of nothing, and of one value as a sample.
 *
 * Stable for numbers that are large beside their spread: one pass by Welford (1962), merged by
 * Chan, Golub and LeVeque (1979). O(1).
 *
 * @example
 * ```ts
 * of(2, 4, 4, 4, 5, 5, 7, 9).pipe(aggregate({ spread: variance((x) => x) })); // => { spread: 4 }
 * ```
 */
export function variance<T>(
  select: (value: T) => number,
  options: VarianceOptions = {},
): Aggregate<T, number, VarianceState, number> {
  const { sample = false } = options;
  return {
    read: numberOf('variance', select),
    create: () => ({ n: 0, mean: 0, squares: 0 }),
    add(state, read) {
      state.n += 1;
      const distance = read - state.mean;
      state.mean += distance / state.n;
      state.squares += distance * (read - state.mean);
    },
    merge(into, from) {
      if (from.n === 0) return;
      const n = into.n + from.n;
      const distance = from.mean - into.mean;
      into.mean += (distance * from.n) / n;
      into.squares += from.squares + distance * distance * ((into.n * from.n) / n);
      into.n = n;
    },
    result: ({ n, squares }) => (sample && n < 2 ? NaN : squares / (sample ? n - 1 : n)),
  };
}

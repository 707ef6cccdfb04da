import type { Aggregate } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { inCells } from './in-cells.ts';
import { numberOf } from './number-of.ts';

export interface VarianceOptions {
  /** Divide by n − 1, as for a sample of something larger. Default `false`: by n. */
  readonly sample?: boolean;
}

/** How many, their mean, and the sum of their squared distances from it. */
const spread: Omit<Cells<number, number>, 'result'> = {
  initial: [0, 0, 0],
  add(cells, at, read) {
    const n = (cells[at] ?? 0) + 1;
    const before = cells[at + 1] ?? 0;
    const mean = before + (read - before) / n;
    cells[at] = n;
    cells[at + 1] = mean;
    cells[at + 2] = (cells[at + 2] ?? 0) + (read - before) * (read - mean);
  },
  merge(into, at, from, there) {
    const [own, other] = [into[at] ?? 0, from[there] ?? 0];
    if (other === 0) return;
    const n = own + other;
    const mean = into[at + 1] ?? 0;
    const distance = (from[there + 1] ?? 0) - mean;
    into[at] = n;
    into[at + 1] = mean + (distance * other) / n;
    into[at + 2] = (into[at + 2] ?? 0) + (from[there + 2] ?? 0) + distance * distance * ((own * other) / n);
  },
};

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
): Aggregate<T, number, number[], number> {
  const { sample = false } = options;
  return inCells(numberOf('variance', select), {
    ...spread,
    result(cells, at) {
      const n = cells[at] ?? 0;
      if (sample && n < 2) return NaN;
      return (cells[at + 2] ?? 0) / (sample ? n - 1 : n);
    },
  });
}

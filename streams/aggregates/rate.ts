import { describeValue } from '../event/describe-value.ts';
import type { Aggregate } from './aggregate.ts';
import { count, counted } from './count.ts';
import { inCells } from './in-cells.ts';

export interface RateOptions<T> {
  /** The time that the rate is of. Default `1_000`: values per second. */
  readonly perMs?: number;
  /** Which values count. Default: all. */
  readonly where?: (value: T) => boolean;
}

/**
 * Counts the values per second of the window's length; a session's length includes its gap. O(1).
 *
 * A window without length, as of values that all have one time, counts as 1 ms long.
 *
 * @throws RangeError when `perMs` is not above 0.
 * @example
 * ```ts
 * of(10, 20, 30).pipe(aggregate({ perSecond: rate() }, { time: (ms) => ms })); // => { perSecond: 150 }
 * ```
 */
export function rate<T = unknown>(options: RateOptions<T> = {}): Aggregate<T, number, number[], boolean> {
  const { perMs = 1_000, where } = options;
  if (!(perMs > 0 && perMs < Infinity)) {
    throw new RangeError(`perMs must be milliseconds above 0, got ${describeValue(perMs)}`);
  }
  const base = count(where);
  const { retractable } = base;
  const rateOf = (n: number, spanMs: number): number => (n * perMs) / Math.max(spanMs, 1);
  return {
    ...inCells((value: T) => base.read(value), {
      ...counted,
      result: (cells, at, spanMs) => rateOf(cells[at] ?? 0, spanMs),
    }),
    ...(retractable && {
      retractable: {
        ...retractable,
        result: (state, spanMs) => rateOf(retractable.result(state, spanMs), spanMs),
      },
    }),
  };
}

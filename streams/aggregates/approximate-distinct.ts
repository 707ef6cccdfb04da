import type { Hashable } from '../sketches/hash-value.ts';
import { HyperLogLog } from '../sketches/hyper-log-log.ts';
import type { Aggregate } from './aggregate.ts';
import { distinctNow, hashable } from './distinct.ts';

export interface ApproximateDistinctOptions {
  /** 2^precision bytes are used; the standard error is 1.04 / sqrt of that. 4 to 18. Default `14`: 0.8 %. */
  readonly precision?: number;
}

/**
 * Estimates how many different ones there are, in fixed memory (HyperLogLog).
 *
 * For windows with many different values a key, and many keys. In sliding windows, which hold their values
 * anyway, the count is exact. O(1) a value, O(2^precision) a result.
 *
 * @throws RangeError when `precision` is out of range.
 * @example
 * ```ts
 * range(0, 100).pipe(aggregate({ n: approximateDistinct((x) => x % 10) })); // => { n: 10 }
 * ```
 */
export function approximateDistinct<T>(
  select: (value: T) => Hashable,
  options: ApproximateDistinctOptions = {},
): Aggregate<T, number, HyperLogLog, Hashable> {
  const { precision = 14 } = options;
  const create = (): HyperLogLog => new HyperLogLog(precision);
  // Made once for its check, so that a wrong precision fails now and not with the first value.
  create();
  return {
    read: (value) => hashable(select(value)),
    create,
    add: (sketch, read) => sketch.add(read),
    merge: (into, from) => into.merge(from),
    result: (sketch) => sketch.count(),
    retractable: distinctNow,
  };
}

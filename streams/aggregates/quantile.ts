import { describeValue } from '../event/describe-value.ts';
import { DDSketch, type DDSketchOptions } from '../sketches/dd-sketch.ts';
import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

/**
 * Estimates the quantile `q` of a number of each value, by nearest rank, within 1 %; NaN of nothing.
 *
 * By DDSketch: the estimate is within `relativeError` of the true value, not merely of its rank. O(1) a
 * value, a few kilobytes at most. For several quantiles of one number, `quantiles` counts it once.
 *
 * @throws RangeError when `q` is not from 0 to 1, or an option is out of range.
 * @example
 * ```ts
 * range(1, 1_000).pipe(
 *   aggregate({ p95: quantile(0.95, (ms) => ms) }),
 *   map(({ p95 }) => Math.abs(p95 - 950) <= 9.5),
 * ); // => true
 * ```
 */
export function quantile<T>(
  q: number,
  select: (value: T) => number,
  options: DDSketchOptions = {},
): Aggregate<T, number, DDSketch, number> {
  checkShare('q', q);
  return sketched('quantile', select, options, (sketch) => sketch.quantile(q));
}

/**
 * Estimates several quantiles of a number of each value with one sketch, as `quantile` does.
 *
 * @throws RangeError when one of `qs` is not from 0 to 1, or an option is out of range.
 * @example
 * ```ts
 * of(7, 7, 7).pipe(
 *   aggregate({ ms: quantiles([0.5, 0.99], (ms) => ms) }),
 *   map(({ ms: [p50, p99] }) => p50 === p99),
 * ); // => true
 * ```
 */
export function quantiles<T, const Q extends readonly number[]>(
  qs: Q,
  select: (value: T) => number,
  options: DDSketchOptions = {},
): Aggregate<T, { readonly [At in keyof Q]: number }, DDSketch, number> {
  const shares = qs.map((q, at) => checkShare(`qs[${at}]`, q));
  return sketched('quantiles', select, options, (sketch) => {
    const results: readonly number[] = shares.map((q) => sketch.quantile(q));
    // One result for each of `qs`, in their order.
    return results as { readonly [At in keyof Q]: number };
  });
}

function sketched<T, R>(
  name: string,
  select: (value: T) => number,
  options: DDSketchOptions,
  result: (sketch: DDSketch) => R,
): Aggregate<T, R, DDSketch, number> {
  const create = (): DDSketch => new DDSketch(options);
  // Made once for its checks, so that a wrong option fails now and not with the first value.
  create();
  const add = (sketch: DDSketch, read: number): void => sketch.add(read);
  return {
    read: numberOf(name, select),
    create,
    add,
    merge: (into, from) => into.merge(from),
    result,
    retractable: { create, add, remove: (sketch: DDSketch, read: number) => sketch.remove(read), result },
  };
}

function checkShare(name: string, q: number): number {
  if (q >= 0 && q <= 1) return q;
  throw new RangeError(`${name} must be from 0 to 1, got ${describeValue(q)}`);
}

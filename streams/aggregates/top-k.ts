import { describeValue } from '../event/describe-value.ts';
import type { Hashable } from '../sketches/hash-value.ts';
import type { Aggregate } from './aggregate.ts';
import { distinctNow, hashable } from './distinct.ts';

export interface TopKOptions {
  /** How many different ones are counted at once. Up to as many, all counts are exact. Default `1_024`. */
  readonly capacity?: number;
}

/** One of the most frequent, and how often it came. */
export interface TopEntry<V> {
  readonly value: V;
  /** How often it came at least. */
  readonly count: number;
  /** How much the count may be short; 0 where it is exact. */
  readonly error: number;
}

/** Counts of the most frequent, each short by up to `error`, which is what was taken from all. */
interface TopState<V> {
  counts: Map<V, number>;
  error: number;
}

/**
 * Finds the `k` most frequent, the most frequent first; of equal counts, the lesser value first.
 *
 * Exact up to `capacity` different ones. Beyond, all that come more often than in 1 of capacity / 2 cases are
 * still found, and each entry says how far its count may be short (Misra and Gries 1982, as in Anderson et
 * al. 2017: when full, the median is taken from all). In sliding windows always exact. Amortised O(1).
 *
 * @throws RangeError when `k` or `capacity` is not a whole number of at least 1, or `capacity` is below `k`.
 * @example
 * ```ts
 * of('a', 'b', 'a').pipe(
 *   aggregate({ top: topK(1, (x) => x) }),
 * ); // => { top: [{ value: 'a', count: 2, error: 0 }] }
 * ```
 */
export function topK<T, V extends Hashable>(
  k: number,
  select: (value: T) => V,
  options: TopKOptions = {},
): Aggregate<T, readonly TopEntry<V>[], TopState<V>, V> {
  const { capacity = Math.max(1_024, k) } = options;
  if (!(Number.isSafeInteger(k) && k >= 1)) {
    throw new RangeError(`k must be a whole number of at least 1, got ${describeValue(k)}`);
  }
  if (!(Number.isSafeInteger(capacity) && capacity >= k)) {
    throw new RangeError(
      `capacity must be a whole number of at least k, ${k}, got ${describeValue(capacity)}`,
    );
  }

  function add(state: TopState<V>, value: V, times: number): void {
    state.counts.set(value, (state.counts.get(value) ?? 0) + times);
    if (state.counts.size > capacity) takeMedian(state);
  }

  return {
    read(value) {
      const read = select(value);
      hashable(read);
      return read;
    },
    create: () => ({ counts: new Map(), error: 0 }),
    add: (state, read) => add(state, read, 1),
    merge(into, from) {
      into.error += from.error;
      from.counts.forEach((times, value) => add(into, value, times));
    },
    result: ({ counts, error }) => leaders(counts, k, error),
    retractable: { ...distinctNow, result: (counts: Map<V, number>) => leaders(counts, k, 0) },
  };
}

/** Takes the median count from all, and drops those of which nothing is left. */
function takeMedian<V>(state: TopState<V>): void {
  const counts = Float64Array.from(state.counts.values()).toSorted();
  const median = counts[counts.length >> 1] ?? 0;
  state.error += median;
  for (const [value, times] of state.counts) {
    if (times > median) state.counts.set(value, times - median);
    else state.counts.delete(value);
  }
}

function leaders<V extends Hashable>(
  counts: ReadonlyMap<V, number>,
  k: number,
  error: number,
): readonly TopEntry<V>[] {
  return [...counts]
    .toSorted(([a, timesA], [b, timesB]) => timesB - timesA || compare(a, b))
    .slice(0, k)
    .map(([value, count]) => ({ value, count, error }));
}

/** An order of all values that can be counted: by kind, then by value. */
function compare(a: Hashable, b: Hashable): number {
  const [kindA, kindB] = [typeof a, typeof b];
  if (kindA !== kindB) return kindA < kindB ? -1 : 1;
  if (a === b || a === null || b === null || a === undefined || b === undefined) return 0;
  return a < b ? -1 : 1;
}

import { describeValue } from '../event/describe-value.ts';
import type { Hashable } from '../sketches/hash-value.ts';
import { HyperLogLog } from '../sketches/hyper-log-log.ts';
import type { Aggregate, Retractable } from './aggregate.ts';

export interface DistinctOptions {
  /** Up to how many different ones the count is exact; beyond, it is estimated. Default `10_000`. */
  readonly maxExact?: number;
}

/** The different ones themselves, until there are too many. */
interface DistinctState {
  seen: Set<Hashable>;
  sketch: HyperLogLog | undefined;
}

/**
 * Counts how many different ones there are; as a `Set` tells them apart.
 *
 * Exact up to `maxExact`, then an estimate with a standard error of 0.8 % in 16 KB (HyperLogLog), so that
 * memory is bounded whatever comes. In sliding windows always exact. O(1).
 *
 * @throws RangeError when `maxExact` is not a whole number of at least 0.
 * @example
 * ```ts
 * of('ann', 'bob', 'ann').pipe(aggregate({ users: distinct((x) => x) })); // => { users: 2 }
 * ```
 */
export function distinct<T>(
  select: (value: T) => Hashable,
  options: DistinctOptions = {},
): Aggregate<T, number, DistinctState, Hashable> {
  const { maxExact = 10_000 } = options;
  if (!(Number.isSafeInteger(maxExact) && maxExact >= 0)) {
    throw new RangeError(`maxExact must be a whole number of at least 0, got ${describeValue(maxExact)}`);
  }

  function add(state: DistinctState, read: Hashable): void {
    if (state.sketch !== undefined) {
      state.sketch.add(read);
      return;
    }
    state.seen.add(read);
    if (state.seen.size > maxExact) estimate(state);
  }

  return {
    read: (value) => hashable(select(value)),
    create: () => ({ seen: new Set(), sketch: undefined }),
    add,
    merge(into, from) {
      if (from.sketch !== undefined) estimate(into).merge(from.sketch);
      else from.seen.forEach((value) => add(into, value));
    },
    result: ({ seen, sketch }) => sketch?.count() ?? seen.size,
    retractable: distinctNow,
  };
}

/** Turns a state into a sketch. */
function estimate(state: DistinctState): HyperLogLog {
  if (state.sketch !== undefined) return state.sketch;
  const sketch = new HyperLogLog();
  state.seen.forEach((value) => sketch.add(value));
  state.seen.clear();
  state.sketch = sketch;
  return sketch;
}

/** Objects are refused: equal ones would count as many, and a sketch cannot tell them at all. */
export function hashable(value: Hashable): Hashable {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return value;
  throw new TypeError(`distinct values must be text, numbers or booleans, got ${describeValue(value)}`);
}

/** How often each is in a sliding window, which holds them all anyway. */
export const distinctNow: Retractable<Hashable, number, Map<Hashable, number>> = {
  create: () => new Map(),
  add(times, read) {
    times.set(read, (times.get(read) ?? 0) + 1);
  },
  remove(times, read) {
    const left = (times.get(read) ?? 0) - 1;
    if (left > 0) times.set(read, left);
    else times.delete(read);
  },
  result: (times) => times.size,
};

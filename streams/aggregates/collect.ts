import { describeValue } from '../event/describe-value.ts';
import type { Aggregate } from './aggregate.ts';

export interface CollectOptions {
  /** How many to keep at most: the earliest. `count()` beside it tells how many there were. Default `1_000`. */
  readonly max?: number;
}

/** What was collected, in order of event time from `head` on; before it lies what was removed. */
interface CollectState<V> {
  times: number[];
  values: V[];
  head: number;
}

/**
 * Collects the values, or what `select` reads from them, in order of event time: at most `max`, the earliest; of
 * one time, in order of coming.
 *
 * O(1) for a value that comes in order, O(max) for one that does not.
 *
 * @throws RangeError when `max` is not a whole number of at least 1.
 * @example
 * ```ts
 * of(3, 1, 2).pipe(aggregate({ all: collect() }, { time: (x) => x })); // => { all: [1, 2, 3] }
 * ```
 */
export function collect<T>(
  options?: CollectOptions & { readonly select?: never },
): Aggregate<T, readonly T[], CollectState<T>, T>;
export function collect<T, V>(
  options: CollectOptions & { readonly select: (value: T) => V },
): Aggregate<T, readonly V[], CollectState<V>, V>;
export function collect<T, V>(
  options: CollectOptions & { readonly select?: (value: T) => V } = {},
): Aggregate<T, readonly V[], CollectState<V>, V> {
  const { select, max = 1_000 } = options;
  if (!(Number.isSafeInteger(max) && max >= 1)) {
    throw new RangeError(`max must be a whole number of at least 1, got ${describeValue(max)}`);
  }

  function insert(state: CollectState<V>, value: V, time: number): void {
    const { times, values } = state;
    let place = times.length;
    while (place > state.head && (times[place - 1] ?? 0) > time) place -= 1;
    if (place === times.length) {
      times.push(time);
      values.push(value);
    } else {
      times.splice(place, 0, time);
      values.splice(place, 0, value);
    }
  }

  function insertBounded(state: CollectState<V>, value: V, time: number): void {
    const full = state.times.length === max;
    if (full && !(time < (state.times[max - 1] ?? 0))) return;
    insert(state, value, time);
    if (!full) return;
    state.times.pop();
    state.values.pop();
  }

  const create = (): CollectState<V> => ({ times: [], values: [], head: 0 });
  return {
    // Without `select`, V is T.
    read: select ?? ((value) => value as unknown as V),
    create,
    add: insertBounded,
    merge(into, from) {
      for (const [at, value] of from.values.entries()) insertBounded(into, value, from.times[at] ?? 0);
    },
    result: ({ values }) => values.slice(),
    retractable: {
      create,
      // All are kept here: when the oldest goes, one beyond `max` takes its place. The window bounds them.
      add: insert,
      remove: removeOldest,
      result: ({ values, head }) => values.slice(head, head + max),
    },
  };
}

function removeOldest(state: CollectState<unknown>): void {
  state.values[state.head] = undefined;
  state.head += 1;
  if (state.head < 64 || state.head * 2 < state.values.length) return;
  state.times.splice(0, state.head);
  state.values.splice(0, state.head);
  state.head = 0;
}

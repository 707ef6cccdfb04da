import type { Aggregate } from './aggregate.ts';

interface FirstState<V> {
  time: number;
  value: V | undefined;
}

/**
 * Takes the value with the earliest event time, or what `select` reads from it; of one time, the first to
 * come. `undefined` of nothing. O(1).
 *
 * @example
 * ```ts
 * const values = [{ time: 9, id: 'b' }, { time: 5, id: 'a' }];
 * from(values).pipe(
 *   aggregate({ id: first((x) => x.id) }, { time: (x) => x.time }),
 * ); // => { id: 'a' }
 * ```
 */
export function first<T>(): Aggregate<T, T | undefined, FirstState<T>, T>;
export function first<T, V>(select: (value: T) => V): Aggregate<T, V | undefined, FirstState<V>, V>;
export function first<T, V>(select?: (value: T) => V): Aggregate<T, V | undefined, FirstState<V>, V> {
  return {
    // Without `select`, V is T.
    read: select ?? ((value) => value as unknown as V),
    create: () => ({ time: Infinity, value: undefined }),
    add(state, read, time) {
      if (!(time < state.time)) return;
      state.time = time;
      state.value = read;
    },
    merge(into, from) {
      if (!(from.time < into.time)) return;
      into.time = from.time;
      into.value = from.value;
    },
    result: (state) => state.value,
  };
}

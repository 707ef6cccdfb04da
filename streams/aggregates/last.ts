import type { Aggregate } from './aggregate.ts';

interface LastState<V> {
  time: number;
  value: V | undefined;
}

/**
 * Takes the value with the latest event time, or what `select` reads from it; of one time, the last to
 * come. `undefined` of nothing. O(1).
 *
 * @example
 * ```ts
 * const values = [{ time: 9, id: 'b' }, { time: 5, id: 'a' }];
 * from(values).pipe(
 *   aggregate({ id: last((x) => x.id) }, { time: (x) => x.time }),
 * ); // => { id: 'b' }
 * ```
 */
export function last<T>(): Aggregate<T, T | undefined, LastState<T>, T>;
export function last<T, V>(select: (value: T) => V): Aggregate<T, V | undefined, LastState<V>, V>;
export function last<T, V>(select?: (value: T) => V): Aggregate<T, V | undefined, LastState<V>, V> {
  return {
    // Without `select`, V is T.
    read: select ?? ((value) => value as unknown as V),
    create: () => ({ time: -Infinity, value: undefined }),
    add(state, read, time) {
      if (time < state.time) return;
      state.time = time;
      state.value = read;
    },
    merge(into, from) {
      // A state that has seen nothing has no say, also where both have seen nothing.
      if (from.time === -Infinity || from.time < into.time) return;
      into.time = from.time;
      into.value = from.value;
    },
    result: (state) => state.value,
  };
}

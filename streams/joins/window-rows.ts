import type { Row } from './sorted-rows.ts';

/** The values of one key in a window. */
export interface WindowPair<L, R> {
  readonly lefts: Row<L>[];
  readonly rights: Row<R>[];
}

/** All that a window has taken, by key in the order the keys came. */
export interface WindowRows<L, R, K> {
  readonly start: number;
  readonly byKey: Map<K, WindowPair<L, R>>;
  size: number;
}

/** The pair of lists of a key, made if need be. */
export function pairOf<L, R, K>(window: WindowRows<L, R, K>, key: K): WindowPair<L, R> {
  let pair = window.byKey.get(key);
  if (pair === undefined) {
    pair = { lefts: [], rights: [] };
    window.byKey.set(key, pair);
  }
  return pair;
}

/** Puts rows into the order of their time, unless they are: the order in which they came must not show. */
export function inTimeOrder<T>(rows: Row<T>[]): readonly Row<T>[] {
  for (let index = 1; index < rows.length; index += 1) {
    const [before, row] = [rows[index - 1], rows[index]];
    if (before !== undefined && row !== undefined && row.time < before.time) {
      return rows.toSorted((a, b) => a.time - b.time);
    }
  }
  return rows;
}

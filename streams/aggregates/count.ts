import type { Aggregate } from './aggregate.ts';

interface CountState {
  n: number;
}

const countStates = {
  create: (): CountState => ({ n: 0 }),
  add(state: CountState, read: boolean): void {
    if (read) state.n += 1;
  },
  remove(state: CountState, read: boolean): void {
    if (read) state.n -= 1;
  },
  result: (state: CountState): number => state.n,
};

/**
 * Counts the values, or those for which `where` holds. O(1).
 *
 * @example
 * ```ts
 * of(4, 7, 9).pipe(aggregate({ n: count(), odd: count((x) => x % 2 === 1) })); // => { n: 3, odd: 2 }
 * ```
 */
export function count<T = unknown>(where?: (value: T) => boolean): Aggregate<T, number, CountState, boolean> {
  return {
    read: where ?? always,
    ...countStates,
    merge(into, from) {
      into.n += from.n;
    },
    retractable: countStates,
  };
}

function always(): boolean {
  return true;
}

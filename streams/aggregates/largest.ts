import { describeValue } from '../event/describe-value.ts';
import type { Aggregate } from './aggregate.ts';
import { numberOf } from './number-of.ts';

/** A value and what it is ranked by. */
interface Ranked<T> {
  readonly value: T;
  readonly by: number;
  readonly time: number;
}

/**
 * Keeps the `k` values with the greatest number, the greatest first; of equal ones, the earlier first.
 *
 * O(1) for a value that is not among them, O(k) for one that is.
 *
 * @throws RangeError when `k` is not a whole number of at least 1.
 * @example
 * ```ts
 * const bids = [{ by: 'ann', price: 3 }, { by: 'bob', price: 8 }];
 * from(bids).pipe(
 *   aggregate({ best: largest(1, (bid) => bid.price) }),
 * ); // => { best: [{ by: 'bob', price: 8 }] }
 * ```
 */
export function largest<T>(
  k: number,
  by: (value: T) => number,
): Aggregate<T, readonly T[], Ranked<T>[], { readonly value: T; readonly by: number }> {
  if (!(Number.isSafeInteger(k) && k >= 1)) {
    throw new RangeError(`k must be a whole number of at least 1, got ${describeValue(k)}`);
  }
  const numberBy = numberOf('largest', by);

  function insert(ranked: Ranked<T>[], entry: Ranked<T>): void {
    const lowest = ranked[k - 1];
    if (lowest !== undefined && !goesBefore(entry, lowest)) return;
    const place = ranked.findIndex((other) => goesBefore(entry, other));
    ranked.splice(place === -1 ? ranked.length : place, 0, entry);
    if (ranked.length > k) ranked.pop();
  }

  return {
    read: (value) => ({ value, by: numberBy(value) }),
    create: () => [],
    add: (ranked, { value, by }, time) => insert(ranked, { value, by, time }),
    merge(into, from) {
      for (const entry of from) insert(into, entry);
    },
    result: (ranked) => ranked.map(({ value }) => value),
  };
}

function goesBefore(a: Ranked<unknown>, b: Ranked<unknown>): boolean {
  return a.by > b.by || (a.by === b.by && a.time < b.time);
}

/**
 * An aggregate whose whole state is a few numbers, which live from `at` on in an array with those of others.
 *
 * One array of doubles for all such aggregates of a window is one object to find in memory; an object for
 * each, with a box for each number, is half a dozen. With 100 000 keys that halves the time for a value.
 */
export interface Cells<X, out R> {
  /** What the numbers are when nothing has been seen. Their count is how many there are. */
  readonly initial: readonly number[];
  add(cells: number[], at: number, read: X, time: number): void;
  /** Adds the numbers of `from`, which lie at the same place. */
  merge(into: number[], from: readonly number[], at: number): void;
  result(cells: readonly number[], at: number, spanMs: number): R;
}

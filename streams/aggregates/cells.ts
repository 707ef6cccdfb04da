/** Where numbers are kept: one array for many windows, or one for a single state. */
export type NumberCells = number[] | Float64Array;

/**
 * An aggregate whose whole state is a few numbers, which live from `at` on in an array with those of others.
 *
 * What a value costs with many keys is the waiting for memory. Numbers that lie side by side are waited for
 * once; an object for each state, with a box for each number, half a dozen times.
 */
export interface Cells<X, out R> {
  /** What the numbers are when nothing has been seen. Their count is how many there are. */
  readonly initial: readonly number[];
  add(cells: NumberCells, at: number, read: X, time: number): void;
  /** Adds the numbers that lie in `from` from `there` on. */
  merge(into: NumberCells, at: number, from: NumberCells, there: number): void;
  result(cells: NumberCells, at: number, spanMs: number): R;
}

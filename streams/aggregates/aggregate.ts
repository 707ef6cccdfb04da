import type { Cells } from './cells.ts';

/**
 * How many values become one figure, in one pass and in parts that merge.
 *
 * `read` takes from a value what is counted, and is the only part that may throw: a value is read by all
 * aggregates of a window before any of them adds it, so that a failed value is in no figure. States are
 * changed in place. For one order of event times, results must not depend on the order of adding, nor on
 * how values were split over merged states.
 */
export interface Aggregate<in T, out R, S = unknown, X = unknown> {
  /** Takes from a value what `add` needs. */
  read(value: T): X;
  /** A state that has seen nothing. */
  create(): S;
  /** Counts what was read from a value of event time `time`. */
  add(state: S, read: X, time: number): void;
  /** Adds what `from` has seen to `into`; `from` stays as it is. */
  merge(into: S, from: S): void;
  /** The figure. Called again and again as the state grows. `spanMs` is how long the window is. */
  result(state: S, spanMs: number): R;
  /** A form whose state is numbers in an array that it shares, which makes windows of many keys cheaper. */
  readonly cells?: Cells<X, R>;
  /** A form that can also forget its oldest value, which makes sliding windows cheaper. */
  readonly retractable?: Retractable<X, R>;
}

/** An aggregate of a sliding window that forgets values in the order of their adding. */
export interface Retractable<X, out R, S = unknown> {
  create(): S;
  add(state: S, read: X, time: number): void;
  /** Undoes the oldest `add` that is not undone. Exact: no error may build up. */
  remove(state: S, read: X, time: number): void;
  result(state: S, spanMs: number): R;
}

/** Aggregates by the name of their result. */
export type Aggregates<T, R> = { readonly [Name in keyof R]: Aggregate<T, R[Name]> };

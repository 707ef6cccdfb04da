import type { InputPoint } from '../windows/resume-tracker.ts';

/**
 * An event that a run has taken, and those before it.
 *
 * Runs that fork share the links up to there: the garbage collector keeps just what some run still needs,
 * which is all that a versioned shared buffer is for.
 */
export interface Link<E> {
  readonly event: E;
  /** Number of the event in the order of processing. */
  readonly sequence: number;
  readonly slot: number;
  readonly before: Link<E> | undefined;
  /** How many events the run has taken. */
  readonly length: number;
}

/** The first event of a run. */
export interface RunStart {
  readonly position: number;
  /** The earliest input that was looked at with it or after it: all that may have changed the run. */
  readonly point: InputPoint;
}

/** A run that is a match, and when that became known. */
export interface Completed<E> {
  readonly taken: Link<E>;
  readonly startTime: number;
  readonly startSequence: number;
  readonly endTime: number;
}

/** What is left of a run that did not become a match. */
export interface Ended<E> {
  readonly taken: Link<E> | undefined;
  readonly startTime: number;
  /** Event time of the last event it took. */
  readonly lastTime: number;
}

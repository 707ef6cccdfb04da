import type { InputPoint } from '../windows/resume-tracker.ts';
import type { Node } from './program.ts';

/**
 * An event that a run has taken, and those before it.
 *
 * Runs that fork share the links up to there: the garbage collector keeps just what some run still needs,
 * which is all that a versioned shared buffer is for.
 */
export interface Link<E> {
  readonly event: E;
  readonly time: number;
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

/** A match in the making. Never changes: what an event does to it gives new runs. */
export interface Run<E> {
  readonly node: Node<E>;
  /** Events taken for the stage of the node; for an `all` stage the bits of those it has. */
  readonly count: number;
  /** `undefined` while only an absence has been passed. */
  readonly taken: Link<E> | undefined;
  readonly startTime: number;
  readonly startSequence: number;
  /** Where the input must be read again from to make it again; `undefined` where nobody asks. */
  readonly start: RunStart | undefined;
  /** Bits of the steps of the node that are still possible. */
  readonly possible: number;
  /** No event has come since it took its last. */
  readonly fresh: boolean;
  /** When the wait of its node is over; `Infinity` without one. */
  readonly waitsUntil: number;
  /** Where the stages of `every` begin anew. */
  readonly anchor: Run<E> | undefined;
  /** It is in the first stages of an `every` that begin anew only when it is through or gone. */
  readonly holdsStart: boolean;
}

/** A run that is a match, and when that became known. */
export interface Completed<E> {
  readonly taken: Link<E>;
  readonly startTime: number;
  readonly startSequence: number;
  readonly endTime: number;
}

/** All that is kept of one key. */
export interface KeyState<E, K> {
  key: K;
  /** In the order they began, those of one event in the order they took their events. */
  runs: Run<E>[];
  /** Matches that wait for runs that began before them, in the order they began. */
  held: Completed<E>[];
  /** Whether an event may start a run. */
  mayStart: boolean;
  /** When the pattern's leading absence is over; `Infinity` when there is none or it is over. */
  startsAt: number;
  /** When the first of its runs expires or has waited enough. */
  nextDeadline: number;
  /** The earliest of its entries among the deadlines of all keys; `Infinity` when it has none. */
  scheduledAt: number;
  /** It counts among the keys that have runs. */
  live: boolean;
  /** It stands among the keys whose first run may be needed again. */
  tracked: boolean;
  /** It is out of the table; only a deadline may still lead to it. */
  gone: boolean;
}

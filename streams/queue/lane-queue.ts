import type { Priority } from '../event/priority.ts';

/** How the next lane is picked. */
export type LaneStrategy = 'weighted' | 'strict' | 'aged';

/** Which events may not overlap or swap. */
export type Ordering = 'none' | 'key' | 'total';

export interface LaneOptions {
  /** How the next lane is picked. Default `'weighted'`. */
  readonly strategy?: LaneStrategy;
  /** Starts a round for critical, high, normal, low (`weighted`). Default `[8, 4, 2, 1]`. */
  readonly weights?: readonly [critical: number, high: number, normal: number, low: number];
  /** Milliseconds of waiting that lift an event by one lane (`aged`). Default `10_000`. */
  readonly agingMs?: number;
  /** The lane that waiting cannot lift an event above (`aged`). Default `'high'`. */
  readonly ceiling?: Priority;
}

/**
 * Events that wait, in four lanes, 0 (`critical`) to 3 (`low`).
 *
 * Unbounded by itself: `Mailbox` puts the bound and the overflow policy around it. Not aware of time
 * either: callers pass `now` in any one unit (the same as `agingMs`).
 */
export interface LaneQueue<T> {
  /** How many events wait. */
  readonly size: number;
  /** How many events of one lane wait. */
  depth(lane: number): number;
  /** Adds an event at the end of its lane (and of its key). O(1). */
  push(item: T, lane: number, key: string | undefined, now: number): void;
  /** Removes and returns the event to start next; `undefined` when none may start. O(1). */
  take(now: number): T | undefined;
  /** The lane, as pushed, of the event that `take` gave last. */
  readonly takenLane: number;
  /** The taken event of `key` has settled for good: the key's next may start. */
  release(key: string | undefined): void;
  /**
   * Puts a taken event back where it was: before all of its lane that came later, first of its key.
   * Until then its key, if ordered, stays closed.
   */
  restore(item: T, lane: number, key: string | undefined, now: number): void;
  /** Removes and returns the event that was pushed first, whatever its lane. O(1). */
  evictOldest(): T | undefined;
  /** Removes and returns the event of this lane that was pushed last. O(1). */
  evictNewest(lane: number): T | undefined;
  /** Removes and returns all, in no order that matters. */
  clear(): T[];
}

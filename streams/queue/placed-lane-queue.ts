import type { LaneQueue } from './lane-queue.ts';

/**
 * A lane queue that can say where a taken event stood, and put it back exactly there.
 *
 * A taken event is not remembered, so only its taker can know its place: read `takenPlace` after `take`
 * and give it to `restore`.
 */
export interface PlacedLaneQueue<T> extends LaneQueue<T> {
  /** The place of the event that `take` gave last. Orders the events of one lane by when they were pushed. */
  readonly takenPlace: number;
  /** The lane, as pushed, of the event that `evictOldest` gave last. */
  readonly evictedLane: number;
  /**
   * Puts a taken event back before all of its lane that were pushed after it, first of its key.
   *
   * Without `place`, it goes behind what of its lane has been taken and came back, before the rest.
   */
  restore(item: T, lane: number, key: string | undefined, now: number, place?: number): void;
}

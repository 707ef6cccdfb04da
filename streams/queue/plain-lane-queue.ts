import type { Aging } from './aging.ts';
import type { LaneRounds } from './lane-rounds.ts';
import { Lane } from './lane.ts';
import type { PlacedLaneQueue } from './placed-lane-queue.ts';

/**
 * Four lanes in which nothing holds back anything else (order `none`): keys are ignored.
 *
 * Push and take cost some 10 ns together. An event costs 8 bytes, 16 with sequence numbers (`sequenced`,
 * which `evictOldest` needs), 24 with aging; twice that at most, for a ring grows by doubling.
 */
export class PlainLaneQueue<T> implements PlacedLaneQueue<T> {
  /** The lane, as pushed, of the event that `take` gave last. */
  takenLane = 0;
  /** The place in its lane of the event that `take` gave last. */
  takenPlace = 0;
  /** The lane of the event that `evictOldest` gave last. */
  evictedLane = 0;
  readonly #lanes: readonly Lane<T>[];
  readonly #rounds: LaneRounds;
  readonly #aging: Aging | undefined;
  readonly #sequenced: boolean;
  /** The place of the event taken last, by lane. */
  readonly #latest = new Float64Array(4);
  /** Bit i is set while lane i is not empty. */
  #occupied = 0;
  #size = 0;
  #sequence = 0;

  constructor(rounds: LaneRounds, aging: Aging | undefined, sequenced: boolean) {
    const stamps = { sequence: sequenced || aging !== undefined, time: aging !== undefined };
    this.#lanes = [new Lane<T>(stamps), new Lane<T>(stamps), new Lane<T>(stamps), new Lane<T>(stamps)];
    this.#rounds = rounds;
    this.#aging = aging;
    this.#sequenced = stamps.sequence;
  }

  get size(): number {
    return this.#size;
  }

  depth(lane: number): number {
    return this.#lane(lane).size;
  }

  push(item: T, lane: number, _key: string | undefined, now: number): void {
    this.#lane(lane).push(item, this.#sequence, now);
    this.#sequence += 1;
    this.#size += 1;
    this.#occupied |= 1 << lane;
  }

  take(now: number): T | undefined {
    if (this.#size === 0) return undefined;
    const lane =
      this.#aging === undefined ? this.#rounds.pick(this.#occupied) : this.#oldest(this.#aging, now);
    this.takenLane = lane;
    const events = this.#lane(lane);
    const place = events.frontPlace;
    this.takenPlace = place;
    this.#latest[lane] = place;
    const item = events.popFront();
    this.#removed(lane);
    return item;
  }

  release(): void {}

  restore(item: T, lane: number, _key: string | undefined, now: number, place?: number): void {
    this.#lane(lane).restore(item, place ?? this.#latest[lane] ?? 0, now);
    this.#size += 1;
    this.#occupied |= 1 << lane;
  }

  evictOldest(): T | undefined {
    if (!this.#sequenced) throw new TypeError('evictOldest needs a queue made with evictsOldest: true');
    if (this.#size === 0) return undefined;
    let oldest = 0;
    let place = Infinity;
    for (let lane = 0; lane < 4; lane += 1) {
      if ((this.#occupied & (1 << lane)) === 0) continue;
      const front = this.#lane(lane).frontPlace;
      if (front < place) {
        place = front;
        oldest = lane;
      }
    }
    this.evictedLane = oldest;
    const item = this.#lane(oldest).popFront();
    this.#removed(oldest);
    return item;
  }

  evictNewest(lane: number): T | undefined {
    const item = this.#lane(lane).popBack();
    if (item !== undefined) this.#removed(lane);
    return item;
  }

  clear(): T[] {
    const items: T[] = [];
    for (let lane = 0; lane < 4; lane += 1) {
      for (let item = this.evictNewest(lane); item !== undefined; item = this.evictNewest(lane))
        items.push(item);
    }
    return items;
  }

  /** The occupied lane whose first event is the most urgent after aging; of equals, the one pushed first. */
  #oldest(aging: Aging, now: number): number {
    let best = 0;
    let bestLevel = Infinity;
    let bestPlace = Infinity;
    for (let lane = 0; lane < 4; lane += 1) {
      if ((this.#occupied & (1 << lane)) === 0) continue;
      const candidate = this.#lane(lane);
      const level = aging.level(lane, now - candidate.frontSince);
      const place = candidate.frontPlace;
      if (level < bestLevel || (level === bestLevel && place < bestPlace)) {
        best = lane;
        bestLevel = level;
        bestPlace = place;
      }
    }
    return best;
  }

  #removed(lane: number): void {
    this.#size -= 1;
    if (this.#lane(lane).size === 0) this.#occupied &= ~(1 << lane);
  }

  #lane(lane: number): Lane<T> {
    return this.#lanes[lane] as Lane<T>;
  }
}

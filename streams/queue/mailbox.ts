import { describeValue } from '../event/describe-value.ts';
import { Admission } from './admission.ts';
import { createLaneQueue } from './create-lane-queue.ts';
import type { LaneOptions, Ordering } from './lane-queue.ts';
import type { PlacedLaneQueue } from './placed-lane-queue.ts';

/** What happens to an event that finds the mailbox full. */
export type Overflow = 'block' | 'drop-newest' | 'drop-oldest' | 'drop-lowest' | 'reject';

/** Why an event left the mailbox without being taken. */
export type DropReason = 'drop-newest' | 'drop-oldest' | 'drop-lowest' | 'unsubscribed';

/** What became of an event that was offered. `blocked`: it is in, but its publisher should wait for room. */
export type OfferResult = 'accepted' | 'blocked' | 'dropped' | 'rejected';

export interface MailboxOptions extends LaneOptions {
  /** Which events may not overlap or swap. Default `'none'`. */
  readonly order?: Ordering;
  /** Events, waiting in all lanes or for their retry, at which it is full. Default `1024`. */
  readonly capacity?: number;
  /**
   * What to do when it is full. Default `'block'`.
   *
   * `drop-newest` drops the newcomer, `drop-oldest` what was pushed first, `drop-lowest` the newest of the
   * lowest lane that is below the newcomer's, or else the newcomer. `reject` refuses the newcomer.
   */
  readonly overflow?: Overflow;
  /** Events over capacity whose publishers may wait (`block`); what comes then is refused. Default `100_000`. */
  readonly maxBlocked?: number;
}

/**
 * Bounded lanes in front of one subscriber.
 *
 *     offer ─► [ waiting, in lanes ] ── take ─► running ── park ─► [ parked ] ── unpark ─► waiting
 *
 * Waiting and parked events count against `capacity`, running ones do not. A running event may be parked
 * when the mailbox is full, so the hard bound is: waiting + parked <= capacity + concurrency, and with
 * `block` another `maxBlocked`. Parked events are never evicted.
 *
 * With `block`, an event over capacity enters its lane at once, so that priority and key order hold for it
 * too, and counts as blocked until takes have made room: blocked <= max(0, waiting + parked - capacity),
 * equal unless parking has gone over capacity. It knows no clock and makes no promise: callers pass `now`.
 */
export class Mailbox<T> {
  /** Events, waiting or parked, at which it is full. */
  readonly capacity: number;
  /** Whether it makes use of `now`; if not, callers may pass 0 and spare themselves the clock. */
  readonly timed: boolean;
  readonly #overflow: Overflow;
  readonly #maxBlocked: number;
  readonly #lanes: PlacedLaneQueue<T>;
  readonly #admission = new Admission();
  readonly #onDrop: (item: T, lane: number, reason: DropReason) => void;
  #parked = 0;
  #blocked = 0;

  /** `onDrop` is called for each event that the overflow policy or `discard` drops, and must not throw. */
  constructor(options: MailboxOptions, onDrop: (item: T, lane: number, reason: DropReason) => void) {
    const { capacity = 1024, overflow = 'block', maxBlocked = 100_000 } = options;
    checkCount('capacity', capacity, 1);
    checkCount('maxBlocked', maxBlocked, 0);
    if (!policies.includes(overflow)) {
      throw new TypeError(`overflow must be one of ${policies.join(', ')}; got ${describeValue(overflow)}`);
    }
    this.capacity = capacity;
    this.timed = options.strategy === 'aged';
    this.#overflow = overflow;
    this.#maxBlocked = maxBlocked;
    this.#lanes = createLaneQueue<T>({ ...options, evictsOldest: overflow === 'drop-oldest' });
    this.#onDrop = onDrop;
  }

  /** How many events wait in the lanes. */
  get size(): number {
    return this.#lanes.size;
  }

  /** How many taken events wait for their retry. */
  get parked(): number {
    return this.#parked;
  }

  /** How many events are in over capacity, their publishers waiting. */
  get blocked(): number {
    return this.#blocked;
  }

  /** How full it is: 1 at capacity, more while publishers are blocked. */
  get utilization(): number {
    return (this.#lanes.size + this.#parked) / this.capacity;
  }

  /** The lane, as offered, of the event taken last. */
  get takenLane(): number {
    return this.#lanes.takenLane;
  }

  /** The place in its lane of the event taken last; `unpark` wants it back. */
  get takenPlace(): number {
    return this.#lanes.takenPlace;
  }

  /** How many events of one lane wait. */
  depth(lane: number): number {
    return this.#lanes.depth(lane);
  }

  /** Whether `count` more events would be accepted, with nothing blocked, dropped or refused. */
  roomFor(count: number): boolean {
    return this.#lanes.size + this.#parked + count <= this.capacity;
  }

  /** Lets an event in, or does with it what the overflow policy says. O(1). */
  offer(item: T, lane: number, key: string | undefined, now: number): OfferResult {
    if (this.#lanes.size + this.#parked < this.capacity) {
      this.#lanes.push(item, lane, key, now);
      return 'accepted';
    }
    switch (this.#overflow) {
      case 'block':
        if (this.#blocked >= this.#maxBlocked) return 'rejected';
        this.#lanes.push(item, lane, key, now);
        this.#blocked += 1;
        return 'blocked';
      case 'reject':
        return 'rejected';
      case 'drop-newest':
        return this.#drop(item, lane, 'drop-newest');
      case 'drop-oldest':
        return this.#replaceOldest(item, lane, key, now);
      case 'drop-lowest':
        return this.#replaceLowest(item, lane, key, now);
    }
  }

  /**
   * Calls `admitted` when takes have made room for `count` blocked events of `lane`; at once if there is
   * room already. Each take that makes room admits one event: of the oldest waiter of the lane taken from,
   * else of the most urgent lane that has a waiter.
   *
   * `admitted` is called in the middle of a take and must not call the mailbox. The function returned makes
   * the mailbox forget the waiter; its events stay.
   */
  whenAdmitted(lane: number, count: number, admitted: () => void): () => void {
    const unclaimed = this.#blocked - this.#admission.remaining;
    return this.#admission.wait(lane, Math.min(count, unclaimed), admitted);
  }

  /** Removes and returns the event to start next; `undefined` when none may start. O(1). */
  take(now: number): T | undefined {
    const item = this.#lanes.take(now);
    if (this.#blocked > 0) this.#admit(this.#lanes.takenLane);
    return item;
  }

  /** The taken event of `key` has settled for good: the key's next may start. */
  release(key: string | undefined): void {
    this.#lanes.release(key);
  }

  /** A taken event waits for its retry outside the lanes; its key, if ordered, stays closed. */
  park(): void {
    this.#parked += 1;
  }

  /** A parked event waits in the lanes again, where it was: see `takenPlace`. */
  unpark(item: T, lane: number, key: string | undefined, now: number, place?: number): void {
    this.#parked -= 1;
    this.#lanes.restore(item, lane, key, now, place);
  }

  /** A parked event will not come back: its room and its key are free. */
  abandon(key: string | undefined): void {
    this.#parked -= 1;
    this.#lanes.release(key);
    this.#admit(0);
  }

  /** Removes and returns all that wait, in no order that matters, and lets all waiting publishers go. */
  clear(): T[] {
    const items = this.#lanes.clear();
    while (this.#blocked > 0) {
      this.#blocked -= 1;
      this.#admission.admit(0);
    }
    return items;
  }

  /** Drops all that wait, lane by lane and oldest first, and lets all waiting publishers go. */
  discard(reason: DropReason): void {
    for (let lane = 0; lane < 4; lane += 1) {
      const items: T[] = [];
      while (this.#lanes.depth(lane) > 0) {
        const item = this.#lanes.evictNewest(lane);
        if (item !== undefined) items.push(item);
      }
      for (const item of items.toReversed()) this.#onDrop(item, lane, reason);
    }
    this.clear();
  }

  /** One event less: admits a blocked one if that made room. */
  #admit(lane: number): void {
    if (this.#blocked === 0 || this.#blocked <= this.#lanes.size + this.#parked - this.capacity) return;
    this.#blocked -= 1;
    this.#admission.admit(lane);
  }

  #replaceOldest(item: T, lane: number, key: string | undefined, now: number): OfferResult {
    const oldest = this.#lanes.evictOldest();
    // All that it holds is parked, and parked events are never evicted.
    if (oldest === undefined) return this.#drop(item, lane, 'drop-oldest');
    const oldestLane = this.#lanes.evictedLane;
    this.#lanes.push(item, lane, key, now);
    this.#onDrop(oldest, oldestLane, 'drop-oldest');
    return 'accepted';
  }

  #replaceLowest(item: T, lane: number, key: string | undefined, now: number): OfferResult {
    let lowest = 3;
    while (lowest > lane && this.#lanes.depth(lowest) === 0) lowest -= 1;
    if (lowest <= lane) return this.#drop(item, lane, 'drop-lowest');
    const newest = this.#lanes.evictNewest(lowest);
    if (newest === undefined) return this.#drop(item, lane, 'drop-lowest');
    this.#lanes.push(item, lane, key, now);
    this.#onDrop(newest, lowest, 'drop-lowest');
    return 'accepted';
  }

  #drop(item: T, lane: number, reason: DropReason): OfferResult {
    this.#onDrop(item, lane, reason);
    return 'dropped';
  }
}

const policies: readonly Overflow[] = ['block', 'drop-newest', 'drop-oldest', 'drop-lowest', 'reject'];

function checkCount(name: string, value: number, least: number): void {
  if (value === Infinity || (Number.isInteger(value) && value >= least)) return;
  throw new RangeError(
    `${name} must be an integer of at least ${least}, or Infinity, got ${describeValue(value)}`,
  );
}

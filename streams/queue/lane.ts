import { ReturnedEvents } from './returned-events.ts';

/** Below this many slots an emptied lane keeps its memory: giving it back would cost more than it saves. */
const keptSlots = 1024;
const firstSlots = 16;

/** What a lane remembers of each event besides the event: 8 bytes for each that is `true`. */
export interface LaneStamps {
  /** The sequence number of its push, to compare events of different lanes. */
  readonly sequence: boolean;
  /** When it was pushed. */
  readonly time: boolean;
}

/**
 * One lane of waiting events, first in, first out.
 *
 *     returned (sorted by place) │ ring: items, and sequence numbers and times where asked for
 *
 * A ring of its own rather than a `RingBuffer` of records: an event costs 8 bytes here, 24 with both
 * stamps, and no object. An event's *place* orders it among those of its lane: its sequence number, or
 * without those the count of events that left the ring before it.
 */
export class Lane<T> {
  readonly #returned = new ReturnedEvents<T>();
  #items: (T | undefined)[] = [];
  #sequences: Float64Array | undefined;
  #times: Float64Array | undefined;
  #mask = firstSlots - 1;
  #head = 0;
  #size = 0;
  #left = 0;

  constructor(stamps: LaneStamps) {
    this.#sequences = stamps.sequence ? new Float64Array(firstSlots) : undefined;
    this.#times = stamps.time ? new Float64Array(firstSlots) : undefined;
    this.#items.length = firstSlots;
  }

  get size(): number {
    return this.#size + this.#returned.size;
  }

  /** The place of the first event. */
  get frontPlace(): number {
    const first = this.#returned.peekFront();
    if (first !== undefined) return first.place;
    return this.#sequences === undefined ? this.#left : (this.#sequences[this.#head] ?? 0);
  }

  /** From when the waiting of the first event counts; `Infinity` if unknown. */
  get frontSince(): number {
    const first = this.#returned.peekFront();
    return first === undefined ? this.#ringSince() : first.since;
  }

  push(item: T, sequence: number, now: number): void {
    if (this.#size > this.#mask) this.#resize(this.#items.length * 2);
    const tail = (this.#head + this.#size) & this.#mask;
    this.#items[tail] = item;
    if (this.#sequences !== undefined) this.#sequences[tail] = sequence;
    if (this.#times !== undefined) this.#times[tail] = now;
    this.#size += 1;
  }

  /** Puts an event back where it stood. */
  restore(item: T, place: number, now: number): void {
    // It waits for longer than whatever came after it, whenever it was that it came back.
    this.#returned.add(item, place, Math.min(now, this.#ringSince()));
  }

  /** Removes and returns the first event. */
  popFront(): T | undefined {
    if (this.#returned.size > 0) return this.#returned.popFront()?.item;
    if (this.#size === 0) return undefined;
    const head = this.#head;
    const item = this.#items[head];
    this.#items[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.#left += 1;
    this.#size -= 1;
    if (this.#size === 0 && this.#mask >= keptSlots) this.#resize(firstSlots);
    return item;
  }

  /** Removes and returns the last event. */
  popBack(): T | undefined {
    if (this.#size === 0) return this.#returned.popBack()?.item;
    this.#size -= 1;
    const tail = (this.#head + this.#size) & this.#mask;
    const item = this.#items[tail];
    this.#items[tail] = undefined;
    if (this.#size === 0 && this.#mask >= keptSlots) this.#resize(firstSlots);
    return item;
  }

  #ringSince(): number {
    return this.#times === undefined || this.#size === 0 ? Infinity : (this.#times[this.#head] ?? Infinity);
  }

  #resize(slots: number): void {
    const items: (T | undefined)[] = [];
    // Sized at once: an array grown by assignment is copied again and again, and over-allocates by half.
    items.length = slots;
    for (let i = 0; i < this.#size; i += 1) items[i] = this.#items[(this.#head + i) & this.#mask];
    this.#items = items;
    if (this.#sequences !== undefined) this.#sequences = this.#unrolled(this.#sequences, slots);
    if (this.#times !== undefined) this.#times = this.#unrolled(this.#times, slots);
    this.#mask = slots - 1;
    this.#head = 0;
  }

  #unrolled(stamps: Float64Array, slots: number): Float64Array {
    const copy = new Float64Array(slots);
    for (let i = 0; i < this.#size; i += 1) copy[i] = stamps[(this.#head + i) & this.#mask] ?? 0;
    return copy;
  }
}

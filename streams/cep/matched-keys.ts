import { none, resized } from '../queue/linked-lists.ts';
import { Slots } from '../queue/slots.ts';
import type { Completed } from './run.ts';

/**
 * What is kept of the keys of a pattern. A key is a number here: its place in columns that all keys share, as
 * for the runs. One that `known` does not list is only being looked at, and may be given back.
 */
export class MatchedKeys<E, K> {
  readonly #slots = new Slots();
  readonly #places = new Map<K, number>();
  readonly #names: (K | undefined)[] = [];
  #isKnown = new Uint8Array(this.#slots.capacity);
  /** The first run, or `none`: in the order they began, those of one event in the order they took their events. */
  first = new Int32Array(this.#slots.capacity);
  /** How many runs. */
  runs = new Int32Array(this.#slots.capacity);
  /** 1 when an event may start a run. */
  mayStart = new Uint8Array(this.#slots.capacity);
  /** When the pattern's leading absence is over; `Infinity` when there is none or it is over. */
  startsAt = new Float64Array(this.#slots.capacity);
  /** When the first of its runs expires or has waited enough. */
  nextDeadline = new Float64Array(this.#slots.capacity);
  /** The earliest of its entries among the deadlines of all keys; `Infinity` when it has none. */
  scheduledAt = new Float64Array(this.#slots.capacity);
  /** 1 when it counts among the keys that have runs. */
  live = new Uint8Array(this.#slots.capacity);
  /** Matches that wait for runs that began before them, in the order they began; `undefined` for none yet. */
  readonly held: (Completed<E>[] | undefined)[] = [];

  /** How many keys are known. */
  get size(): number {
    return this.#places.size;
  }

  /** The known keys, in the order they became known. */
  known(): IterableIterator<number> {
    return this.#places.values();
  }

  isKnown(key: number): boolean {
    return this.#isKnown[key] === 1;
  }

  /** The place of a known key, or `none`. */
  find(name: K): number {
    return this.#places.get(name) ?? none;
  }

  nameOf(key: number): K {
    // A place that is taken has a name.
    return this.#names[key] as K;
  }

  /** A place for a key that is not known: without runs, and none may start before `startsAt`. */
  take(name: K, startsAt: number): number {
    if (this.#slots.full) {
      this.#slots.grow();
      this.#fit();
    }
    const key = this.#slots.take();
    this.#names[key] = name;
    this.first[key] = none;
    this.runs[key] = 0;
    this.mayStart[key] = startsAt === Infinity ? 1 : 0;
    this.startsAt[key] = startsAt;
    this.nextDeadline[key] = startsAt;
    this.scheduledAt[key] = Infinity;
    this.live[key] = 0;
    this.#isKnown[key] = 0;
    return key;
  }

  /** Makes a key known. */
  keep(key: number): void {
    this.#places.set(this.nameOf(key), key);
    this.#isKnown[key] = 1;
  }

  /** Gives a place back. The key has no runs. */
  leave(key: number): void {
    if (this.#isKnown[key] === 1) this.#places.delete(this.nameOf(key));
    this.#isKnown[key] = 0;
    this.#names[key] = undefined;
    if (this.held.length > key) this.held[key] = undefined;
    this.#slots.give(key);
    if (this.#slots.emptied()) this.#fit();
  }

  #fit(): void {
    const { capacity } = this.#slots;
    if (this.#names.length > capacity) this.#names.length = capacity;
    if (this.held.length > capacity) this.held.length = capacity;
    this.#isKnown = resized(this.#isKnown, capacity);
    this.first = resized(this.first, capacity);
    this.runs = resized(this.runs, capacity);
    this.mayStart = resized(this.mayStart, capacity);
    this.startsAt = resized(this.startsAt, capacity);
    this.nextDeadline = resized(this.nextDeadline, capacity);
    this.scheduledAt = resized(this.scheduledAt, capacity);
    this.live = resized(this.live, capacity);
  }
}

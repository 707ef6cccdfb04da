import { resized } from '../queue/linked-lists.ts';
import { Slots } from '../queue/slots.ts';
import type { Node } from './program.ts';
import type { Ended, Link, RunStart } from './run.ts';

/** A run as it was, to begin from it again. */
export interface Anchor<E> {
  readonly node: Node<E>;
  readonly count: number;
  readonly taken: Link<E> | undefined;
  readonly startTime: number;
  readonly startSequence: number;
  readonly lastTime: number;
  readonly start: RunStart | undefined;
  readonly waitsUntil: number;
  readonly anchor: Anchor<E> | 'start' | undefined;
  readonly holdsStart: boolean;
}

/**
 * The runs of all keys. A run is a number: its place in columns that all runs share.
 *
 * With many keys an event costs what it waits for memory: as objects, the runs of 10,000 keys take several times
 * what the near cache holds, as columns they fit. What an event does to a run gives new runs; only time, and
 * the owner that puts them in a row, change one in place.
 */
export class RunTable<E> {
  readonly #slots = new Slots();
  readonly node: Node<E>[] = [];
  /** The last event it took; `undefined` in places that no run has. */
  readonly taken: (Link<E> | undefined)[] = [];
  /** Where the input must be read again from to make it again; empty where nobody asks. */
  readonly start: (RunStart | undefined)[] = [];
  /** Where the stages of `every` begin anew: `start` as the first of a run. Empty for patterns without. */
  readonly anchor: (Anchor<E> | 'start' | undefined)[] = [];
  /** The next run of the same key, or `none`. */
  next = new Int32Array(this.#slots.capacity);
  /** Events taken for the stage of the node; for an `all` stage the bits of those it has. */
  count = new Int32Array(this.#slots.capacity);
  /** Bits of the steps of the node that are still possible. */
  possible = new Int32Array(this.#slots.capacity);
  /** 1 when no event has come since it took its last. */
  fresh = new Uint8Array(this.#slots.capacity);
  /** 1 when it is in the first stages of an `every` that begin anew only when it is through or gone. */
  holdsStart = new Uint8Array(this.#slots.capacity);
  startTime = new Float64Array(this.#slots.capacity);
  startSequence = new Float64Array(this.#slots.capacity);
  /** Event time of the event it took last. */
  lastTime = new Float64Array(this.#slots.capacity);
  /** When the wait of its node is over; `Infinity` without one. */
  waitsUntil = new Float64Array(this.#slots.capacity);

  /** How many runs there are. */
  get size(): number {
    return this.#slots.used;
  }

  /** A place for a run, to be filled in by whoever takes it. */
  take(): number {
    if (this.#slots.full) {
      this.#slots.grow();
      this.#fit();
    }
    return this.#slots.take();
  }

  free(run: number): void {
    this.taken[run] = undefined;
    if (this.start.length > run) this.start[run] = undefined;
    if (this.anchor.length > run) this.anchor[run] = undefined;
    this.#slots.give(run);
    if (this.#slots.emptied()) this.#fit();
  }

  /** The same run after an event that it has not taken, which left it so many steps. */
  passedBy(run: number, possible: number): number {
    const copy = this.take();
    this.node[copy] = this.node[run] as Node<E>;
    this.taken[copy] = this.taken[run];
    if (this.start.length > run) this.start[copy] = this.start[run];
    if (this.anchor.length > run) this.anchor[copy] = this.anchor[run];
    this.count[copy] = this.count[run] as number;
    this.possible[copy] = possible;
    this.fresh[copy] = 0;
    this.holdsStart[copy] = this.holdsStart[run] as number;
    this.startTime[copy] = this.startTime[run] as number;
    this.startSequence[copy] = this.startSequence[run] as number;
    this.lastTime[copy] = this.lastTime[run] as number;
    this.waitsUntil[copy] = this.waitsUntil[run] as number;
    return copy;
  }

  /** Puts a run in: as it was, but with all steps of its node possible again. */
  again(anchor: Anchor<E>): number {
    const run = this.take();
    this.node[run] = anchor.node;
    this.taken[run] = anchor.taken;
    if (anchor.start !== undefined) this.start[run] = anchor.start;
    if (anchor.anchor !== undefined) this.anchor[run] = anchor.anchor;
    this.count[run] = anchor.count;
    this.possible[run] = anchor.node.allSteps;
    this.fresh[run] = 0;
    this.holdsStart[run] = anchor.holdsStart ? 1 : 0;
    this.startTime[run] = anchor.startTime;
    this.startSequence[run] = anchor.startSequence;
    this.lastTime[run] = anchor.lastTime;
    this.waitsUntil[run] = anchor.waitsUntil;
    return run;
  }

  anchorAt(run: number): Anchor<E> {
    return {
      node: this.node[run] as Node<E>,
      count: this.count[run] as number,
      taken: this.taken[run],
      startTime: this.startTime[run] as number,
      startSequence: this.startSequence[run] as number,
      lastTime: this.lastTime[run] as number,
      start: this.start[run],
      waitsUntil: this.waitsUntil[run] as number,
      anchor: this.anchor[run],
      holdsStart: this.holdsStart[run] === 1,
    };
  }

  /** What is told of a run that did not become a match. */
  ended(run: number): Ended<E> {
    return {
      taken: this.taken[run],
      startTime: this.startTime[run] as number,
      lastTime: this.lastTime[run] as number,
    };
  }

  #fit(): void {
    const { capacity } = this.#slots;
    for (const column of [this.node, this.taken, this.start, this.anchor]) {
      if (column.length > capacity) column.length = capacity;
    }
    this.next = resized(this.next, capacity);
    this.count = resized(this.count, capacity);
    this.possible = resized(this.possible, capacity);
    this.fresh = resized(this.fresh, capacity);
    this.holdsStart = resized(this.holdsStart, capacity);
    this.startTime = resized(this.startTime, capacity);
    this.startSequence = resized(this.startSequence, capacity);
    this.lastTime = resized(this.lastTime, capacity);
    this.waitsUntil = resized(this.waitsUntil, capacity);
  }
}

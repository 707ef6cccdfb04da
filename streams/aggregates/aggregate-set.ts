import { describeValue } from '../event/describe-value.ts';
import type { Aggregate, Aggregates } from './aggregate.ts';
import type { Cells } from './cells.ts';

/** What the aggregates of a set read from one value. */
export type Reads = unknown[];

/** Numbers that each slot begins with: values since its last result, and how many results it has given. */
const pendingCell = 0;
const revisionCell = 1;
const frameCells = 2;

/**
 * The aggregates of one operator, run together, and the states of all its windows.
 *
 * A window has a slot, which is a number: its place in arrays that all windows share. So a window is no
 * object, and its figures lie side by side. Slots that are closed are used again.
 *
 * A value is read by all aggregates before any adds it: if one selector throws, the value is in no figure.
 */
export class AggregateSet<T, R> {
  readonly names: readonly string[];
  readonly aggregates: readonly Aggregate<T, unknown>[];
  /** The cells of each aggregate; undefined for one whose state is an object. */
  readonly #cells: readonly (Cells<unknown, unknown> | undefined)[];
  /** Where in a slot the numbers of each aggregate begin. */
  readonly #places: readonly number[];
  /** What the numbers of a slot are at first. */
  readonly #initial: readonly number[];
  /** The objects of each aggregate, by slot; empty for one that has cells. */
  readonly #objects: readonly unknown[][];
  #numbers: Float64Array;
  readonly #free: number[] = [];
  /** How many slots there have been. */
  #slots = 0;
  /** What `read` took from the last value. */
  #reads: Reads;
  /** What is kept of some values, by aggregate. */
  readonly #kept: readonly Reads[];

  /**
   * @throws TypeError when a name is one of `reserved`, which are properties of the result already, or when
   * what it names is no aggregate.
   */
  constructor(aggregates: Aggregates<T, R>, reserved: readonly string[] = []) {
    if (typeof aggregates !== 'object' || aggregates === null) {
      throw new TypeError(
        `aggregate must be an object such as { hits: count() }, got ${describeValue(aggregates)}`,
      );
    }
    const entries = Object.entries<Aggregate<T, unknown>>(aggregates);
    for (const [name, aggregate] of entries) checkAggregate(name, aggregate, reserved);
    this.names = entries.map(([name]) => name);
    this.aggregates = entries.map(([, aggregate]) => aggregate);
    this.#cells = this.aggregates.map(({ cells }) => cells);
    const initial: number[] = Array.from({ length: frameCells }, () => 0);
    this.#places = this.#cells.map((cells) => {
      const place = initial.length;
      if (cells !== undefined) initial.push(...cells.initial);
      return place;
    });
    this.#initial = initial;
    this.#objects = this.aggregates.map(() => []);
    this.#numbers = new Float64Array(initial.length * 8);
    this.#reads = this.aggregates.map(() => undefined);
    this.#kept = this.aggregates.map(() => []);
  }

  /** Reads from `value` what `add` needs. Throws what a selector throws. */
  read(value: T): void {
    const { aggregates } = this;
    const reads = this.#reads;
    for (let at = 0; at < aggregates.length; at += 1) reads[at] = aggregates[at]?.read(value);
  }

  /** Hands over what was read last, for it to be kept. */
  takeReads(): Reads {
    const reads = this.#reads;
    this.#reads = this.aggregates.map(() => undefined);
    return reads;
  }

  /** A slot that has seen nothing. */
  open(): number {
    const slot = this.#free.pop() ?? this.#addSlot();
    this.#numbers[slot * this.#initial.length + revisionCell] = 0;
    this.clear(slot);
    return slot;
  }

  /** Makes a slot as if it had seen nothing; the count of its results goes on. */
  clear(slot: number): void {
    const initial = this.#initial;
    const base = slot * initial.length;
    this.#numbers[base + pendingCell] = 0;
    for (let at = frameCells; at < initial.length; at += 1) this.#numbers[base + at] = initial[at] ?? 0;
    for (let at = 0; at < this.#cells.length; at += 1) {
      const objects = this.#objects[at];
      if (this.#cells[at] === undefined && objects !== undefined)
        objects[slot] = this.aggregates[at]?.create();
    }
  }

  /** Gives a slot back. */
  close(slot: number): void {
    for (const objects of this.#objects) if (objects.length > slot) objects[slot] = undefined;
    this.#free.push(slot);
  }

  /** Adds what was read last. Returns how many values it has seen since its last result. */
  add(slot: number, time: number): number {
    const cells = this.#cells;
    const numbers = this.#numbers;
    const reads = this.#reads;
    const base = slot * this.#initial.length;
    for (let at = 0; at < cells.length; at += 1) {
      const own = cells[at];
      if (own !== undefined) own.add(numbers, base + (this.#places[at] ?? 0), reads[at], time);
      else this.aggregates[at]?.add(this.#objects[at]?.[slot], reads[at], time);
    }
    const pending = (numbers[base + pendingCell] ?? 0) + 1;
    numbers[base + pendingCell] = pending;
    return pending;
  }

  /** Adds what the slot `from` has seen. It stays as it is. */
  merge(into: number, from: number): void {
    const numbers = this.#numbers;
    const width = this.#initial.length;
    for (let at = 0; at < this.#cells.length; at += 1) {
      const own = this.#cells[at];
      const place = this.#places[at] ?? 0;
      const objects = this.#objects[at];
      if (own !== undefined) own.merge(numbers, into * width + place, numbers, from * width + place);
      else this.aggregates[at]?.merge(objects?.[into], objects?.[from]);
    }
    numbers[into * width + pendingCell] = this.pending(into) + this.pending(from);
    numbers[into * width + revisionCell] = Math.max(this.revision(into), this.revision(from));
  }

  /** Keeps what was read last at a place of its own, for `addKept`. */
  keep(place: number): void {
    const reads = this.#reads;
    for (let at = 0; at < reads.length; at += 1) {
      const kept = this.#kept[at];
      if (kept !== undefined) kept[place] = reads[at];
    }
  }

  /**
   * Adds what is kept at the first `count` places, each to its slot. One aggregate after the other: the numbers
   * of all slots are waited for at once.
   */
  addKept(slots: Int32Array, times: Float64Array, count: number): void {
    const numbers = this.#numbers;
    const width = this.#initial.length;
    for (let place = 0; place < count; place += 1) {
      const base = (slots[place] ?? 0) * width;
      numbers[base + pendingCell] = (numbers[base + pendingCell] ?? 0) + 1;
    }
    for (let at = 0; at < this.#cells.length; at += 1) {
      const own = this.#cells[at];
      const kept = this.#kept[at] ?? [];
      const start = this.#places[at] ?? 0;
      for (let place = 0; place < count; place += 1) {
        const slot = slots[place] ?? 0;
        const time = times[place] ?? 0;
        if (own !== undefined) own.add(numbers, slot * width + start, kept[place], time);
        else this.aggregates[at]?.add(this.#objects[at]?.[slot], kept[place], time);
      }
    }
  }

  /** Values that a slot has seen since its last result. */
  pending(slot: number): number {
    return this.#numbers[slot * this.#initial.length + pendingCell] ?? 0;
  }

  /** How many results a slot has given. */
  revision(slot: number): number {
    return this.#numbers[slot * this.#initial.length + revisionCell] ?? 0;
  }

  /** A slot has given a result. */
  told(slot: number): void {
    const base = slot * this.#initial.length;
    this.#numbers[base + pendingCell] = 0;
    this.#numbers[base + revisionCell] = (this.#numbers[base + revisionCell] ?? 0) + 1;
  }

  /** Puts the figures of a slot into `target`, each under its name. */
  putResults(target: Record<string, unknown>, slot: number, spanMs: number): void {
    const base = slot * this.#initial.length;
    for (let at = 0; at < this.#cells.length; at += 1) {
      const own = this.#cells[at];
      target[this.names[at] ?? ''] =
        own === undefined
          ? this.aggregates[at]?.result(this.#objects[at]?.[slot], spanMs)
          : own.result(this.#numbers, base + (this.#places[at] ?? 0), spanMs);
    }
  }

  #addSlot(): number {
    const slot = this.#slots;
    this.#slots += 1;
    const width = this.#initial.length;
    if (this.#slots * width > this.#numbers.length) {
      const numbers = new Float64Array(this.#numbers.length * 2);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    return slot;
  }
}

function checkAggregate(
  name: string,
  aggregate: Aggregate<never, unknown>,
  reserved: readonly string[],
): void {
  if (reserved.includes(name) || name === '__proto__') {
    throw new TypeError(`an aggregate must not be called ${describeValue(name)}: results have their own`);
  }
  if (typeof aggregate?.create !== 'function' || typeof aggregate.read !== 'function') {
    throw new TypeError(
      `aggregate.${name} must be an aggregate such as count(), got ${describeValue(aggregate)}`,
    );
  }
}

import { describeValue } from '../event/describe-value.ts';
import type { Aggregate, Aggregates } from './aggregate.ts';
import type { Cells } from './cells.ts';
import { doubles } from './in-cells.ts';

/** The states of a set of aggregates: numbers of those that have cells, and one object for each other. */
export interface States {
  readonly cells: number[];
  readonly objects: readonly unknown[];
}

/** What the aggregates of a set read from one value. */
export type Reads = unknown[];

/**
 * The aggregates of one window, run together.
 *
 * A value is read by all before any adds it: if one selector throws, the value is in no figure.
 */
export class AggregateSet<T, R> {
  readonly names: readonly string[];
  readonly aggregates: readonly Aggregate<T, unknown>[];
  /** The cells of each aggregate; undefined for one that has an object. */
  readonly #cells: readonly (Cells<unknown, unknown> | undefined)[];
  /** Where the numbers of each aggregate begin, or which object is its own. */
  readonly #places: readonly number[];
  readonly #initial: readonly number[];
  /** What `read` took from the last value. */
  #reads: Reads;

  /**
   * @throws TypeError when a name is one of `reserved`, which are properties of the result already, or when
   * what it names is no aggregate.
   */
  constructor(aggregates: Aggregates<T, R>, reserved: readonly string[] = []) {
    const entries = Object.entries<Aggregate<T, unknown>>(aggregates);
    for (const [name, aggregate] of entries) checkAggregate(name, aggregate, reserved);
    this.names = entries.map(([name]) => name);
    this.aggregates = entries.map(([, aggregate]) => aggregate);
    this.#cells = this.aggregates.map(({ cells }) => cells);
    const initial: number[] = [];
    let objects = 0;
    this.#places = this.#cells.map((cells) => {
      if (cells === undefined) return (objects += 1) - 1;
      initial.push(...cells.initial);
      return initial.length - cells.initial.length;
    });
    this.#initial = doubles(initial);
    this.#reads = this.aggregates.map(() => undefined);
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

  create(): States {
    const { aggregates } = this;
    let objects: unknown[] | undefined;
    for (let at = 0; at < aggregates.length; at += 1) {
      if (this.#cells[at] === undefined) (objects ??= []).push(aggregates[at]?.create());
    }
    return { cells: this.#initial.slice(), objects: objects ?? none };
  }

  /** Adds what was read last. */
  add(states: States, time: number): void {
    const cells = this.#cells;
    const places = this.#places;
    const reads = this.#reads;
    for (let at = 0; at < cells.length; at += 1) {
      const own = cells[at];
      const place = places[at] ?? 0;
      if (own !== undefined) own.add(states.cells, place, reads[at], time);
      else this.aggregates[at]?.add(states.objects[place], reads[at], time);
    }
  }

  merge(into: States, from: States): void {
    for (let at = 0; at < this.#cells.length; at += 1) {
      const own = this.#cells[at];
      const place = this.#places[at] ?? 0;
      if (own !== undefined) own.merge(into.cells, from.cells, place);
      else this.aggregates[at]?.merge(into.objects[place], from.objects[place]);
    }
  }

  /** Puts the figures into `target`, each under its name. */
  putResults(target: Record<string, unknown>, states: States, spanMs: number): void {
    for (let at = 0; at < this.#cells.length; at += 1) {
      const own = this.#cells[at];
      const place = this.#places[at] ?? 0;
      target[this.names[at] ?? ''] =
        own === undefined
          ? this.aggregates[at]?.result(states.objects[place], spanMs)
          : own.result(states.cells, place, spanMs);
    }
  }
}

const none: readonly unknown[] = [];

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

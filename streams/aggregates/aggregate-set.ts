import { describeValue } from '../event/describe-value.ts';
import type { Aggregate, Aggregates } from './aggregate.ts';

/** One state for each aggregate of a set. */
export type States = unknown[];

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
  /** What `read` took from the last value. */
  #reads: Reads;

  /**
   * @throws TypeError when a name is one of `reserved`, which are properties of the result already, or when
   * what it names is no aggregate.
   */
  constructor(aggregates: Aggregates<T, R>, reserved: readonly string[] = []) {
    const entries = Object.entries<Aggregate<T, unknown>>(aggregates);
    for (const [name, aggregate] of entries) {
      if (reserved.includes(name) || name === '__proto__') {
        throw new TypeError(`an aggregate must not be called ${describeValue(name)}: results have their own`);
      }
      if (typeof aggregate?.create !== 'function' || typeof aggregate.read !== 'function') {
        throw new TypeError(
          `aggregate.${name} must be an aggregate such as count(), got ${describeValue(aggregate)}`,
        );
      }
    }
    this.names = entries.map(([name]) => name);
    this.aggregates = entries.map(([, aggregate]) => aggregate);
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
    // Of its full length at once: an array that grows by `push` has room for 17.
    const states: States = Array(aggregates.length);
    for (let at = 0; at < aggregates.length; at += 1) states[at] = aggregates[at]?.create();
    return states;
  }

  /** Adds what was read last. */
  add(states: States, time: number): void {
    const { aggregates } = this;
    const reads = this.#reads;
    for (let at = 0; at < aggregates.length; at += 1) aggregates[at]?.add(states[at], reads[at], time);
  }

  merge(into: States, from: States): void {
    const { aggregates } = this;
    for (let at = 0; at < aggregates.length; at += 1) aggregates[at]?.merge(into[at], from[at]);
  }

  /** Puts the figures into `target`, each under its name. */
  putResults(target: Record<string, unknown>, states: States, spanMs: number): void {
    const { names, aggregates } = this;
    for (let at = 0; at < aggregates.length; at += 1) {
      target[names[at] ?? ''] = aggregates[at]?.result(states[at], spanMs);
    }
  }
}

import type { OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { QueueFullError } from '../event/errors.ts';
import { laneOf, parsePriority, type PriorityInput } from '../event/priority.ts';
import type { LaneOptions, Ordering } from '../queue/lane-queue.ts';
import { Mailbox } from '../queue/mailbox.ts';
import { describeValue } from '../event/describe-value.ts';
import type { SideOutput } from './side-output.ts';

/**
 * What happens to a value that finds no room. A stream cannot make its source wait, so `'fail'` ends it
 * with a QueueFullError; the others drop as those of a mailbox do, to the `dropped` output.
 */
export type LaneOverflow = 'fail' | 'drop-newest' | 'drop-oldest' | 'drop-lowest';

/** Where values wait: which lane, behind which others, and how many. */
export interface WaitingOptions<T> extends LaneOptions {
  /** How urgent a value is. Default: its `priority` property, as events have; `'normal'` where it has none. */
  readonly priority?: (value: NoInfer<T>) => PriorityInput;
  /** Which values may not overlap or swap. Default `'none'`. */
  readonly order?: Ordering;
  /** What `order: 'key'` goes by; values without a key are not ordered. Default: the value's `key` property. */
  readonly key?: (value: NoInfer<T>) => string | undefined;
  /** How many values may wait. Default `100_000`. */
  readonly capacity?: number;
  /** What happens to a value that finds no room. Default `'fail'`. */
  readonly overflow?: LaneOverflow;
  /** Takes what an overflow policy drops; without it there must be none. */
  readonly dropped?: SideOutput<T>;
  /** Tells how long values have waited; `strategy: 'aged'` needs it. */
  readonly clock?: Clock;
}

/** The options of all operators in whose lanes values wait. */
export const waitingNames: OptionNames<Omit<WaitingOptions<unknown>, 'priority' | 'order'>> = {
  strategy: true,
  weights: true,
  agingMs: true,
  ceiling: true,
  key: 'function',
  capacity: true,
  overflow: true,
  dropped: 'output',
  clock: true,
};

/** A value that waits, with its key if that matters. */
export interface WaitingValue<T> {
  readonly value: T;
  readonly key: string | undefined;
}

const overflows: readonly LaneOverflow[] = ['fail', 'drop-newest', 'drop-oldest', 'drop-lowest'];

/**
 * Checks options once, for all subscriptions, and gives what makes the lanes of one.
 *
 * @throws RangeError or TypeError that names option and value.
 */
export function resolveWaiting<T>(name: string, options: WaitingOptions<T>): () => WaitingLanes<T> {
  const { overflow = 'fail', dropped, strategy, clock } = options;
  if (!overflows.includes(overflow)) {
    throw new TypeError(`overflow must be one of ${overflows.join(', ')}; got ${describeValue(overflow)}`);
  }
  if (overflow !== 'fail' && dropped === undefined) {
    throw new TypeError(`overflow '${overflow}' needs a dropped output: no value vanishes unseen`);
  }
  if (strategy === 'aged' && clock === undefined) {
    throw new TypeError("strategy 'aged' needs a clock");
  }
  const create = (): WaitingLanes<T> => new WaitingLanes(name, options);
  create();
  return create;
}

/** The lanes of one subscription: a mailbox of values that know their key. */
export class WaitingLanes<T> {
  /** Whether keys matter; if not, a value that need not wait may go past the lanes. */
  readonly ordered: boolean;
  readonly #name: string;
  readonly #options: WaitingOptions<T>;
  readonly #mailbox: Mailbox<WaitingValue<T>>;
  readonly #clock: Clock | undefined;

  constructor(name: string, options: WaitingOptions<T>) {
    const { order = 'none', capacity = 100_000, overflow = 'fail', dropped, strategy, clock } = options;
    const { weights, agingMs, ceiling } = options;
    this.ordered = order !== 'none';
    this.#name = name;
    this.#options = options;
    this.#clock = strategy === 'aged' ? clock : undefined;
    this.#mailbox = new Mailbox(
      {
        order,
        capacity,
        overflow: overflow === 'fail' ? 'reject' : overflow,
        ...(strategy === undefined ? {} : { strategy }),
        ...(weights === undefined ? {} : { weights }),
        ...(agingMs === undefined ? {} : { agingMs }),
        ...(ceiling === undefined ? {} : { ceiling }),
      },
      ({ value }) => dropped?.next(value),
    );
  }

  get size(): number {
    return this.#mailbox.size;
  }

  /** Lets a value in. @throws QueueFullError */
  push(value: T, lane: number, key: string | undefined): void {
    const now = this.#clock === undefined ? 0 : this.#clock.monotonic();
    if (this.#mailbox.offer({ value, key }, lane, key, now) !== 'rejected') return;
    throw new QueueFullError(
      `${this.#name} already holds capacity = ${this.#mailbox.capacity} values; ` +
        'raise it, slow the source, or choose an overflow policy',
    );
  }

  /** Removes and returns the value to start next; `undefined` when none may start. */
  take(): WaitingValue<T> | undefined {
    return this.#mailbox.take(this.#clock === undefined ? 0 : this.#clock.monotonic());
  }

  /** A taken value is done with: the next of its key may start. */
  release(key: string | undefined): void {
    if (this.ordered) this.#mailbox.release(key);
  }

  /** Removes and returns all. */
  clear(): WaitingValue<T>[] {
    return this.#mailbox.clear();
  }

  /** @throws TypeError for what is no priority, and whatever the selector throws. */
  laneOf(value: T): number {
    const { priority } = this.#options;
    const urgency = priority === undefined ? property(value, 'priority') : priority(value);
    if (urgency === undefined && priority === undefined) return 2;
    return laneOf(parsePriority(urgency));
  }

  /** @throws TypeError for what is no key, and whatever the selector throws. */
  keyOf(value: T): string | undefined {
    if (!this.ordered) return undefined;
    const { key } = this.#options;
    const name = key === undefined ? property(value, 'key') : key(value);
    if (name === undefined || typeof name === 'string') return name;
    throw new TypeError(`the key of a value must be a string or undefined, got ${describeValue(name)}`);
  }
}

function property(value: unknown, name: 'priority' | 'key'): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

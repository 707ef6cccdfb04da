import type { BreakerOptions } from '../actors/breaker.ts';
import type { Handler } from '../actors/handler.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { FilterRule } from '../streams/event/filter.ts';
import type { PriorityInput } from '../streams/event/priority.ts';
import type { Ordering } from '../streams/queue/lane-queue.ts';
import type { MailboxOptions } from '../streams/queue/mailbox.ts';
import type { StartFrom } from './start-from.ts';

/** When and how often a failed event is tried again. */
export interface RetryOptions {
  /** How often an event is tried in all, the first time included. Default `3`. */
  readonly maxAttempts?: number;
  /** Milliseconds before the second attempt; doubles with each further one. Default `100`. */
  readonly baseMs?: number;
  /** Milliseconds that a delay cannot exceed. Default `30_000`. */
  readonly maxMs?: number;
  /** What each delay is multiplied by for the next. Default `2`. */
  readonly factor?: number;
  /** `'full'` (default): anything from 0 to the delay; a number j: the delay ± j·delay; `'none'`. */
  readonly jitter?: 'full' | 'none' | number;
  /** Retries allowed, as a share of recent first calls. Default `0.2`. */
  readonly budgetRatio?: number;
  /** Retries a second allowed in any case. Default `10`. */
  readonly minRetriesPerSecond?: number;
}

/** When a subscriber's handler is called no more, and for whom. */
export interface SubscriberBreakerOptions extends BreakerOptions {
  /**
   * Whether subscribers of this name in other processes have the same breaker: one opens, all open; one makes the
   * trials for all. Needs a name and a transport with shared state, such as `jetStream`. Default `false`.
   */
  readonly shared?: boolean;
}

/** Which ids are remembered, so that an event that comes twice is handled once. */
export interface DedupeOptions {
  /** Milliseconds that an id is remembered. Default `120_000`. */
  readonly windowMs?: number;
  /** How many ids are remembered. Default `100_000`. */
  readonly maxIds?: number;
}

/** How many events may pass. */
export interface RateLimitOptions {
  /** Events a second. */
  readonly eventsPerSecond: number;
  /** How many may pass at once after a silence. Default: one second's worth, at least one. */
  readonly burst?: number;
}

/** Which events a subscriber wants: a predicate of its own events, conditions as data, or several of them. */
export type SubscriberFilter<Event extends EventEnvelope = EventEnvelope> =
  | ((event: Event) => boolean)
  | FilterRule
  | readonly SubscriberFilter<Event>[];

/** What a subscriber may choose. Everything is checked when it subscribes. */
export interface SubscriberOptions<Event extends EventEnvelope = EventEnvelope> {
  /**
   * Unique on its bus. With a durable transport the subscriber's place in the log is kept under it, and it goes on
   * there after a restart. Default: made from the handler's name and a number, and no place is kept.
   */
  readonly name?: string;
  /**
   * Whether its place in the log is kept, with a durable transport. Default: if it has a name. `false` is for what
   * begins anew with each run, under a name for people.
   */
  readonly durable?: boolean;
  /** Where it begins, with a durable transport, unless a place is kept under its name. Default `'now'`. */
  readonly from?: StartFrom;
  /** Capacity, overflow policy and lanes of the mailbox. */
  readonly mailbox?: Omit<MailboxOptions, 'order'>;
  /** Which events may not overlap or swap. Default `'none'`. */
  readonly order?: Ordering;
  /** How many handlers may run at once. Default `16`. */
  readonly concurrency?: number;
  /** Milliseconds that a handler may take; then its signal is aborted and it has failed. Default `30_000`. */
  readonly timeoutMs?: number;
  /** When to stop calling a failing handler; `false` for never. */
  readonly breaker?: SubscriberBreakerOptions | false;
  /** When to try again; `false` for never. */
  readonly retry?: RetryOptions | false;
  /** Called in place of the handler while the breaker is open. Without one, events wait. */
  readonly fallback?: Handler<Event>;
  /** Which events it wants: a predicate, conditions as data, or several of which all must hold. */
  readonly filter?: SubscriberFilter<Event>;
  /** The least urgent priority that it wants. Default `'low'`. */
  readonly minPriority?: PriorityInput;
  /** The share of events that it wants, 0 to 1, chosen at random. Default `1`. */
  readonly sample?: number;
  /** Handle an id once within a window. Default `false`. */
  readonly dedupe?: DedupeOptions | boolean;
  /** How many events may start a second; the rest wait in the mailbox. */
  readonly rateLimit?: RateLimitOptions;
  /** Whether events that the mailbox drops go to the dead letters. Default `false`: they are only counted. */
  readonly deadLetterDropped?: boolean;
}

/** Checks a number that must lie in a range. @throws RangeError naming option, range and value. */
export function checkNumber(name: string, value: number, min: number, max = Infinity): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  const range = max === Infinity ? `at least ${min}` : `from ${min} to ${max}`;
  throw new RangeError(`${name} must be a number ${range}, got ${describeValue(value)}`);
}

/** As `checkNumber`, for whole numbers; `Infinity` passes where the range allows it. */
export function checkInteger(name: string, value: number, min: number, max = Infinity): number {
  checkNumber(name, value, min, max);
  if (Number.isInteger(value) || value === Infinity) return value;
  throw new RangeError(`${name} must be a whole number, got ${describeValue(value)}`);
}

/** Checks a rate. @throws RangeError naming option, range and value. */
export function checkRateLimit({ eventsPerSecond, burst = 1 }: RateLimitOptions): void {
  if (!(typeof eventsPerSecond === 'number' && eventsPerSecond > 0 && eventsPerSecond < Infinity)) {
    throw new RangeError(
      `rateLimit.eventsPerSecond must be a finite number above 0, got ${describeValue(eventsPerSecond)}`,
    );
  }
  checkNumber('rateLimit.burst', burst, 1, Number.MAX_VALUE);
}

import { describeValue } from '../event/describe-value.ts';

export interface RetryBudgetOptions {
  /** Retries allowed for each first call of the window. Default `0.2`. */
  readonly ratio?: number;
  /** Retries a second allowed in any case. Default `10`. */
  readonly minRetriesPerSecond?: number;
  /** Milliseconds for which calls and retries count. Default `10_000`. */
  readonly windowMs?: number;
}

/** The window moves in steps of a tenth of it. */
const slots = 10;
/** What a sum of a few fractions may be off by. */
const tolerance = 1e-9;

/**
 * Bounds retries to a share of first calls, so that a failing dependency is not stormed by retries.
 *
 *     balance = minRetriesPerSecond · window + ratio · calls − retries        over the last window
 *
 * The scheme and its defaults are those of Finagle's RetryBudget: first calls deposit, retries withdraw, and
 * both are forgotten after the window. Whenever a retry starts, the retries of the window, itself included,
 * are at most `minRetriesPerSecond · window + ratio · calls`. O(1), 200 bytes. Time is passed in, in
 * milliseconds; if it goes back, it is taken to stand still.
 *
 * @example
 * ```ts
 * const budget = new RetryBudget({ ratio: 0.5, minRetriesPerSecond: 0 });
 * budget.deposit(0);
 * budget.deposit(0);
 * budget.withdraw(0); // => 0
 * budget.withdraw(0); // => 10000
 * ```
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #reserve: number;
  readonly #slotMs: number;
  readonly #calls = new Float64Array(slots);
  readonly #retries = new Float64Array(slots);
  #callCount = 0;
  #retryCount = 0;
  /** The number of the slot that now lies in, since time 0. */
  #slot = -Infinity;

  constructor(options: RetryBudgetOptions = {}) {
    const { ratio = 0.2, minRetriesPerSecond = 10, windowMs = 10_000 } = options;
    checkNotNegative('ratio', ratio);
    checkNotNegative('minRetriesPerSecond', minRetriesPerSecond);
    if (!(windowMs > 0 && windowMs < Infinity)) {
      throw new RangeError(`windowMs must be a finite number above 0, got ${describeValue(windowMs)}`);
    }
    this.#ratio = ratio;
    this.#reserve = (minRetriesPerSecond * windowMs) / 1000;
    this.#slotMs = windowMs / slots;
  }

  /** A first call starts. */
  deposit(now: number): void {
    const slot = this.#slotAt(now);
    this.#calls[slot] = (this.#calls[slot] as number) + 1;
    this.#callCount += 1;
  }

  /**
   * A retry wants to start. 0 if it may, and then it is counted; else the milliseconds after which to ask
   * again: the least after which the balance allows one if nothing else happens, or the whole window if
   * nothing but further calls can help.
   */
  withdraw(now: number): number {
    const slot = this.#slotAt(now);
    if (this.balance(now) + tolerance < 1) return this.#waitMs(now);
    this.#retries[slot] = (this.#retries[slot] as number) + 1;
    this.#retryCount += 1;
    return 0;
  }

  /** How many retries may start now; below 0 when calls that had paid for some are forgotten. */
  balance(now: number): number {
    this.#slotAt(now);
    return this.#reserve + this.#ratio * this.#callCount - this.#retryCount;
  }

  /** Milliseconds until enough of the past is forgotten. */
  #waitMs(now: number): number {
    let calls = this.#callCount;
    let retries = this.#retryCount;
    for (let step = 1; step <= slots; step += 1) {
      // The oldest slot is the next to be written again.
      const oldest = slotOf(this.#slot + step);
      calls -= this.#calls[oldest] as number;
      retries -= this.#retries[oldest] as number;
      if (this.#reserve + this.#ratio * calls - retries + tolerance >= 1) {
        return Math.max(1, Math.ceil((this.#slot + step) * this.#slotMs - now));
      }
    }
    return slots * this.#slotMs;
  }

  /** Moves the window on to `now`; gives the index of its latest slot. */
  #slotAt(now: number): number {
    const slot = Math.floor(now / this.#slotMs);
    if (slot > this.#slot) {
      const steps = Math.min(slots, slot - this.#slot);
      for (let step = 0; step < steps; step += 1) this.#forget(slotOf(slot - step));
      this.#slot = slot;
    }
    return slotOf(this.#slot);
  }

  #forget(index: number): void {
    this.#callCount -= this.#calls[index] as number;
    this.#retryCount -= this.#retries[index] as number;
    this.#calls[index] = 0;
    this.#retries[index] = 0;
  }
}

/** Negative slots wrap too: a monotonic clock may start anywhere. */
function slotOf(slot: number): number {
  return ((slot % slots) + slots) % slots;
}

function checkNotNegative(name: string, value: number): void {
  if (value >= 0 && value < Infinity) return;
  throw new RangeError(`${name} must be a finite number of at least 0, got ${describeValue(value)}`);
}

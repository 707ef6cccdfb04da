import type { Clock } from '../event/clock.ts';
import { BoundedEstimate, type EstimateBounds } from './bounded-estimate.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

export interface GradientLimitOptions extends EstimateBounds {
  readonly clock: Clock;
  readonly tolerance: number;
  readonly decrease: number;
}

/** Calls over which the long-term mean reaches back. */
const longWindow = 600;
/** The part of a new estimate that counts, so that one odd round does not swing the limit. */
const smoothing = 0.2;

/**
 * Follows the ratio of long-term to current latency, after Gradient2Limit of Netflix's concurrency-limits.
 *
 *     gradient = tolerance · long-term mean ÷ mean of the round, from 0.5 to 1
 *     estimate = limit · gradient + √limit, of which a fifth counts
 *
 * A round is as many calls as the limit. √limit is the queue that is let grow to find out whether there is
 * more room. A round with a failure shrinks the limit instead, and failures are left out of the means: a
 * call that fails at once is not a fast call.
 */
export class GradientLimit implements ConcurrencyLimit {
  readonly #options: GradientLimitOptions;
  readonly #estimate: BoundedEstimate;
  #longMs = 0;
  #seen = 0;
  #sumMs = 0;
  #succeeded = 0;
  #ended = 0;
  #used = 0;

  constructor(options: GradientLimitOptions) {
    this.#options = options;
    this.#estimate = new BoundedEstimate(options);
  }

  get limit(): number {
    return this.#estimate.limit;
  }

  started(): number {
    return this.#options.clock.monotonic();
  }

  ended(startedAt: number, running: number, failed: boolean): void {
    this.#ended += 1;
    if (running > this.#used) this.#used = running;
    if (!failed) {
      this.#sumMs += this.#options.clock.monotonic() - startedAt;
      this.#succeeded += 1;
    }
    if (this.#ended >= this.#estimate.limit) this.#judge();
  }

  #judge(): void {
    const { tolerance, decrease } = this.#options;
    const { value } = this.#estimate;
    const failed = this.#ended > this.#succeeded;
    const shortMs = this.#succeeded === 0 ? 0 : this.#sumMs / this.#succeeded;
    const used = this.#used;
    this.#remember(shortMs);
    this.#sumMs = 0;
    this.#succeeded = 0;
    this.#ended = 0;
    this.#used = 0;
    if (failed) {
      this.#estimate.set(value * decrease);
    } else if (used * 2 >= value) {
      const ratio = shortMs === 0 ? 1 : (tolerance * this.#longMs) / shortMs;
      const wanted = value * Math.max(0.5, Math.min(1, ratio)) + Math.sqrt(value);
      this.#estimate.set(value * (1 - smoothing) + wanted * smoothing);
    }
  }

  #remember(shortMs: number): void {
    if (this.#succeeded === 0) return;
    this.#seen = Math.min(longWindow, this.#seen + this.#succeeded);
    this.#longMs += ((shortMs - this.#longMs) * this.#succeeded) / this.#seen;
    // After long overload the mean would take as long to come down again.
    if (this.#longMs > 2 * shortMs) this.#longMs *= 0.9;
  }
}

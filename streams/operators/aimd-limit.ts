import type { Clock } from '../event/clock.ts';
import { BoundedEstimate, type EstimateBounds } from './bounded-estimate.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

export interface AimdLimitOptions extends EstimateBounds {
  readonly clock: Clock;
  readonly targetMs: number;
  readonly decrease: number;
}

/**
 * Grows by one per round of good calls, shrinks by a factor on congestion: RFC 5681 with calls for segments.
 *
 * Of the calls that began before a cut none can cut it again: they are the same congestion.
 */
export class AimdLimit implements ConcurrencyLimit {
  readonly #options: AimdLimitOptions;
  readonly #estimate: BoundedEstimate;
  #cutAt = -Infinity;

  constructor(options: AimdLimitOptions) {
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
    const { clock, targetMs, decrease } = this.#options;
    const { value } = this.#estimate;
    const now = clock.monotonic();
    if (failed || now - startedAt > targetMs) {
      if (startedAt < this.#cutAt) return;
      this.#cutAt = now;
      this.#estimate.set(value * decrease);
    } else if (running * 2 >= value) {
      // A round is as many calls as the limit: together they add one.
      this.#estimate.set(value + 1 / value);
    }
  }
}

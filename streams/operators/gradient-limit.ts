import type { Clock } from '../event/clock.ts';
import { BoundedEstimate, type EstimateBounds } from './bounded-estimate.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

export interface GradientLimitOptions extends EstimateBounds {
  readonly clock: Clock;
  readonly tolerance: number;
  readonly decrease: number;
}

/** Rounds from one probe to the next: a round at half the limit costs one in a hundred calls at most. */
const probeEvery = 50;
/** The part of a new estimate that counts, so that one odd round does not swing the limit. */
const smoothing = 0.2;

/**
 * Follows the ratio of the latency without load to the current one, after GradientLimit of Netflix's
 * concurrency-limits.
 *
 *     gradient = tolerance · base ÷ mean of the round, from 0.5 to 1
 *     estimate = limit · gradient + √limit, of which a fifth counts
 *
 *     follow ── 50 rounds ──► drain (half the limit) ──► measure (half) ──► follow
 *
 * A round is as many calls as the limit. √limit is the queue that is let grow to find out whether there is
 * more room. The base is the lowest mean of a round, and measured anew by the probe: a mean over the past
 * would follow a lasting overload, and the limit with it. A round with a failure shrinks the limit instead,
 * and failures are left out of the means: a call that fails at once is not a fast call.
 */
export class GradientLimit implements ConcurrencyLimit {
  readonly #options: GradientLimitOptions;
  readonly #estimate: BoundedEstimate;
  #phase: 'follow' | 'drain' | 'measure' = 'follow';
  #rounds = 0;
  #baseMs = Infinity;
  /** Calls of this round: those still to end, those that succeeded and how long they took, the most at once. */
  #left: number;
  #succeeded = 0;
  #sumMs = 0;
  #failed = false;
  #used = 0;

  constructor(options: GradientLimitOptions) {
    this.#options = options;
    this.#estimate = new BoundedEstimate(options);
    this.#left = options.initial;
  }

  get limit(): number {
    return this.#estimate.limit;
  }

  started(): number {
    return this.#options.clock.monotonic();
  }

  ended(startedAt: number, running: number, failed: boolean): void {
    if (running > this.#used) this.#used = running;
    if (failed) {
      this.#failed = true;
    } else {
      this.#sumMs += this.#options.clock.monotonic() - startedAt;
      this.#succeeded += 1;
    }
    this.#left -= 1;
    if (this.#left === 0) this.#endRound();
  }

  #endRound(): void {
    const meanMs = this.#succeeded === 0 ? undefined : this.#sumMs / this.#succeeded;
    if (this.#phase === 'follow') this.#follow(meanMs);
    else this.#probe(meanMs);
    // What drains are the calls of the round before, which was twice as large.
    this.#left = this.#phase === 'drain' ? Math.floor(this.#estimate.value) : this.#estimate.limit;
    this.#succeeded = 0;
    this.#sumMs = 0;
    this.#failed = false;
    this.#used = 0;
  }

  #follow(meanMs: number | undefined): void {
    const { tolerance, decrease } = this.#options;
    const { value } = this.#estimate;
    if (meanMs !== undefined && meanMs < this.#baseMs) this.#baseMs = meanMs;
    if (this.#failed) {
      this.#estimate.set(value * decrease);
    } else if (meanMs !== undefined && this.#used * 2 >= value) {
      const ratio = meanMs === 0 ? 1 : (tolerance * this.#baseMs) / meanMs;
      const wanted = value * Math.max(0.5, Math.min(1, ratio)) + Math.sqrt(value);
      this.#estimate.set(value * (1 - smoothing) + wanted * smoothing);
    }
    this.#rounds += 1;
    if (this.#rounds < probeEvery) return;
    this.#rounds = 0;
    this.#phase = 'drain';
    this.#estimate.use(this.#estimate.value / 2);
  }

  #probe(meanMs: number | undefined): void {
    if (this.#phase === 'drain') {
      this.#phase = 'measure';
      return;
    }
    if (meanMs !== undefined) this.#baseMs = meanMs;
    this.#phase = 'follow';
    this.#estimate.set(this.#estimate.value);
  }
}

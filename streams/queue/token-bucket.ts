import { describeValue } from '../event/describe-value.ts';

export interface TokenBucketOptions {
  /** Tokens that flow in each second. */
  readonly ratePerSecond: number;
  /** Tokens that it holds when full: how many may be taken at once after a silence. Default `ratePerSecond`, at least 1. */
  readonly burst?: number;
}

/** A millionth of a millisecond: what sums of fractions may be off by. It does not add up, see `#due`. */
const tolerance = 1e-6;

/**
 * Limits a rate: lets at most `burst + ratePerSecond · t` tokens go in any t seconds.
 *
 * Kept as the one instant at which the bucket will be full again (virtual scheduling, the generic cell
 * rate algorithm of ITU-T I.371): no timer, no refill, 24 bytes. Time is passed in, in milliseconds of a
 * clock that never goes back. It starts full.
 *
 * @example
 * ```ts
 * const bucket = new TokenBucket({ ratePerSecond: 10, burst: 1 });
 * bucket.tryTake(0); // => true
 * bucket.waitMs(40); // => 60
 * ```
 */
export class TokenBucket {
  #ratePerSecond: number;
  #burst: number;
  /** When the bucket is full again; in the past if it is full. */
  #fullAt = -Infinity;

  constructor(options: TokenBucketOptions) {
    const { ratePerSecond, burst = Math.max(1, ratePerSecond) } = options;
    checkPositive('ratePerSecond', ratePerSecond);
    checkBurst(burst);
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
  }

  /** Tokens that flow in each second. */
  get ratePerSecond(): number {
    return this.#ratePerSecond;
  }

  /** Tokens that it holds when full. */
  get burst(): number {
    return this.#burst;
  }

  /** Takes `count` tokens if they are there. More than `burst` never are. */
  tryTake(now: number, count = 1): boolean {
    if (this.#due(now, count) > now + tolerance) return false;
    this.reserve(now, count);
    return true;
  }

  /** Takes `count` tokens even if they are not there yet; ask `waitMs` before for when they will be. */
  reserve(now: number, count = 1): void {
    this.#fullAt = Math.max(this.#fullAt, now) + (count * 1000) / this.#ratePerSecond;
  }

  /** Milliseconds, rounded up to whole ones as timers want them, until `count` tokens may be taken or are due; 0 for now. */
  waitMs(now: number, count = 1): number {
    const waitMs = this.#due(now, count) - now;
    return waitMs <= tolerance ? 0 : Math.ceil(waitMs - tolerance);
  }

  /** Changes the rate; the tokens that are there stay, as far as they fit. */
  setRate(now: number, ratePerSecond: number, burst = this.#burst): void {
    checkPositive('ratePerSecond', ratePerSecond);
    checkBurst(burst);
    const missing = (Math.max(0, this.#fullAt - now) * this.#ratePerSecond) / 1000;
    const missingNow = Math.max(0, missing + burst - this.#burst);
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
    this.#fullAt = now + (missingNow * 1000) / ratePerSecond;
  }

  /** When `count` tokens are there. Judged with a tolerance, but what is taken is added exactly, so rounding never adds up. */
  #due(now: number, count: number): number {
    return Math.max(this.#fullAt, now) + ((count - this.#burst) * 1000) / this.#ratePerSecond;
  }
}

function checkPositive(name: string, value: number): void {
  if (typeof value === 'number' && value > 0 && value < Infinity) return;
  throw new RangeError(`${name} must be a finite number above 0, got ${describeValue(value)}`);
}

function checkBurst(value: number): void {
  if (typeof value === 'number' && value >= 1 && value < Infinity) return;
  throw new RangeError(`burst must be a finite number of at least 1, got ${describeValue(value)}`);
}

import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import { TokenBucket } from '../../streams/queue/token-bucket.ts';
import type { RateLimitOptions } from '../options.ts';

/** Holds a subscriber's credit back while its rate limit allows no further start; events wait meanwhile. */
export class RateHold {
  readonly #bucket: TokenBucket;
  readonly #credit: Credit;
  readonly #clock: Clock;
  #timer: TimerHandle;

  constructor(options: RateLimitOptions, credit: Credit, clock: Clock) {
    const { eventsPerSecond, burst = Math.max(1, eventsPerSecond) } = options;
    this.#bucket = new TokenBucket({ ratePerSecond: eventsPerSecond, burst });
    this.#credit = credit;
    this.#clock = clock;
  }

  /** A call has started. */
  started(): void {
    const now = this.#clock.monotonic();
    this.#bucket.reserve(now);
    const waitMs = this.#bucket.waitMs(now);
    if (waitMs <= 0) return;
    this.#credit.held = true;
    this.#timer = this.#clock.setTimeout(() => {
      this.#credit.held = false;
      this.#credit.poke();
    }, waitMs);
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
  }
}

import type { Clock } from '../streams/event/clock.ts';

/** Lets one line a second through, and counts the rest: a failing handler must not flood a log. */
export class LogThrottle {
  readonly #clock: Clock;
  #nextAt = -Infinity;
  #withheld = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many lines were withheld before this one, or `undefined` when this one is to be withheld too. */
  pass(): number | undefined {
    const now = this.#clock.monotonic();
    if (now < this.#nextAt) {
      this.#withheld += 1;
      return undefined;
    }
    const withheld = this.#withheld;
    this.#withheld = 0;
    this.#nextAt = now + 1000;
    return withheld;
  }
}

import type { Clock, TimerHandle } from '../event/clock.ts';

/**
 * Calls `onTick` every `everyMs` of a clock, with how long nothing has been heard, for as long as that
 * returns true; then sleeps until the next `hear`.
 *
 * Hearing costs a store and a comparison and touches no timer. So silence is told from the tick after it
 * began, up to `everyMs` too short, never too long.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #onTick: (quietMs: number) => boolean;
  #timer: TimerHandle;
  #awake = false;
  #stopped = false;
  #heard = false;
  /** Monotonic time since when nothing has been heard. */
  #quietSince = 0;

  constructor(clock: Clock, everyMs: number, onTick: (quietMs: number) => boolean) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#onTick = onTick;
  }

  hear(): void {
    this.#heard = true;
    if (this.#awake || this.#stopped) return;
    // What wakes the ticker begins the first quiet time: it is heard at this very moment.
    this.#heard = false;
    this.#quietSince = this.#clock.monotonic();
    this.#arm();
  }

  /** Cancels the timer for good. */
  stop(): void {
    this.#stopped = true;
    if (this.#awake) this.#clock.clearTimeout(this.#timer);
    this.#awake = false;
  }

  #arm(): void {
    this.#awake = true;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), this.#everyMs);
  }

  #tick(): void {
    this.#awake = false;
    const now = this.#clock.monotonic();
    if (this.#heard) this.#quietSince = now;
    this.#heard = false;
    if (this.#onTick(now - this.#quietSince) && !this.#stopped && !this.#awake) this.#arm();
  }
}

import type { Clock } from '../streams/event/clock.ts';

/** setTimeout takes 31 bits; what is further away is reached in several steps. */
const longestTimeout = 2 ** 31 - 1;

/**
 * The real clock: the one place that reads the time and sets timers.
 *
 * A delay above 24.8 days is kept by steps, for Node would fire it at once.
 */
export function createSystemClock(): Clock {
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    setTimeout: (callback, delayMs, background = false) => {
      const timer = new SystemTimer(callback, delayMs, background);
      timer.start();
      return timer;
    },
    clearTimeout: (handle) => {
      if (handle instanceof SystemTimer) handle.clear();
    },
    defer: queueMicrotask,
    yieldTurn: (callback) => {
      setImmediate(callback);
    },
  };
}

class SystemTimer {
  readonly #callback: () => void;
  readonly #background: boolean;
  #leftMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(callback: () => void, delayMs: number, background: boolean) {
    this.#callback = callback;
    this.#leftMs = delayMs;
    this.#background = background;
  }

  start(): void {
    const stepMs = Math.min(this.#leftMs, longestTimeout);
    this.#leftMs -= stepMs;
    this.#timer = setTimeout(this.#step, stepMs);
    if (this.#background) this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  readonly #step = (): void => {
    if (this.#leftMs > 0) this.start();
    else this.#callback();
  };
}

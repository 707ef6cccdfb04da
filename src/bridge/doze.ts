import type { Clock, TimerHandle } from '../../streams/event/clock.ts';

/** Waits of one loop: for something to do, or until something may be tried again. */
export class Doze {
  readonly #clock: Clock;
  #resolve: (() => void) | undefined;
  #timed = false;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is woken, or after `delayMs`: then no `wake` cuts it short. */
  async wait(delayMs?: number): Promise<void> {
    if (this.#ended) return;
    let timer: TimerHandle;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#timed = delayMs !== undefined;
      if (delayMs !== undefined) timer = this.#clock.setTimeout(resolve, delayMs, true);
    });
    this.#clock.clearTimeout(timer);
    this.#resolve = undefined;
  }

  /** There is something to do. */
  wake(): void {
    if (!this.#timed) this.#resolve?.();
  }

  /** Nothing is to be waited for any more. */
  end(): void {
    this.#ended = true;
    this.#resolve?.();
  }
}

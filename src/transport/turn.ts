import type { Clock } from '../../streams/event/clock.ts';

/** Starts in one turn of the event loop; at a microsecond each, I/O and timers wait about a millisecond. */
const startsPerTurn = 1024;

/**
 * Keeps a busy bus from starving the event loop.
 *
 * Handlers that settle in microtasks would otherwise follow each other for ever, with no turn for I/O,
 * timers and whoever else lives in the process. After `startsPerTurn` starts all wait for the next turn.
 */
export class Turn {
  readonly #clock: Clock;
  #left = startsPerTurn;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one start of this turn; false when there is none left. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  /** Calls `resume` in the next turn. */
  wait(resume: () => void): void {
    this.#waiting.push(resume);
    if (this.#waiting.length === 1) this.#clock.yieldTurn(this.#next);
  }

  readonly #next = (): void => {
    this.#left = startsPerTurn;
    const resumed = this.#waiting;
    this.#waiting = [];
    for (const resume of resumed) resume();
  };
}

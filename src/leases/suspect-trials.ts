import type { Clock, TimerHandle } from '../../streams/event/clock.ts';

/** Milliseconds in which suspects gather where owners have died of one, so that the others go first. */
const gatherMs = 100;
/** Milliseconds that a trial keeps others waiting: one that takes longer may be of something that waits for its retry. */
const longestMs = 10_000;

/** One suspect's place among those that wait. */
export interface SuspectTurn {
  /** Resolves when it is admitted, or has left before. */
  readonly admitted: Promise<void>;
  /** Resolves when its turn is over. */
  readonly over: Promise<void>;
  /** Makes room for the next. Idempotent. */
  readonly leave: () => void;
}

/** How the first message is tried, before others are asked for. */
export interface Trial {
  /** Owners that died of it: they count as deliveries. */
  readonly deaths: number;
  /** Handlers have had it, and live. */
  readonly onTried: () => void;
}

interface Suspect {
  readonly deaths: number;
  readonly admit: () => void;
}

/**
 * Admits one suspect at a time: a partition whose owners die one after the other, to try what stands first there.
 *
 * If several were under way at the next death, nobody could say which of them was to blame, and those that are
 * innocent would be given up with it. Those that fewest owners died of go first, so that they get through.
 */
export class SuspectTrials {
  readonly #clock: Clock;
  readonly #waiting = new Set<Suspect>();
  #admitted: Suspect | undefined;
  #timer: TimerHandle;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for a turn. `deaths` is how many owners died of it. */
  enter(deaths: number): SuspectTurn {
    let admit = nothing;
    let end = nothing;
    const admitted = new Promise<void>((resolve) => {
      admit = resolve;
    });
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const limit: { timer?: TimerHandle } = {};
    const leave = (): void => {
      this.#clock.clearTimeout(limit.timer);
      this.#waiting.delete(suspect);
      if (this.#admitted === suspect) this.#admitted = undefined;
      admit();
      end();
      this.#admitSoon();
    };
    const suspect: Suspect = {
      deaths,
      admit: () => {
        limit.timer = this.#clock.setTimeout(leave, longestMs, true);
        admit();
      },
    };
    this.#waiting.add(suspect);
    this.#admitSoon();
    return { admitted, over, leave };
  }

  #admitSoon(): void {
    if (this.#admitted !== undefined || this.#waiting.size === 0) return;
    const [first] = this.#waiting;
    if (first?.deaths === 0) this.#admit();
    else this.#timer ??= this.#clock.setTimeout(this.#admit, gatherMs, true);
  }

  readonly #admit = (): void => {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first, ...others] = this.#waiting;
    if (first === undefined) return;
    const least = others.reduce((best, one) => (one.deaths < best.deaths ? one : best), first);
    this.#waiting.delete(least);
    this.#admitted = least;
    least.admit();
  };
}

function nothing(): void {}

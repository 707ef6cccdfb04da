import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { Clock, TimerHandle } from '../event/clock.ts';

type Work<State> = (this: SchedulerAction<State>, state?: State) => void;

/**
 * Makes a clock the scheduler of RxJS operators: `debounceTime(50, clockScheduler(clock))`.
 *
 * Work runs from the clock's timers, also with a delay of 0, so that it never recurses and a virtual clock
 * decides all. `now()` starts at the clock's time of day and moves by its monotonic time: RxJS measures
 * durations with it, which a wall clock that is set back would spoil.
 *
 * @example
 * ```ts
 * const clock = createVirtualClock({ now: 0 });
 * timer(1_000, clockScheduler(clock)).subscribe(() => console.log(clock.now())); // => 1000
 * await clock.advanceBy(1_000);
 * ```
 */
export function clockScheduler(clock: Clock): SchedulerLike {
  const start = clock.now() - clock.monotonic();
  return {
    now: () => start + clock.monotonic(),
    schedule: <State>(work: Work<State>, delayMs?: number, state?: State) =>
      new ClockAction<State>(clock, work).schedule(state, delayMs),
  };
}

/** Work that runs once each time it is scheduled; scheduling it again moves it. */
class ClockAction<State> extends Subscription implements SchedulerAction<State> {
  readonly #clock: Clock;
  readonly #work: Work<State>;
  #timer: TimerHandle;
  #pending = false;

  constructor(clock: Clock, work: Work<State>) {
    super();
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: State, delayMs = 0): Subscription {
    if (this.closed) return this;
    this.#clock.clearTimeout(this.#timer);
    this.#pending = true;
    this.#timer = this.#clock.setTimeout(() => this.#run(state), delayMs);
    return this;
  }

  override unsubscribe(): void {
    this.#clock.clearTimeout(this.#timer);
    super.unsubscribe();
  }

  #run(state: State | undefined): void {
    this.#pending = false;
    try {
      this.#work.call(this, state);
    } catch (error) {
      this.unsubscribe();
      throw error;
    }
    // Done for good, unless the work has scheduled itself again.
    if (!this.#pending) this.unsubscribe();
  }
}

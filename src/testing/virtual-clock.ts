import type { Clock } from '../../streams/event/clock.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { CallbackQueue } from './callback-queue.ts';
import { promiseTurn } from './promise-turn.ts';
import { createTimerQueue, type VirtualTimer } from './timer-queue.ts';

/** Where a virtual clock starts, and when it gives up. */
export interface VirtualClockOptions {
  /** Where `now()` starts: milliseconds since the Unix epoch. Default `1_704_067_200_000`, 2024-01-01 UTC. */
  readonly now?: number;
  /** Callbacks that may run at one instant before an advance fails, for time stands still. Default `1_000_000`. */
  readonly maxCallbacksPerInstant?: number;
  /**
   * Decides what goes first where the order is open: which of `ready` callbacks, 2 or more, from 0. Without it, the
   * first to be ready. Open is the order of deferred callbacks, of timers due at one instant, and of the next
   * yielded turn among them.
   */
  readonly choose?: (ready: number) => number;
  /** Hears of each timer that fires, just before it does. */
  readonly onTimer?: (monotonic: number) => void;
}

/** A {@link Clock} that moves only when told to. */
export interface VirtualClock extends Clock {
  /** How many timers are pending. */
  readonly pendingTimers: number;
  /** When the next timer fires, on the scale of `now()`; `undefined` when none is pending. */
  readonly nextTimerAt: number | undefined;
  /** Moves time on by `ms`, running all that falls due; promises settle after each callback. */
  advanceBy(ms: number): Promise<void>;
  /** Moves time on until `now()` reads `time`, as `advanceBy` does. */
  advanceTo(time: number): Promise<void>;
  /**
   * Moves time on to the next timer, if it is due within `withinMs` (default `Infinity`), and runs all that falls due
   * there. False, with time where it was, when no timer is.
   */
  advanceToNext(withinMs?: number): Promise<boolean>;
  /** Runs all that is due at this instant, and lets promises settle, without moving time. */
  flush(): Promise<void>;
  /** As `advanceBy` at once, for code without promises: none settles meanwhile. */
  advanceBySync(ms: number): void;
  /** As `flush` at once, for code without promises: none settles meanwhile. */
  flushSync(): void;
  /** Sets the wall clock, forward or back. Timers and `monotonic()` do not notice, as on a real machine. */
  setWallClock(now: number): void;
}

/**
 * Creates a clock for tests and simulations: time moves only by `advanceBy` and its kin.
 *
 * Timers fire in order of their time, those of one time in order of creation, so that a run is the same
 * every time. At each instant deferred callbacks and promises go first, then due timers, then yielded turns.
 * Deferred callbacks are microtasks as on a real clock; timers and yielded turns wait for an advance or a
 * flush. A callback that throws ends the advance with its error, and the clock stays usable.
 *
 * @example
 * ```ts
 * const clock = createVirtualClock({ now: 0 });
 * clock.setTimeout(() => console.log(clock.now()), 250); // => 250
 * await clock.advanceBy(1_000);
 * ```
 */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { now = 1_704_067_200_000, maxCallbacksPerInstant = 1_000_000 } = options;
  if (!(maxCallbacksPerInstant >= 1)) {
    throw new RangeError(
      `maxCallbacksPerInstant must be at least 1, got ${describeValue(maxCallbacksPerInstant)}`,
    );
  }
  return new SteppedClock(checkTime(now), maxCallbacksPerInstant, options);
}

function checkTime(now: number): number {
  if (!Number.isFinite(now)) throw new RangeError(`now must be a finite number, got ${describeValue(now)}`);
  return now;
}

class SteppedClock implements VirtualClock {
  readonly #timers = createTimerQueue();
  readonly #deferred = new CallbackQueue();
  readonly #turns = new CallbackQueue();
  readonly #maxCallbacksPerInstant: number;
  readonly #choose: ((ready: number) => number) | undefined;
  readonly #onTimer: ((monotonic: number) => void) | undefined;
  #elapsed = 0;
  #wallOffset: number;
  #callbacksNow = 0;
  #advancing = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(now: number, maxCallbacksPerInstant: number, { choose, onTimer }: VirtualClockOptions) {
    this.#wallOffset = now;
    this.#maxCallbacksPerInstant = maxCallbacksPerInstant;
    this.#choose = choose;
    this.#onTimer = onTimer;
  }

  now(): number {
    // Whole milliseconds, as on a real machine: an event whose time has a fraction cannot be written.
    return Math.floor(this.#wallOffset + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, delayMs: number): VirtualTimer {
    // A delay that is negative or no number is 0, as for the timers of the platform.
    return this.#timers.add(callback, this.#elapsed + (delayMs > 0 ? delayMs : 0));
  }

  clearTimeout(handle: unknown): void {
    this.#timers.cancel(handle as VirtualTimer | undefined);
  }

  defer(callback: () => void): void {
    if (this.#deferred.isEmpty) void this.#runDeferredSoon();
    this.#deferred.push(callback);
  }

  yieldTurn(callback: () => void): void {
    this.#turns.push(callback);
  }

  get pendingTimers(): number {
    return this.#timers.size();
  }

  get nextTimerAt(): number | undefined {
    const at = this.#timers.nextAt();
    return at === Infinity ? undefined : at + this.#wallOffset;
  }

  setWallClock(now: number): void {
    this.#wallOffset = checkTime(now) - this.#elapsed;
  }

  async advanceBy(ms: number): Promise<void> {
    await this.#advanceTo(this.#begin(ms));
  }

  async advanceToNext(withinMs = Infinity): Promise<boolean> {
    const at = this.#timers.nextAt();
    if (at === Infinity || at - this.#elapsed > withinMs) return false;
    this.#begin(0);
    // Not by a difference of times of day: that is rounded, and might fall short of the timer.
    await this.#advanceTo(Math.max(at, this.#elapsed));
    return true;
  }

  async #advanceTo(target: number): Promise<void> {
    try {
      do {
        do {
          this.#runDeferred();
          await promiseTurn();
          if (this.#failure !== undefined) throw this.#failure.error;
        } while (this.#runOne());
      } while (this.#moveToNext(target));
      this.#elapsed = target;
    } finally {
      this.#advancing = false;
    }
  }

  advanceTo(time: number): Promise<void> {
    const ms = time - this.#wallOffset - this.#elapsed;
    // `now()` leaves out a fraction that has passed already.
    return this.advanceBy(time >= this.now() ? Math.max(0, ms) : ms);
  }

  flush(): Promise<void> {
    return this.advanceBy(0);
  }

  advanceBySync(ms: number): void {
    const target = this.#begin(ms);
    try {
      do {
        do this.#runDeferred();
        while (this.#runOne());
      } while (this.#moveToNext(target));
      this.#elapsed = target;
    } finally {
      this.#advancing = false;
    }
  }

  flushSync(): void {
    this.advanceBySync(0);
  }

  #begin(ms: number): number {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`ms must be a finite number, 0 or more, got ${describeValue(ms)}`);
    }
    if (this.#advancing) throw new Error('the clock is advancing already: await one advance before the next');
    this.#advancing = true;
    this.#callbacksNow = 0;
    this.#failure = undefined;
    return this.#elapsed + ms;
  }

  #runDeferred(): void {
    for (;;) {
      const callback = this.#deferred.take(this.#pick(this.#deferred.size));
      if (callback === undefined) return;
      this.#run(callback);
    }
  }

  /**
   * Makes deferred callbacks microtasks here too, so that code which awaits one goes on without a flush.
   * What they throw belongs to the advance that let them run; with none, it is an unhandled rejection.
   */
  async #runDeferredSoon(): Promise<void> {
    await Promise.resolve();
    try {
      this.#runDeferred();
    } catch (error) {
      if (!this.#deferred.isEmpty) void this.#runDeferredSoon();
      if (!this.#advancing) throw error;
      this.#failure ??= { error };
    }
  }

  /** Runs one due timer, or else one yielded turn. False when this instant has nothing left to do. */
  #runOne(): boolean {
    const next = this.#takeDue();
    if (next === undefined) return false;
    this.#run(next);
    return true;
  }

  #takeDue(): (() => void) | undefined {
    if (this.#timers.nextAt() > this.#elapsed) return this.#turns.take();
    if (this.#choose !== undefined) {
      const due = this.#timers.alike();
      const picked = this.#pick(this.#turns.isEmpty ? due : due + 1);
      if (picked === due) return this.#turns.take();
      this.#onTimer?.(this.#elapsed);
      return this.#timers.take(picked);
    }
    this.#onTimer?.(this.#elapsed);
    return this.#timers.take();
  }

  /** Which of so many callbacks goes first. */
  #pick(ready: number): number {
    if (this.#choose === undefined || ready < 2) return 0;
    const picked = this.#choose(ready);
    if (Number.isInteger(picked) && picked >= 0 && picked < ready) return picked;
    throw new RangeError(
      `choose must give a whole number from 0 to ${ready - 1}, got ${describeValue(picked)}`,
    );
  }

  #run(callback: () => void): void {
    if (this.#advancing) this.#callbacksNow += 1;
    if (this.#callbacksNow > this.#maxCallbacksPerInstant) {
      throw new Error(`time stands still: ${this.#maxCallbacksPerInstant} callbacks ran at one instant`);
    }
    callback();
  }

  /** Moves time to the next timer that falls due by `target`; false when there is none. */
  #moveToNext(target: number): boolean {
    const next = this.#timers.nextAt();
    if (next > target) return false;
    this.#elapsed = next;
    this.#callbacksNow = 0;
    return true;
  }
}

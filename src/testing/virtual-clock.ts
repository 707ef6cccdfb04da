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
  return new SteppedClock(checkTime(now), maxCallbacksPerInstant);
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
  #elapsed = 0;
  #wallOffset: number;
  #callbacksNow = 0;
  #advancing = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(now: number, maxCallbacksPerInstant: number) {
    this.#wallOffset = now;
    this.#maxCallbacksPerInstant = maxCallbacksPerInstant;
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
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
    const target = this.#begin(ms);
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
    return this.advanceBy(time - this.now());
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
    for (let callback = this.#deferred.take(); callback !== undefined; callback = this.#deferred.take()) {
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
    const due = this.#timers.nextAt() <= this.#elapsed ? this.#timers.take() : this.#turns.take();
    if (due === undefined) return false;
    this.#run(due);
    return true;
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

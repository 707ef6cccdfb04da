import type { Clock, TimerHandle } from '../../../streams/event/clock.ts';
import { createSystemClock } from '../../system-clock.ts';
import { CallbackQueue } from '../callback-queue.ts';
import { createTimerQueue, type VirtualTimer } from '../timer-queue.ts';

const real = createSystemClock();
/** Times are kept in such parts of a millisecond: sums of them are exact, so models agree with timers on what is due. */
const parts = 1_024;
const start = 1_704_067_200_000;

/**
 * The time of a simulated world: one timer at a time, so that laws can be checked between any two.
 *
 * `step` runs the next timer and what it deferred, and lets no promise settle: for programs that have none, at a tenth
 * of the cost. `settle` lets all promises settle, however long their chains. `advanceToNext` is both.
 */
export class WorldClock implements Clock {
  readonly #timers = createTimerQueue();
  readonly #deferred = new CallbackQueue();
  #elapsed = 0;

  now(): number {
    return Math.floor(start + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, delayMs: number): VirtualTimer {
    return this.#timers.add(callback, this.#elapsed + (delayMs > 0 ? Math.ceil(delayMs * parts) / parts : 0));
  }

  clearTimeout(handle: TimerHandle): void {
    this.#timers.cancel(handle as VirtualTimer | undefined);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  yieldTurn(callback: () => void): void {
    this.#timers.add(callback, this.#elapsed);
  }

  /** When the next timer is due, on the scale of `monotonic()`; `Infinity` when there is none. */
  get nextAt(): number {
    return this.#timers.nextAt();
  }

  /** Runs the next timer, and what it deferred. False when there is none. */
  step(): boolean {
    const at = this.#timers.nextAt();
    if (at === Infinity) return false;
    if (at > this.#elapsed) this.#elapsed = at;
    this.#timers.take()?.();
    this.runDeferred();
    return true;
  }

  /** Lets time pass up to a moment, before which no timer may be due: run those first. */
  passTo(at: number): void {
    this.#elapsed = Math.max(this.#elapsed, Math.floor(at * parts) / parts);
  }

  /** Runs what was deferred, and what that defers. */
  runDeferred(): void {
    for (let next = this.#deferred.take(); next !== undefined; next = this.#deferred.take()) next();
  }

  /** Lets all promises settle, and runs what they defer. */
  async settle(): Promise<void> {
    do {
      this.runDeferred();
      await new Promise<void>((resolve) => {
        real.yieldTurn(resolve);
      });
    } while (!this.#deferred.isEmpty);
  }

  /** Runs the next timer and all that follows from it. False when there is none. */
  async advanceToNext(): Promise<boolean> {
    if (!this.step()) return false;
    await this.settle();
    return true;
  }
}

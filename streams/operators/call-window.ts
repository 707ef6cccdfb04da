import type { Clock } from '../event/clock.ts';
import type { CallResult } from '../event/outcome.ts';

/** The latest results of calls, counted. How many are kept is the window's own affair. */
export interface CallWindow {
  /** Results in the window. */
  readonly calls: number;
  /** Of these, how many failed. */
  readonly failures: number;
  /** Of these, how many were slow, whether they failed or not. */
  readonly slow: number;
  /** Adds a result, and lets go of those that it pushes out. */
  add(result: CallResult): void;
  /** Forgets all results. */
  clear(): void;
}

const failedBit = 1;
const slowBit = 2;

/** A result as two bits: failed and slow. */
function bitsOf(result: CallResult): number {
  switch (result) {
    case 'ok':
      return 0;
    case 'failed':
      return failedBit;
    case 'slow':
      return slowBit;
    case 'slow-failed':
      return failedBit | slowBit;
  }
}

/** Counts the latest `size` results: a ring of one byte a result. O(1). */
export class CountCallWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #ring: Uint8Array;
  #next = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  add(result: CallResult): void {
    const ring = this.#ring;
    const size = ring.length;
    const at = this.#next;
    const bits = bitsOf(result);
    if (this.calls === size) {
      const old = ring[at] ?? 0;
      this.failures -= old & failedBit;
      this.slow -= old >> 1;
    } else {
      this.calls += 1;
    }
    this.failures += bits & failedBit;
    this.slow += bits >> 1;
    ring[at] = bits;
    this.#next = at + 1 === size ? 0 : at + 1;
  }

  clear(): void {
    // The ring itself may begin anywhere: what it holds counts for nothing until it is written over.
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }
}

/**
 * Counts the results of the last `windowMs`, in sub-windows that are dropped whole.
 *
 * No result is counted once it is `windowMs` old; each is counted until at most one sub-window before that.
 * There are at least 10 sub-windows, of a second or less as long as 600 suffice. Time is monotonic, so that
 * a wall clock that is set changes nothing. O(1), amortised over the sub-windows that pass.
 */
export class TimeCallWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #clock: Clock;
  readonly #subWindowMs: number;
  readonly #callCounts: Float64Array;
  readonly #failureCounts: Float64Array;
  readonly #slowCounts: Float64Array;
  /** Number of the current sub-window, counted from the clock's start. */
  #current: number;

  constructor(windowMs: number, clock: Clock) {
    const subWindows = Math.min(600, Math.max(10, Math.ceil(windowMs / 1_000)));
    this.#clock = clock;
    this.#subWindowMs = windowMs / subWindows;
    this.#callCounts = new Float64Array(subWindows);
    this.#failureCounts = new Float64Array(subWindows);
    this.#slowCounts = new Float64Array(subWindows);
    this.#current = this.#subWindowNow();
  }

  add(result: CallResult): void {
    this.#moveOn();
    const slot = this.#current % this.#callCounts.length;
    const bits = bitsOf(result);
    this.#add(slot, 1, bits & failedBit, bits >> 1);
  }

  clear(): void {
    this.#callCounts.fill(0);
    this.#failureCounts.fill(0);
    this.#slowCounts.fill(0);
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }

  #subWindowNow(): number {
    return Math.floor(this.#clock.monotonic() / this.#subWindowMs);
  }

  #moveOn(): void {
    const now = this.#subWindowNow();
    const length = this.#callCounts.length;
    if (now - this.#current >= length) {
      this.clear();
      this.#current = now;
    }
    while (this.#current < now) {
      this.#current += 1;
      const slot = this.#current % length;
      this.#add(
        slot,
        -(this.#callCounts[slot] ?? 0),
        -(this.#failureCounts[slot] ?? 0),
        -(this.#slowCounts[slot] ?? 0),
      );
    }
  }

  #add(slot: number, calls: number, failures: number, slow: number): void {
    this.calls += calls;
    this.failures += failures;
    this.slow += slow;
    this.#callCounts[slot] = (this.#callCounts[slot] ?? 0) + calls;
    this.#failureCounts[slot] = (this.#failureCounts[slot] ?? 0) + failures;
    this.#slowCounts[slot] = (this.#slowCounts[slot] ?? 0) + slow;
  }
}

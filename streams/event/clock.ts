/** A pending timer, as returned by {@link Clock.setTimeout}. Opaque: only its own clock understands it. */
export type TimerHandle = unknown;

/**
 * Time and scheduling as a port, so that a test or a simulation can decide both.
 *
 * Nothing else in Breakwater reads the time or defers work. XState takes a `Clock` as it is;
 * RxJS takes one through `clockScheduler`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. May step back when the wall clock is set. */
  now(): number;
  /** Milliseconds since some fixed start, with fractions. Never goes back: use it for durations. */
  monotonic(): number;
  /**
   * Calls `callback` once, `delayMs` from now or later. A `background` timer does not keep the process
   * alive.
   */
  setTimeout(callback: () => void, delayMs: number, background?: boolean): TimerHandle;
  /** Cancels a timer. Cancelling twice, or after it fired, does nothing. */
  clearTimeout(handle: TimerHandle): void;
  /** Calls `callback` after the code that runs now, before any timer or I/O (a microtask). */
  defer(callback: () => void): void;
  /** Calls `callback` after I/O and due timers have had a turn (a macrotask). */
  yieldTurn(callback: () => void): void;
}

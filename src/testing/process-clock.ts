import type { Clock, TimerHandle } from '../../streams/event/clock.ts';

/** The clock of one simulated process. */
export interface ProcessClock extends Clock {
  /** The process ends: nothing that it asked this clock to call is called any more. */
  kill(): void;
}

/**
 * Creates the clock that one simulated process sees, over the clock of its world.
 *
 * Once killed, no timer, deferred callback or turn of it runs: code that waits for one waits for ever, as in a
 * process that is gone. Its time goes on being readable.
 */
export function createProcessClock(world: Clock): ProcessClock {
  let alive = true;
  const whileAlive = (callback: () => void) => (): void => {
    if (alive) callback();
  };
  const timers = new Set<TimerHandle>();

  return {
    now: () => world.now(),
    monotonic: () => world.monotonic(),
    setTimeout(callback, delayMs, background) {
      if (!alive) return undefined;
      const run = (): void => {
        timers.delete(timer);
        callback();
      };
      const timer: TimerHandle = world.setTimeout(run, delayMs, background);
      timers.add(timer);
      return timer;
    },
    clearTimeout(handle) {
      timers.delete(handle);
      world.clearTimeout(handle);
    },
    defer: (callback) => world.defer(whileAlive(callback)),
    yieldTurn: (callback) => world.yieldTurn(whileAlive(callback)),
    kill() {
      alive = false;
      for (const timer of timers) world.clearTimeout(timer);
      timers.clear();
    },
  };
}

import { createKeyedState } from './keyed-state.ts';
import { createSlidingCount } from './sliding-count.ts';

export interface BruteForceOptions {
  /** Default `60_000`. */
  readonly windowMs?: number;
  /** Failures within the window that raise an alert. Default `5`. */
  readonly threshold?: number;
  /** Milliseconds after an alert in which the same address raises no other. Default `300_000`. */
  readonly cooldownMs?: number;
}

export interface BruteForceAlert {
  /** Failures within the window when the alert was raised. */
  readonly count: number;
}

/** Judges `attempts` failed logins of one moment; gives the alert that they raise, if any. */
export type BruteForceRule = (ip: string, time: number, attempts: number) => BruteForceAlert | undefined;

/**
 * Many failures from one address in a short time.
 *
 * Repeated failures are judged one by one: the alert carries the count at the first that reached the
 * threshold. The same call raises at most one, because the cooldown begins with it.
 */
export function createBruteForceRule(options: BruteForceOptions = {}): BruteForceRule {
  const { windowMs = 60_000, threshold = 5, cooldownMs = 300_000 } = options;
  const states = createKeyedState(() => ({ failures: createSlidingCount(windowMs), alertedAt: -Infinity }), {
    idleMs: Math.max(2 * windowMs, cooldownMs),
  });

  return function judgeFailures(ip, time, attempts) {
    if (attempts === 0) return undefined;
    const state = states.at(ip, time);
    const before = state.failures.countAt(time);
    state.failures.add(time, attempts);
    if (before + attempts < threshold || time - state.alertedAt < cooldownMs) return undefined;
    state.alertedAt = time;
    return { count: Math.max(threshold, before + 1) };
  };
}

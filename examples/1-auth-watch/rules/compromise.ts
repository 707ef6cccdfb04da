import { createKeyedState } from './keyed-state.ts';
import { createSlidingCount } from './sliding-count.ts';

export interface CompromiseOptions {
  /** Default `300_000`. */
  readonly windowMs?: number;
  /** Failures before a login that make it suspicious. Default `3`. */
  readonly threshold?: number;
}

export interface CompromiseAlert {
  /** Who logged in. */
  readonly user: string;
  /** Failures of that address within the window, since its previous login. */
  readonly failures: number;
}

export interface CompromiseRule {
  failed(ip: string, time: number, attempts: number): void;
  /** Judges a login; gives the alert that it raises, if any. Failures before it count no more. */
  accepted(ip: string, time: number, user: string): CompromiseAlert | undefined;
}

/** A login that succeeds after failures from the same address: somebody guessed right. */
export function createCompromiseRule(options: CompromiseOptions = {}): CompromiseRule {
  const { windowMs = 300_000, threshold = 3 } = options;
  const states = createKeyedState(() => createSlidingCount(windowMs), { idleMs: 2 * windowMs });

  return {
    failed(ip, time, attempts) {
      states.at(ip, time).add(time, attempts);
    },
    accepted(ip, time, user) {
      const failures = states.at(ip, time);
      const count = failures.countAt(time);
      failures.clear();
      return count >= threshold ? { user, failures: count } : undefined;
    },
  };
}

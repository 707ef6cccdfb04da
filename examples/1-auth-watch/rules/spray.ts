import { copyText } from '../parse/copy-text.ts';
import { createKeyedState } from './keyed-state.ts';

export interface SprayOptions {
  /** Default `600_000`. */
  readonly windowMs?: number;
  /** Distinct names within the window that raise an alert. Default `3`. */
  readonly threshold?: number;
}

export interface SprayAlert {
  readonly count: number;
  /** The names that were tried, the latest first. */
  readonly users: readonly string[];
}

/** Judges a failed login; gives the alert that it raises, if any. */
export type SprayRule = (ip: string, time: number, user: string) => SprayAlert | undefined;

interface Try {
  readonly user: string;
  readonly time: number;
}

/**
 * One address that tries many names.
 *
 * An alert is raised when the number of distinct names in the window reaches the threshold, and again only
 * after it was below. Only the latest `threshold` names of an address are kept, which is all it takes to
 * know: memory does not grow with the names that an attacker thinks up.
 */
export function createSprayRule(options: SprayOptions = {}): SprayRule {
  const { windowMs = 600_000, threshold = 3 } = options;
  const states = createKeyedState(() => ({ tries: [] as Try[], raised: false }), { idleMs: 2 * windowMs });

  return function judgeName(ip, time, user) {
    const state = states.at(ip, time);
    state.tries = withTry(state.tries, { user, time }).slice(0, threshold);
    const recent = state.tries.filter((tried) => time - tried.time < windowMs);
    const wasRaised = state.raised;
    state.raised = recent.length >= threshold;
    return state.raised && !wasRaised
      ? { count: recent.length, users: recent.map((tried) => tried.user) }
      : undefined;
  };
}

/** One entry for each name with its latest time, the latest first. */
function withTry(tries: readonly Try[], added: Try): Try[] {
  const known = tries.find((tried) => tried.user === added.user);
  const user = known?.user ?? copyText(added.user);
  const latest = { user, time: Math.max(known?.time ?? -Infinity, added.time) };
  const others = tries.filter((tried) => tried.user !== added.user);
  const at = others.findIndex((tried) => tried.time <= latest.time);
  others.splice(at < 0 ? others.length : at, 0, latest);
  return others;
}

import type { Goal } from './row.ts';

/** The value is at least `least`. */
export function atLeast(least: number, unit: string): Goal {
  return { text: `≥ ${least.toLocaleString('en')} ${unit}`, met: (value) => value >= least };
}

/** The value is at most `most`. */
export function atMost(most: number, unit: string): Goal {
  return { text: `≤ ${most.toLocaleString('en')} ${unit}`.trimEnd(), met: (value) => value <= most };
}

/** The value is at least `times` that of every peer. */
export function timesEachPeer(times: number): Goal {
  return {
    text: `≥ ${times} × each peer`,
    met: (value, peers) => Object.values(peers).every((peer) => value >= times * peer),
  };
}

/** All of them. */
export function both(first: Goal, second: Goal): Goal {
  return {
    text: `${first.text}; ${second.text}`,
    met: (value, peers) => first.met(value, peers) && second.met(value, peers),
  };
}

/** A row that only shows where the others stand. */
export const noGoal: Goal = { text: 'none', met: () => true };

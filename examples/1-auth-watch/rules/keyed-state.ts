import { copyText } from '../parse/copy-text.ts';

export interface KeyedStateOptions {
  /** Milliseconds of event time after which a key that nothing was heard of may be forgotten. */
  readonly idleMs: number;
  /**
   * How many events may be judged before one that comes earlier in the log. Default `16_384`: of a mailbox
   * of 1 024 events the last may wait for 15 × 1 024 others, when it is in the lane `low`.
   */
  readonly maxOvertaking?: number;
  /** Most keys kept; beyond it the one that was silent for longest is forgotten. Default `100_000`. */
  readonly maxKeys?: number;
}

/** The state of a rule, by key. */
export interface KeyedState<State> {
  /** The state of `key`, made when it has none. `time` is that of the event which asks. O(1). */
  at(key: string, time: number): State;
  /** How many keys have a state. */
  readonly size: number;
}

interface Entry<State> {
  /** A copy: the key that was given may be a part of a larger text, and would keep that in memory. */
  readonly key: string;
  readonly state: State;
  time: number;
  turn: number;
}

/**
 * Keeps state by key in bounded memory: what is idle is dropped.
 *
 * The events of a key come in order, but those of different keys do not: urgent lanes run ahead of the
 * others by hours of the log. So a key is idle only when the log has moved on and `maxOvertaking` events have
 * been judged since. Each new key looks at the two that were silent for longest: one more than it adds, so
 * that memory falls back after a burst.
 */
export function createKeyedState<State>(create: () => State, options: KeyedStateOptions): KeyedState<State> {
  const { idleMs, maxOvertaking = 16_384, maxKeys = 100_000 } = options;
  // A map keeps the order of insertion, and a key goes to its end each time it is heard of.
  const entries = new Map<string, Entry<State>>();
  let turn = 0;

  function forgetIdle(now: number): void {
    let looks = 2;
    for (const [key, entry] of entries) {
      // A wild time stamp may lie ahead of all others: it is as far away as an old one.
      const idle = turn - entry.turn >= maxOvertaking && Math.abs(now - entry.time) >= idleMs;
      if (looks === 0 || !(idle || entries.size > maxKeys)) return;
      entries.delete(key);
      looks -= 1;
    }
  }

  return {
    at(key, time) {
      turn += 1;
      const known = entries.get(key);
      if (known === undefined) {
        const entry = { key: copyText(key), state: create(), time, turn };
        entries.set(entry.key, entry);
        forgetIdle(time);
        return entry.state;
      }
      known.time = time;
      known.turn = turn;
      entries.delete(key);
      entries.set(known.key, known);
      return known.state;
    },
    get size() {
      return entries.size;
    },
  };
}

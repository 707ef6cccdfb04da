import { copyText } from '../parse/copy-text.ts';

export interface KeyedStateOptions {
  /** Milliseconds of event time after which a key that nothing was heard of is forgotten. */
  readonly idleMs: number;
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
}

/**
 * Keeps state by key in bounded memory: what is idle is dropped.
 *
 * Each new key looks at the two that were silent for longest. That is one more than it adds, so that memory
 * falls back after a burst; and a line with a wild time stamp costs two keys their state, not all of them.
 */
export function createKeyedState<State>(create: () => State, options: KeyedStateOptions): KeyedState<State> {
  const { idleMs, maxKeys = 100_000 } = options;
  // A map keeps the order of insertion, and a key goes to its end each time it is heard of.
  const entries = new Map<string, Entry<State>>();

  function forgetIdle(now: number): void {
    let looks = 2;
    for (const [key, entry] of entries) {
      const idle = Math.abs(now - entry.time) >= idleMs;
      if (looks === 0 || !(idle || entries.size > maxKeys)) return;
      entries.delete(key);
      looks -= 1;
    }
  }

  return {
    at(key, time) {
      const known = entries.get(key);
      if (known === undefined) {
        const entry = { key: copyText(key), state: create(), time };
        entries.set(entry.key, entry);
        forgetIdle(time);
        return entry.state;
      }
      known.time = time;
      entries.delete(key);
      entries.set(known.key, known);
      return known.state;
    },
    get size() {
      return entries.size;
    },
  };
}

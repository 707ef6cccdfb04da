import type { EntityUnderTest } from 'breakwater/testing';

interface Stored {
  readonly sum: number;
  readonly seen: readonly string[];
}

interface Bugs {
  /** What is written when an event was handled; `undefined` for nothing. */
  readonly commit?: (state: Stored, handled: number) => Stored | undefined;
  /** What is remembered of the events that were handled. */
  readonly remember?: (seen: readonly string[], id: string) => readonly string[];
  readonly keyOf?: (key: string) => string;
  readonly passivate?: 'forgets';
}

/** Sums, one a key, each kept with the ids of its events; right where there is no bug. */
export function counters(bugs: Bugs = {}): () => EntityUnderTest<number, number> {
  const {
    commit = (state) => state,
    remember = (seen, id) => [...seen, id],
    keyOf = (key) => key,
    passivate,
  } = bugs;
  return () => {
    const store = new Map<string, Stored>();
    const live = new Map<string, Stored>();
    let handled = 0;
    const load = (key: string): Stored => live.get(key) ?? store.get(key) ?? { sum: 0, seen: [] };
    const send = (given: string, by: number, id: string): void => {
      const key = keyOf(given);
      const { sum, seen } = load(key);
      if (seen.includes(id)) return;
      handled += 1;
      const state = { sum: sum + by, seen: remember(seen, id) };
      live.set(key, state);
      const committed = commit(state, handled);
      if (committed !== undefined) store.set(key, committed);
    };
    return {
      send,
      again: send,
      state: (key) => load(keyOf(key)).sum,
      restart: () => live.clear(),
      passivate() {
        if (passivate === 'forgets') for (const key of live.keys()) store.delete(key);
        live.clear();
      },
    };
  };
}

/** Entities whose state is not the fold of their events. */
export const brokenEntities: Readonly<Record<string, () => EntityUnderTest<number, number>>> = {
  'handles again what comes again': counters({ remember: () => [] }),
  'remembers the last event alone': counters({ remember: (_seen, id) => [id] }),
  'writes the state without what it has seen': counters({ commit: ({ sum }) => ({ sum, seen: [] }) }),
  'writes every second state': counters({ commit: (state, n) => (n % 2 === 0 ? state : undefined) }),
  'never writes': counters({ commit: () => undefined }),
  'has one state for all keys': counters({ keyOf: () => 'all' }),
  'forgets what it passivates': counters({ passivate: 'forgets' }),
};

import { describe, expect, it } from 'vitest';
import {
  createKeyedState,
  type KeyedStateOptions,
} from '../../../examples/1-auth-watch/rules/keyed-state.ts';

const state = (options: Partial<KeyedStateOptions>) =>
  createKeyedState(() => ({ seen: 0 }), { idleMs: 100, maxOvertaking: 0, ...options });

describe('createKeyedState', () => {
  it('gives a key the same state until it is idle', () => {
    const states = state({});
    states.at('a', 0).seen = 1;
    states.at('b', 99);

    expect(states.at('a', 99).seen).toBe(1);
  });

  it('forgets keys that are idle, as others come', () => {
    const states = state({});
    for (let key = 0; key < 1_000; key += 1) states.at(`early ${key}`, 0).seen = 1;
    for (let key = 0; key < 1_000; key += 1) states.at(`late ${key}`, 200);

    expect(states.size).toBe(1_000);
    expect(states.at('early 0', 200).seen).toBe(0);
  });

  it('does not take a key for idle because another one was judged ahead of its turn', () => {
    const states = state({ maxOvertaking: 3 });
    states.at('normal', 0).seen = 1;
    for (const urgent of ['a', 'b']) states.at(urgent, 1e6);
    expect(states.at('normal', 1).seen).toBe(1);

    for (const urgent of ['c', 'd', 'e']) states.at(urgent, 2e6);
    expect(states.at('normal', 2).seen).toBe(0);
  });

  it('never keeps more than maxKeys, and forgets the one that was silent for longest', () => {
    const states = state({ idleMs: Infinity, maxKeys: 3 });
    for (const key of ['a', 'b', 'c', 'a', 'd']) states.at(key, 0).seen += 1;

    expect([states.size, states.at('a', 0).seen, states.at('d', 0).seen, states.at('b', 0).seen]).toEqual([
      3, 2, 1, 0,
    ]);
  });

  it('loses little to one line with a wild time stamp', () => {
    const states = state({});
    for (let key = 0; key < 100; key += 1) states.at(String(key), 0).seen = 1;
    states.at('wild', 1e12);

    expect(states.size).toBe(99);
  });
});

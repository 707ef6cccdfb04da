import { describe, expect, it } from 'vitest';
import { foldLogic, type EntityFold } from '../../actors/entity-fold.ts';
import type { EntityRunner, EntitySignal } from '../../actors/entity-logic.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

function runnerOf(fold: EntityFold<unknown, EntitySignal>): EntityRunner {
  return foldLogic(fold)({ clock: createVirtualClock(), onSignal: () => {}, log: () => {} });
}

const types: EntityFold<unknown, EntitySignal> = {
  initial: (key: string) => [key],
  fold: (state, { type }) => (type === 'nothing' ? state : [...(state as string[]), type]),
};

describe('the fold of an entity', () => {
  it('begins with its initial state, made of the key where that is how it is given', () => {
    expect(runnerOf(types).initial('a')).toEqual({ value: ['a'], timers: [], self: undefined });
    expect(runnerOf(types).preview('b')).toEqual(['b']);
    expect(runnerOf({ ...types, initial: 7 }).initial('a').value).toBe(7);
    expect(runnerOf({ ...types, initial: 7 }).preview('a')).toBe(7);
  });

  it('takes one event after the other, and leaves the state before as it was', () => {
    const runner = runnerOf(types);
    const before = runner.initial('a');
    const after = runner.step(runner.step(before, { type: 'one' }), { type: 'two' });

    expect(after).toEqual({ value: ['a', 'one', 'two'], timers: [], self: undefined });
    expect(runner.view(after)).toEqual(['a', 'one', 'two']);
    expect(before.value).toEqual(['a']);
    expect(runner.emitted).toEqual([]);
  });

  it('is the same state, with nothing to write, where its fold gives back what it was given', () => {
    const runner = runnerOf(types);
    const state = runner.initial('a');

    expect(runner.step(state, { type: 'nothing' })).toBe(state);
  });

  it('goes on from what was persisted', () => {
    const runner = runnerOf(types);
    const persisted = structuredClone(runner.persist(runner.step(runner.initial('a'), { type: 'one' })));
    const restored = runner.restore('a', persisted, []);

    expect(restored).toEqual({ value: ['a', 'one'], timers: [], self: undefined });
    expect(runner.step(restored, { type: 'two' }).value).toEqual(['a', 'one', 'two']);
  });

  it('has no children: nothing keeps it active, and to wake it or let it sleep changes nothing', () => {
    const runner = runnerOf(types);
    const state = runner.initial('a');
    runner.wake(state);
    runner.sleep(state);

    expect(runner.busy(state)).toBe(false);
    expect(runner.view(state)).toEqual(['a']);
  });

  it('refuses a fold that gives nothing, or a promise', () => {
    const nothing = runnerOf({ initial: 0, fold: () => undefined });
    const promise = runnerOf({ initial: 0, fold: () => Promise.resolve(1) });

    expect(() => nothing.step(nothing.initial('a'), { type: 'order.paid' })).toThrow(
      'the fold gave undefined for an event of type order.paid; it must give the next state',
    );
    expect(() => promise.step(promise.initial('a'), { type: 'order.paid' })).toThrow(
      'the fold gave a promise; it must give the next state at once',
    );
  });
});

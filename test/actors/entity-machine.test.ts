import { describe, expect, it } from 'vitest';
import { assign, cancel, emit, fromPromise, raise, setup } from 'xstate';
import type { EntityRunner, EntitySignal } from '../../actors/entity-logic.ts';
import { machineLogic } from '../../actors/entity-machine.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

function runnerOf(machine: Parameters<typeof machineLogic>[0]['machine']): {
  readonly runner: EntityRunner;
  readonly signals: [key: string, signal: EntitySignal][];
} {
  const signals: [string, EntitySignal][] = [];
  const runner = machineLogic({ kind: 'k', machine, input: (key) => ({ key }) })({
    clock: createVirtualClock(),
    onSignal: (key, signal) => signals.push([key, signal]),
    log: () => {},
  });
  return { runner, signals };
}

const lamp = setup({
  types: { events: {} as EntitySignal, context: {} as { flips: number } },
  delays: { patience: 500 },
}).createMachine({
  id: 'lamp',
  context: { flips: 0 },
  initial: 'off',
  states: {
    off: { on: { flip: { target: 'on', actions: emit({ type: 'lit' }) } } },
    on: {
      entry: assign({ flips: ({ context }) => context.flips + 1 }),
      on: { flip: 'off', boom: { actions: [emit({ type: 'lost' }), () => fail('boom')] } },
      after: { 1000: 'off', patience: { actions: raise({ type: 'nothing' }) } },
    },
  },
});

function fail(message: string): never {
  throw new Error(message);
}

describe('the machine of an entity', () => {
  it('counts delays from the moment of the step, and drops them when their state is left', () => {
    const { runner } = runnerOf(lamp);
    runner.now = 10_000;
    const off = runner.initial('a');
    runner.now = 20_000;
    const on = runner.step(off, { type: 'flip' });
    const back = runner.step(on, { type: 'flip' });

    expect(off.timers).toEqual([]);
    expect(on.timers.map(({ id, at }) => [id, at])).toEqual([
      ['xstate.after.1000.lamp.on', 21_000],
      ['xstate.after.patience.lamp.on', 20_500],
    ]);
    expect(back.timers).toEqual([]);
    expect(runner.emitted).toEqual([{ type: 'lit' }]);
  });

  it('goes on with a delay after a restore', () => {
    const { runner } = runnerOf(lamp);
    const on = runner.step(runner.initial('a'), { type: 'flip' });
    const persisted = structuredClone(runner.persist(on));
    const restored = runnerOf(lamp).runner;
    const again = restored.restore('a', persisted, on.timers);
    const [timer] = on.timers;
    const off = restored.step(again, timer?.signal ?? { type: 'none' });

    expect(restored.view(again)).toMatchObject({ value: 'on', context: { flips: 1 } });
    expect(restored.view(off)).toMatchObject({ value: 'off' });
    expect(off.timers).toEqual([]);
  });

  it('leaves the state as it was when an action throws, and can be used on', () => {
    const { runner } = runnerOf(lamp);
    const on = runner.step(runner.initial('a'), { type: 'flip' });

    expect(() => runner.step(on, { type: 'boom' })).toThrow('boom');
    expect(runner.view(on)).toMatchObject({ value: 'on' });
    expect(runner.view(runner.step(on, { type: 'flip' }))).toMatchObject({ value: 'off' });
  });

  it('gives back the same state for a signal that changes nothing', () => {
    const { runner } = runnerOf(lamp);
    const off = runner.initial('a');

    expect(runner.step(off, { type: 'unheard' })).toBe(off);
  });

  it('takes what it sends to itself in the same step, delays what it raises, and cancels by id', () => {
    const machine = setup({
      types: { events: {} as EntitySignal, context: {} as { got: string[] } },
    }).createMachine({
      context: { got: [] },
      on: {
        go: {
          actions: [
            ({ self }) => self.send({ type: 'own' }),
            raise({ type: 'late' }, { delay: 70, id: 'l' }),
          ],
        },
        stop: { actions: cancel('l') },
        '*': { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
      },
    });
    const { runner } = runnerOf(machine);
    runner.now = 5;
    const gone = runner.step(runner.initial('a'), { type: 'go' });

    expect(runner.view(gone)).toMatchObject({ context: { got: ['own'] } });
    expect(gone.timers).toEqual([{ id: 'l', at: 75, signal: { type: 'late' }, cause: undefined }]);
    expect(runner.step(gone, { type: 'stop' }).timers).toEqual([]);
  });

  it('takes no signal once it is done, and waits for nothing', () => {
    const machine = setup({}).createMachine({
      initial: 'a',
      states: { a: { after: { 10: 'b' }, on: { end: 'b' } }, b: { type: 'final' } },
    });
    const { runner } = runnerOf(machine);
    const done = runner.step(runner.initial('a'), { type: 'end' });

    expect(runner.view(done)).toMatchObject({ status: 'done' });
    expect(done.timers).toEqual([]);
    expect(runner.step(done, { type: 'end' })).toBe(done);
  });

  it('tells its host what a named child gives, also when the child was restored', async () => {
    let starts = 0;
    const charge = fromPromise(({ input }: { input: number }) => {
      starts += 1;
      return Promise.resolve(input * 2);
    });
    const machine = setup({ actors: { charge } }).createMachine({
      initial: 'a',
      states: { a: { invoke: { src: 'charge', id: 'c', input: 21, onDone: 'b' } }, b: {} },
    });
    const first = runnerOf(machine);
    const state = first.runner.initial('x');
    const busy = first.runner.busy(state);
    const persisted = structuredClone(first.runner.persist(state));
    await Promise.resolve();

    const second = runnerOf(machine);
    const restored = second.runner.restore('x', persisted, []);
    second.runner.wake(restored);
    await Promise.resolve();
    const [[key, signal] = []] = second.signals;

    expect(busy).toBe(true);
    expect(starts).toBe(2);
    expect(key).toBe('x');
    expect(signal).toMatchObject({ type: 'xstate.done.actor.c', output: 42 });
    const done = second.runner.step(restored, signal ?? { type: '' });
    expect(second.runner.view(done)).toMatchObject({ value: 'b' });
    expect(second.runner.busy(done)).toBe(false);
  });

  it('shows the state before the first event without running an action', () => {
    let ran = 0;
    const machine = setup({}).createMachine({
      context: ({ input }: { input: unknown }) => ({ input }),
      entry: [() => (ran += 1), emit({ type: 'x' })],
    });
    const { runner } = runnerOf(machine);

    expect(runner.preview('a')).toMatchObject({ context: { input: { key: 'a' } } });
    expect([ran, runner.emitted.length]).toEqual([0, 0]);
    runner.initial('a');
    expect([ran, runner.emitted.length]).toEqual([1, 1]);
  });
});

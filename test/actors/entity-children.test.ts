import { describe, expect, it } from 'vitest';
import {
  assign,
  createMachine,
  fromCallback,
  fromPromise,
  sendTo,
  setup,
  spawnChild,
  type AnyActorLogic,
} from 'xstate';
import type { EntityRunner, EntitySignal } from '../../actors/entity-logic.ts';
import { machineLogic } from '../../actors/entity-machine.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

/** As for machines that do not say which actors they have. */
type Spawn = (logic: AnyActorLogic, options: { readonly id: string }) => unknown;

/** A runner whose host takes nothing: it only notes what children say, and how their timers were asked for. */
function runnerOf(machine: Parameters<typeof machineLogic>[0]['machine']) {
  const clock = createVirtualClock();
  const said: string[] = [];
  const background: unknown[] = [];
  const runner: EntityRunner = machineLogic({ kind: 'k', machine, input: (key) => ({ key }) })({
    clock: {
      ...clock,
      setTimeout: (callback, delayMs, inBackground) => {
        background.push(inBackground);
        return clock.setTimeout(callback, delayMs, inBackground);
      },
      clearTimeout: (handle) => clock.clearTimeout(handle),
      monotonic: () => clock.monotonic(),
      now: () => clock.now(),
    },
    onSignal: (key, { type }) => said.push(`${key} ${type}`),
    log: () => {},
  });
  return { runner, clock, said, background };
}

/** Rings after a second, unless it is told to be quiet. */
const bell = createMachine({
  initial: 'waits',
  states: {
    waits: { after: { 1_000: 'rings' }, on: { quiet: 'silent' } },
    rings: { type: 'final' },
    silent: {},
  },
});
const withBell = setup({ types: { events: {} as EntitySignal }, actors: { bell } }).createMachine({
  initial: 'on',
  states: {
    on: {
      invoke: { src: 'bell', id: 'b' },
      on: {
        off: 'off',
        hush: { actions: sendTo('b', { type: 'quiet' }) },
        hushLater: { actions: sendTo('b', { type: 'quiet' }, { delay: 400 }) },
      },
    },
    off: {},
  },
});

describe('the children of an entity', () => {
  it('have delays of their own, which are none of the entity, and keep no process alive', async () => {
    const { runner, clock, said, background } = runnerOf(withBell);
    const state = runner.initial('x');
    await clock.advanceBy(999);
    const before = [...said];
    await clock.advanceBy(1);

    expect(state.timers).toEqual([]);
    expect(before).toEqual([]);
    expect(said).toEqual(['x xstate.done.actor.b']);
    expect(background).toEqual([true]);
  });

  it('cancel their own delays', async () => {
    const { runner, clock, said } = runnerOf(withBell);
    runner.step(runner.initial('x'), { type: 'hush' });

    expect(clock.pendingTimers).toBe(0);
    await clock.advanceBy(5_000);
    expect(said).toEqual([]);
  });

  it('get what is sent to them later, though it is not kept across restarts', async () => {
    const { runner, clock, said } = runnerOf(withBell);
    const { timers } = runner.step(runner.initial('x'), { type: 'hushLater' });
    await clock.advanceBy(5_000);

    expect(timers).toEqual([]);
    expect(said).toEqual([]);
  });

  it('are stopped when their state is left, and when the entity goes to sleep', async () => {
    const { runner, clock, said } = runnerOf(withBell);
    const off = runner.step(runner.initial('x'), { type: 'off' });
    const afterOff = clock.pendingTimers;
    const sleepy = runner.initial('y');
    const awake = clock.pendingTimers;
    runner.sleep(sleepy);

    expect([afterOff, awake, clock.pendingTimers]).toEqual([0, 1, 0]);
    await clock.advanceBy(5_000);
    expect(said).toEqual([]);
    expect(runner.busy(off)).toBe(false);
  });

  it('keep the entity busy until they come to an end', async () => {
    const { runner, clock } = runnerOf(withBell);
    const state = runner.initial('x');
    const before = runner.busy(state);
    await clock.advanceBy(1_000);

    expect([before, runner.busy(state)]).toEqual([true, false]);
  });

  it('run once a restored entity wakes, not before', () => {
    const started: string[] = [];
    const child = fromCallback(() => {
      started.push('child');
    });
    const machine = setup({ actors: { child } }).createMachine({ invoke: { src: 'child' } });
    const first = runnerOf(machine).runner;
    const persisted = structuredClone(first.persist(first.initial('x')));
    const { runner } = runnerOf(machine);
    const state = runner.restore('x', persisted, []);
    const asleep = started.length;
    runner.wake(state);

    expect([asleep, started.length]).toEqual([1, 2]);
  });

  it('are not started by a look at the first state', async () => {
    const started: string[] = [];
    const child = fromCallback(() => {
      started.push('child');
    });
    const machine = setup({ actors: { child } }).createMachine({
      context: ({ spawn }) => ({ ref: spawn('child') }),
      invoke: { src: 'child' },
      entry: spawnChild('child'),
    });
    const { runner } = runnerOf(machine);
    runner.preview('x');
    const seen = [...started];
    runner.initial('x');

    expect(seen).toEqual([]);
    expect(started).toEqual(['child', 'child', 'child']);
  });

  it('that were spawned without a name cannot be kept', () => {
    const inline = fromPromise(() => new Promise<void>(() => {}));
    const machine = setup({ types: { context: {} as { ref: unknown } } }).createMachine({
      context: { ref: undefined },
      entry: assign({ ref: ({ spawn }) => (spawn as Spawn)(inline, { id: 'c' }) }),
    });
    const { runner } = runnerOf(machine);
    const state = runner.initial('x');

    expect(() => runner.persist(state)).toThrow(
      'entity k: its machine has spawned c, a child whose logic has no name, so no snapshot could bring it back',
    );
  });
});

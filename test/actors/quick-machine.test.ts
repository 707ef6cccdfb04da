import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  emit,
  fromCallback,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import type { EntitySignal, EntityState } from '../../actors/entity-logic.ts';
import { machineLogic } from '../../actors/entity-machine.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import {
  isMachineShape,
  machineOf,
  machineSignals,
  shapeOf,
  type Args,
  type MachineShape,
} from '../support/any-machine.ts';
import '../support/property-seed.ts';

type MakeMachine = (effect: (what: unknown) => void) => AnyStateMachine;

const ofShape =
  (shape: MachineShape): MakeMachine =>
  (effect) =>
    machineOf(shape, effect);

/** What of a snapshot is there for all to see. */
function shown(snapshot: AnyMachineSnapshot): unknown {
  const { status, output, value, context, tags, children, historyValue, _nodes } = snapshot;
  return {
    members: Object.keys(snapshot),
    status,
    output,
    value,
    context,
    tags: [...tags],
    children: Object.keys(children as object).map((id) => id.replace(/x:\d+/u, 'x')),
    history: Object.entries(historyValue as Record<string, { id: string }[]>).map(([id, nodes]) => [
      id,
      nodes.map((node) => node.id),
    ]),
    nodes: (_nodes as { id: string }[]).map(({ id }) => id),
  };
}

/** What an actor of XState's shows after each signal; ends where it fails. */
function byActor(make: MakeMachine, signals: readonly EntitySignal[]): unknown[] {
  const seen: unknown[] = [];
  const happened: unknown[] = [];
  const timers = new Map<number, number>();
  let next = 0;
  const machine = make((what) => happened.push(what));
  const clock = {
    setTimeout: (_callback: () => void, delayMs: number) => timers.set((next += 1), delayMs) && next,
    clearTimeout: (handle: number) => timers.delete(handle),
  };
  const actor = createActor(machine, {
    clock,
    input: { key: 'k' },
    logger: (...values) => happened.push(values),
  });
  actor.on('*', (event) => happened.push(event));
  actor.subscribe({ error: () => {} });
  const note = (): boolean => {
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
    if (snapshot.status === 'error') {
      seen.push(String(snapshot.error));
      return false;
    }
    seen.push([shown(snapshot), [...happened], delaysOf(snapshot.status, [...timers.values()])]);
    return snapshot.status === 'active';
  };
  actor.start();
  if (note()) signals.every((signal) => (actor.send(signal), note()));
  actor.stop();
  return seen;
}

/** Delays of states; raised events, too, have some, which an actor does not replace. */
function delaysOf(status: string, delays: readonly number[]): unknown {
  return status === 'active' ? delays.filter((delay) => delay < 100).toSorted((a, b) => a - b) : [];
}

/** The same by what runs entities, and how often that went to XState. */
function byRunner(
  makeMachine: MakeMachine,
  signals: readonly EntitySignal[],
): { seen: unknown[]; interpreted: number } {
  const seen: unknown[] = [];
  const happened: unknown[] = [];
  const machine = makeMachine((what) => happened.push(what));
  let interpreted = 0;
  const transition = machine.transition.bind(machine);
  machine.transition = (...args) => {
    interpreted += 1;
    return transition(...args);
  };
  const runner = machineLogic({ kind: 'kind', machine, input: (key) => ({ key }) })({
    clock: createVirtualClock(),
    onSignal: () => {},
    log: (...values) => happened.push(values),
  });
  let state: EntityState | undefined;
  const make = (step: () => EntityState): boolean => {
    try {
      state = step();
      happened.push(...runner.emitted.splice(0));
      const value = state.value as AnyMachineSnapshot;
      seen.push([
        shown(value),
        [...happened],
        delaysOf(
          value.status,
          state.timers.map(({ at }) => at),
        ),
      ]);
      return value.status === 'active';
    } catch (error) {
      seen.push(String(error));
      return false;
    }
  };
  if (make(() => runner.initial('k'))) {
    signals.every((signal) => make(() => runner.step(state as EntityState, signal)));
  }
  return { seen, interpreted };
}

describe('transitions without the interpreter', () => {
  it('are those of XState, for machines of all kinds', () => {
    fc.assert(
      fc.property(shapeOf(2, false).filter(isMachineShape), machineSignals, (shape, signals) => {
        expect(byRunner(ofShape(shape), signals).seen).toEqual(byActor(ofShape(shape), signals));
      }),
      { numRuns: 150 },
    );
  });

  it('are those of XState for plain machines, which hardly ever need it', () => {
    let steps = 0;
    let interpretations = 0;
    fc.assert(
      fc.property(shapeOf(2, true).filter(isMachineShape), machineSignals, (shape, signals) => {
        const { seen, interpreted } = byRunner(ofShape(shape), signals);
        steps += seen.length - 1;
        interpretations += interpreted;
        expect(seen).toEqual(byActor(ofShape(shape), signals));
      }),
      { numRuns: 200 },
    );

    expect(interpretations / steps).toBeLessThan(0.4);
  });

  const add: unknown = assign({ n: ({ context }: Args) => context.n + 1 });
  const even = ({ context }: Args): boolean => context.n % 2 === 0;
  const cases: readonly [what: string, config: object, types: readonly string[], interpreted: number][] = [
    [
      'moves and assigns',
      {
        initial: 'a',
        states: {
          a: { entry: add, exit: [add, emit({ type: 'left' })], on: { A: 'b' }, after: { 50: 'b' } },
          b: { tags: ['inside'], on: { A: '#deep', B: { actions: add } } },
          c: {
            initial: 'd',
            states: {
              d: { id: 'deep', tags: ['deep'], on: { A: '#root.a', B: { guard: even, target: '#root.b' } } },
            },
          },
        },
      },
      ['A', 'B', 'A', 'B', 'B', 'A', 'xstate.after.50.root.a', 'other', 'B'],
      0,
    ],
    [
      'looks for eventless transitions after an assignment',
      {
        initial: 'a',
        states: {
          a: { always: { guard: even, target: 'b' }, entry: add, on: { A: { actions: add } } },
          b: { on: { A: 'a' } },
        },
      },
      ['A', 'A', 'A'],
      3,
    ],
    [
      'keeps the history of a state that is left',
      {
        initial: 'a',
        states: {
          a: {
            initial: 'c',
            on: { A: 'b' },
            states: { c: { on: { B: 'd' } }, d: {}, h: { type: 'history' } },
          },
          b: { on: { A: 'a.h' } },
        },
      },
      ['B', 'A', 'A', 'A'],
      3,
    ],
    [
      'starts and stops what a state invokes',
      {
        initial: 'a',
        states: {
          a: { on: { A: 'b' } },
          b: { invoke: { src: 'worker', id: 'w' }, on: { A: 'a', B: { actions: add } } },
        },
      },
      ['A', 'B', 'A'],
      2,
    ],
    [
      'moves in parallel states',
      {
        type: 'parallel',
        states: {
          p: { initial: 'a', states: { a: { on: { A: 'b' } }, b: {} } },
          q: { on: { A: { actions: add } } },
        },
      },
      ['A', 'A'],
      2,
    ],
    [
      'fails with the error of a child',
      { on: { A: { actions: add } } },
      ['A', 'xstate.error.actor.c', 'A'],
      1,
    ],
    [
      'spawns in an assigner that survives being refused at first',
      {
        on: {
          A: {
            actions: assign({
              n: (({ spawn, context }: Args & { spawn: (src: string, options: object) => unknown }) => {
                try {
                  spawn('worker', { id: `w${context.n}` });
                  return context.n + 1;
                } catch {
                  return -1;
                }
              }) as never,
            }),
          },
        },
      },
      ['A', 'A'],
      0,
    ],
  ];

  it.each(cases)('%s', (_what, config, types, interpreted) => {
    const make: MakeMachine = () =>
      createMachine(
        { id: 'root', context: { n: 0 }, ...config } as never,
        {
          actors: { worker: fromCallback(() => {}) },
        } as never,
      );
    const signals = types.map((type) => ({ type }));
    const byOurs = byRunner(make, signals);

    expect(byOurs.seen).toEqual(byActor(make, signals));
    expect(byOurs.interpreted).toBe(interpreted);
  });
});

import { describe, expect, it } from 'vitest';
import { createMachine, fromPromise, fromTransition, setup, spawnChild } from 'xstate';
import { defineEntity, isEntityDefinition, type EntityDefinition } from '../../actors/define-entity.ts';
import type { EntityRunner } from '../../actors/entity-logic.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { glob } from '../../streams/event/glob.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

const event: EventEnvelope = {
  id: 'e1',
  type: 'order.placed',
  source: 's',
  time: 0,
  priority: 'normal',
  schemaVersion: 1,
  key: 'order-7',
  data: { customer: 'ann' },
};
const machine = createMachine({ context: ({ input }) => ({ input }) });
const fold = { initial: 0, fold: (count: number) => count + 1 };

function runnerOf({ logic }: EntityDefinition): EntityRunner {
  return logic({ clock: createVirtualClock(), onSignal: () => {}, log: () => {} });
}

/** What `defineEntity` refuses something with. */
function refusal(kind: unknown, behaviour: unknown, options: unknown = { on: ['x'] }): string {
  try {
    defineEntity(kind as string, behaviour as typeof fold, options as { on: string[] });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.message;
  }
  return 'not refused';
}

describe('the options of an entity', () => {
  it('have defaults: the key of the event, the event as the signal, and the key as input', () => {
    const order = defineEntity('order', machine, { on: ['order.*'] });

    expect(order.keyOf(event)).toBe('order-7');
    expect(order.signalOf(event)).toBe(event);
    expect(runnerOf(order).preview('a')).toMatchObject({ context: { input: { key: 'a' } } });
    expect([order.kind, order.version, order.migrate]).toEqual(['order', 1, {}]);
  });

  it('say how an event becomes a key and a signal, and a key an input', () => {
    const order = defineEntity('order', machine, {
      on: ['order.*'],
      key: ({ data }) => data['customer'],
      toSignal: () => ({ type: 'go' }),
      input: (key) => ({ of: key }),
      version: 3,
      migrate: { 1: (state) => state, 2: (state) => state },
    });

    expect(order.keyOf(event)).toBe('ann');
    expect(order.signalOf(event)).toEqual({ type: 'go' });
    expect(runnerOf(order).preview('a')).toMatchObject({ context: { input: { of: 'a' } } });
    expect(order.version).toBe(3);
    expect(Object.keys(order.migrate)).toEqual(['1', '2']);
  });

  it('keep what it is on, also when the array that said so changes', () => {
    const on = ['order.*', glob('*.paid')];
    const order = defineEntity('order', fold, { on });
    on.pop();

    expect(order.on).toHaveLength(2);
  });

  it('tell definitions from all else', () => {
    expect([undefined, null, 'order', {}, fold].map((value) => isEntityDefinition(value))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(isEntityDefinition(defineEntity('order', fold, { on: ['x'] }))).toBe(true);
  });

  it.each([
    undefined,
    null,
    'machine',
    7,
    {},
    { initial: 1, fold: 'no' },
    { getInitialSnapshot: () => {} },
    { implementations: {} },
    fromPromise(() => Promise.resolve(1)),
    fromTransition((state: number) => state, 0),
  ])('refuse what is neither a machine nor a fold: %j', (behaviour) => {
    expect(refusal('order', behaviour)).toMatch(
      /entity order must be a state machine, or \{ initial, fold \}/,
    );
  });

  it.each([undefined, null, 7, {}, '', 'a b', 'a.b', 'a/b', 'k'.repeat(65)])('refuse the kind %j', (kind) => {
    expect(refusal(kind, fold)).toMatch(/kind of an entity must be 1 to 64 letters, digits, _ or -; got/);
  });

  it('refuse a fold without an initial state', () => {
    const message = 'entity order needs the initial state of its fold';

    expect(refusal('order', { fold: () => 1 })).toBe(message);
    expect(refusal('order', { fold: () => 1, initial: undefined })).toBe(message);
    expect(refusal('order', { fold: () => 1, initial: null })).toBe('not refused');
  });

  it.each([null, 7, 'x'])('refuse %j in their place', (options) => {
    expect(refusal('order', fold, options)).toMatch(/entity order needs options that say what it is on, got/);
  });

  it('name those there are, for a machine two more than for a fold', () => {
    expect(refusal('order', fold, { on: ['x'], keys: 1 })).toBe(
      '"keys" is not an option of entity order; there are on, key, version, migrate',
    );
    expect(refusal('order', machine, { on: ['x'], keys: 1 })).toBe(
      '"keys" is not an option of entity order; there are on, key, version, migrate, toSignal, input',
    );
  });

  it.each(['key', 'toSignal', 'input'])('refuse a text for %s', (name) => {
    expect(refusal('order', machine, { on: ['x'], [name]: 'data.id' })).toBe(
      `${name} of entity order must be a function, got "data.id"`,
    );
  });

  it.each([undefined, 7, 'x', [], [7], [undefined]])('refuse to be on %j', (on) => {
    expect(refusal('order', fold, { on })).toMatch(/on of entity order must be an array of definitions/);
  });

  it.each([0, -1, 1.5, '2', Number.NaN, 2 ** 53])('refuse the version %j', (version) => {
    expect(refusal('order', fold, { on: ['x'], version })).toMatch(
      /version of entity order must be an integer of at least 1, got/,
    );
  });

  it.each([null, 7, 'x', { 1: 'x' }, { 1: () => 1, 2: undefined }])('refuse to migrate by %j', (migrate) => {
    expect(refusal('order', fold, { on: ['x'], migrate })).toMatch(
      /migrate of entity order must be functions by version/,
    );
  });
});

describe('the children of an entity', () => {
  const charge = fromPromise(() => Promise.resolve(1));
  const nameless = 'a child whose logic has no name, so no snapshot could bring it back; name it: ';

  it('are refused where they have no name, with the state that they stand in', () => {
    const states = { a: { initial: 'b', states: { b: {} } } };
    const invoking = { ...states, a: { ...states.a, states: { b: { invoke: { src: charge } } } } };
    const spawning = { ...states, a: { ...states.a, states: { b: { entry: spawnChild(charge) } } } };
    const machineOf = (given: typeof states) => createMachine({ id: 'm', initial: 'a', states: given });

    expect(refusal('k', machineOf(invoking))).toContain(`entity k: state m.a.b invokes ${nameless}`);
    expect(refusal('k', machineOf(spawning))).toContain(`entity k: state m.a.b spawns ${nameless}`);
    expect(refusal('k', setup({ actions: { go: spawnChild(charge) } }).createMachine({ id: 'm' }))).toContain(
      `entity k: action go spawns ${nameless}`,
    );
  });

  it('may have one by which their logic is found', () => {
    const named = setup({ actors: { charge } }).createMachine({
      invoke: { src: 'charge' },
      entry: spawnChild('charge'),
    });

    expect(refusal('k', named)).toBe('not refused');
  });

  it('have no system id, which only one entity could have', () => {
    const named = setup({ actors: { charge } }).createMachine({
      id: 'm',
      invoke: { src: 'charge', systemId: 'till' },
    });

    expect(refusal('k', named)).toBe(
      'entity k: state m gives charge the system id "till", which only one entity could have; ' +
        'leave systemId out, children are reached by their id',
    );
  });

  it('are not looked for in data: context, meta, and what refers to itself', () => {
    const params: { self?: unknown } = {};
    params.self = params;
    const machines = [
      createMachine({ context: { saved: spawnChild(charge) }, meta: { doc: spawnChild(charge) } }),
      setup({ actions: { go: (_event: unknown, _params: unknown): void => {} } }).createMachine({
        entry: { type: 'go', params },
      }),
    ];

    expect(machines.map((given) => refusal('k', given))).toEqual(['not refused', 'not refused']);
  });
});

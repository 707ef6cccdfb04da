import { describe, expect, it } from 'vitest';
import { assign, createMachine, emit, fromPromise, setup, spawnChild } from 'xstate';
import { z } from 'zod';
import { defineEntity, isEntityDefinition } from '../../actors/define-entity.ts';
import { defineEvent, type EventOf } from '../../streams/event/define-event.ts';

const placed = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }));
const paid = defineEvent('payment.received', z.object({ orderId: z.string(), amount: z.number() }));
const confirmed = defineEvent('order.confirmed', z.object({ orderId: z.string() }));

const machine = setup({
  types: {
    context: {} as { total: number },
    events: {} as EventOf<typeof placed> | EventOf<typeof paid>,
  },
}).createMachine({
  id: 'order',
  context: { total: 0 },
  initial: 'new',
  states: {
    new: {
      on: {
        'order.placed': {
          target: 'placed',
          actions: [
            assign({ total: ({ event }) => event.data.total }),
            emit(({ event }) => confirmed({ orderId: event.data.orderId })),
          ],
        },
      },
    },
    placed: {},
  },
});

describe('defineEntity', () => {
  it('takes a machine, definitions and patterns, and types the key by them', () => {
    const order = defineEntity('order', machine, {
      on: [placed, paid, 'shipment.>'],
      key: (event) => event.data.orderId,
    });

    expect(order.kind).toBe('order');
    expect(order.version).toBe(1);
    expect(isEntityDefinition(order)).toBe(true);
    expect(isEntityDefinition({ ...order })).toBe(false);
  });

  it('takes a fold, and types its events', () => {
    const spent = defineEntity(
      'spent',
      { initial: { total: 0 }, fold: (state, event) => ({ total: state.total + event.data.total }) },
      { on: [placed], key: ({ data }) => data.orderId },
    );

    expect(spent.kind).toBe('spent');
  });

  it('refuses what makes no sense, naming it', () => {
    const on = [placed];
    const make = (kind: unknown, behaviour: unknown, options: unknown) => () =>
      defineEntity(kind as string, behaviour as typeof machine, options as { on: typeof on });

    expect(make('a b', machine, { on })).toThrow(/kind of an entity must be 1 to 64 letters/);
    expect(make('order', machine, undefined)).toThrow(/entity order needs options/);
    expect(make('order', machine, { on: [] })).toThrow(/on of entity order must be an array/);
    expect(make('order', machine, { on: [placed, 7] })).toThrow(/on of entity order/);
    expect(make('order', machine, { on, key: 'data.orderId' })).toThrow(
      /key of entity order must be a function/,
    );
    expect(make('order', machine, { on, version: 0 })).toThrow(/version of entity order must be an integer/);
    expect(make('order', machine, { on, migrate: { 1: 'x' } })).toThrow(/migrate of entity order/);
    expect(make('order', machine, { on, keys: 1 })).toThrow(/"keys" is not an option of entity order/);
    expect(make('order', {}, { on })).toThrow(/must be a state machine, or \{ initial, fold \}/);
    expect(make('order', { fold: () => 1 }, { on })).toThrow(/needs the initial state/);
    expect(make('order', { initial: 1, fold: () => 1 }, { on, toSignal: () => 1 })).toThrow(
      /is not an option/,
    );
  });

  it('refuses children without a name, wherever they stand, and says how to name them', () => {
    const charge = fromPromise(() => Promise.resolve(1));
    const machines = [
      createMachine({ id: 'm', invoke: { src: charge } }),
      createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { invoke: [{ src: 'named' }, { src: charge }] } },
      }),
      createMachine({ id: 'm', initial: 'a', states: { a: { entry: spawnChild(charge) } } }),
      createMachine({ id: 'm', on: { x: [{ actions: [spawnChild(charge)] }] } }),
      setup({ actions: { go: spawnChild(charge) } }).createMachine({ id: 'm' }),
    ];
    for (const inline of machines) {
      expect(() => defineEntity('m', inline, { on: ['x'] })).toThrow(
        /entity m: .*a child whose logic has no name.*setup\(\{ actors: \{ charge/,
      );
    }
    const named = setup({ actors: { charge } }).createMachine({ id: 'm', invoke: { src: 'charge' } });
    expect(() => defineEntity('m', named, { on: ['x'] })).not.toThrow();
  });
});

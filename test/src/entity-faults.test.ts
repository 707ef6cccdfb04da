import { describe, expect, it } from 'vitest';
import { assign, emit, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { defineEntity } from '../../actors/define-entity.ts';
import type { Bus } from '../../src/bus.ts';
import type { BusOptions } from '../../src/bus-options.ts';
import { createBus } from '../../src/create-bus.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { durableTransport } from '../../src/transport/durable.ts';
import { defineEvent, type EventOf } from '../../streams/event/define-event.ts';
import { lives, type Lives } from '../support/lives.ts';
import { orders, paid, patienceMs, placed, spoilt } from '../support/order-entity.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const noted = defineEvent('note.added', z.object({ id: z.string(), text: z.string() }));

interface World {
  readonly clock: VirtualClock;
  readonly lives: Lives;
  readonly start: (options?: BusOptions) => Bus;
  readonly settle: (bus: Bus) => Promise<void>;
}

function world(): World {
  const clock = createVirtualClock();
  const random = seededRandom(7);
  const store = memoryStore()({ clock, random });
  const life = lives(store, clock, random, 3);
  return {
    clock,
    lives: life,
    start: (options = {}) => {
      const transport = durableTransport(life.next);
      return createBus({ clock, random, logger: silent, transport, heartbeatMs: 600_000, ...options });
    },
    settle: async (bus) => {
      const idle = bus.idle();
      await clock.advanceBy(1_000);
      await idle;
    },
  };
}

describe('a delay', () => {
  it('ends at its moment after a restart, and at once when that has passed, without any event', async () => {
    const { clock, lives: life, start, settle } = world();
    const first = start();
    first.host(orders);
    void first.publish(placed, { orderId: 'a', amount: 1 });
    await settle(first);
    life.kill();
    await clock.advanceBy(patienceMs / 2);

    const second = start();
    second.host(orders);
    await settle(second);
    const before = await second.query({ patterns: ['order.expired'] });
    await clock.advanceBy(patienceMs / 2);
    const after = await second.query({ patterns: ['order.expired'] });
    void second.publish(placed, { orderId: 'b', amount: 1 });
    await settle(second);
    life.kill();
    await clock.advanceBy(patienceMs * 3);

    const third = start();
    const host = third.host(orders);
    await settle(third);
    const late = await third.query({ patterns: ['order.expired'] });

    expect(before.records).toHaveLength(0);
    expect(after.records.map(({ event }) => event.data)).toEqual([{ orderId: 'a' }]);
    expect(late.records.map(({ event }) => event.data)).toEqual([{ orderId: 'a' }, { orderId: 'b' }]);
    expect(host.stats().timersFired).toBe(1);
  });

  it('ends before the events that were appended after it, and after those before it', async () => {
    const { clock, lives: life, start, settle } = world();
    const first = start();
    first.host(orders);
    for (const orderId of ['early', 'late']) void first.publish(placed, { orderId, amount: 1 });
    await settle(first);
    life.kill();
    // Nobody hosts orders meanwhile: both payments wait in the log.
    const publisher = start();
    await clock.advanceBy(patienceMs / 2);
    void publisher.publish(paid, { orderId: 'early', amount: 1 });
    await clock.advanceBy(patienceMs);
    void publisher.publish(paid, { orderId: 'late', amount: 1 });
    await settle(publisher);
    publisher.host(orders);
    await settle(publisher);
    const { records } = await publisher.query({ patterns: ['order.expired', 'order.confirmed'] });

    expect(records.map(({ event }) => [event.type, event.data])).toEqual([
      ['order.confirmed', { orderId: 'early', total: 2 }],
      ['order.expired', { orderId: 'late' }],
    ]);
  });
});

function notes(version: number, migrate?: Parameters<typeof defineEntity>[2]['migrate']) {
  return defineEntity(
    'notes',
    {
      initial: { texts: [] as readonly string[] },
      fold: (state, event) => ({ texts: [...state.texts, event.data.text] }),
    },
    { on: [noted], key: (event) => event.data.id, version, ...(migrate === undefined ? {} : { migrate }) },
  );
}

describe('a version', () => {
  it('lifts kept states step by step, when they are needed', async () => {
    const { lives: life, start, settle } = world();
    const first = start();
    first.host(notes(1));
    void first.publish(noted, { id: 'n', text: 'one' });
    await settle(first);
    life.kill();

    const second = start();
    const lifted = notes(3, {
      1: (state) => ({ lines: state['texts'] }),
      2: (state) => ({ texts: (state['lines'] as string[]).map((line) => line.toUpperCase()) }),
    });
    second.host(lifted);
    void second.publish(noted, { id: 'n', text: 'two' });
    await settle(second);
    const answer = second.entity(lifted, 'n').ask(({ texts }) => texts);
    await settle(second);

    expect(await answer).toEqual(['ONE', 'two']);
  });

  it('refuses to host what a newer version has kept', async () => {
    const { lives: life, start, settle } = world();
    const first = start();
    first.host(notes(2));
    void first.publish(noted, { id: 'n', text: 'one' });
    await settle(first);
    life.kill();

    const second = start();
    const host = second.host(notes(1));
    await settle(second);

    expect(host.state).toBe('failed');
    await expect(host.ready).rejects.toThrow(/have been kept in version 2, newer than 1/);
  });

  it('parks the key of a state that it cannot lift, and keeps the state', async () => {
    const { lives: life, start, settle } = world();
    const first = start();
    first.host(notes(1));
    void first.publish(noted, { id: 'n', text: 'one' });
    await settle(first);
    life.kill();

    const second = start();
    const host = second.host(notes(2));
    void second.publish(noted, { id: 'n', text: 'two' });
    void second.publish(noted, { id: 'm', text: 'other' });
    await settle(second);
    const [letter] = second.deadLetters.list();
    life.kill();

    const third = start();
    const lifted = notes(2, { 1: (state) => state });
    third.host(lifted);
    await settle(third);
    const requeued = third.deadLetters.requeue();
    await settle(third);
    const answer = third.entity(lifted, 'n').ask(({ texts }) => texts);
    await settle(third);

    expect(host.parked()).toEqual([{ key: 'n', events: 1 }]);
    expect(letter).toMatchObject({ reason: 'fatal', event: { data: { text: 'two' } } });
    expect(await requeued).toBe(1);
    expect(await answer).toEqual(['one', 'two']);
  });
});

describe('what cannot be handled', () => {
  it('goes on behind the event that was given up, in order, also after a restart and a requeue that fails', async () => {
    const { clock, lives: life, start, settle } = world();
    let broken = true;
    const machine = setup({
      types: { context: {} as { readonly texts: readonly string[] }, events: {} as EventOf<typeof noted> },
    }).createMachine({
      context: { texts: [] },
      on: {
        'note.added': {
          actions: assign(({ context, event }) => {
            if (broken && event.data.text === 'two') throw new Error('broken');
            return { texts: [...context.texts, event.data.text] };
          }),
        },
      },
    });
    const listed = defineEntity('listed', machine, { on: [noted], key: (event) => event.data.id });
    const first = start();
    first.host(listed, { retry: false });
    for (const text of ['one', 'two', 'three']) void first.publish(noted, { id: 'n', text });
    await settle(first);
    const failing = first.deadLetters.requeue();
    await settle(first);
    await failing;
    life.kill();

    const second = start();
    const host = second.host(listed, { retry: false });
    void second.publish(noted, { id: 'n', text: 'four' });
    await settle(second);
    const parked = host.parked();
    broken = false;
    const requeued = second.deadLetters.requeue();
    await settle(second);
    const answer = second.entity(listed, 'n').ask(({ context }) => context.texts);
    await clock.advanceBy(100);

    expect(parked).toEqual([{ key: 'n', events: 3 }]);
    expect(await requeued).toBe(1);
    expect(host.parked()).toEqual([]);
    expect(await answer).toEqual(['one', 'two', 'three', 'four']);
    expect(second.deadLetters.size).toBe(0);
  });

  it('is kept up to maxParked, then goes to the dead letters in order', async () => {
    const { start, settle } = world();
    const bus = start();
    const host = bus.host(orders, { retry: false, maxParked: 2 });
    void bus.publish(spoilt, { orderId: 'a', amount: 0 });
    for (const amount of [1, 2, 3]) void bus.publish(paid, { orderId: 'a', amount });
    await settle(bus);

    expect(host.parked()).toEqual([{ key: 'a', events: 2 }]);
    expect(bus.deadLetters.list().map(({ reason, event }) => [reason, event.data])).toEqual([
      ['exhausted', { orderId: 'a', amount: 0 }],
      ['parked', { orderId: 'a', amount: 2 }],
      ['parked', { orderId: 'a', amount: 3 }],
    ]);
  });

  it('parks an event that makes a state which cannot be kept, and says what and where', async () => {
    const { start, settle } = world();
    const strange = defineEntity(
      'strange',
      {
        initial: { last: undefined as unknown },
        fold: (_state, event) => ({ last: event.data.text === 'bad' ? new Map() : event.data.text }),
      },
      { on: [noted], key: (event) => event.data.id },
    );
    const bus = start();
    bus.host(strange);
    for (const text of ['one', 'bad']) void bus.publish(noted, { id: 'n', text });
    void bus.publish(noted, { id: 'm', text: 'fine' });
    await settle(bus);
    const [letter] = bus.deadLetters.list();
    const other = bus.entity(strange, 'm').ask(({ last }) => last);
    await settle(bus);

    expect(letter).toMatchObject({ reason: 'fatal', event: { data: { text: 'bad' } } });
    expect(String(letter?.error)).toMatch(/state\.last cannot be kept: it is neither plain object/);
    expect(await other).toBe('fine');
  });

  it('leaves an event without a key, or with none that can be told, to the dead letters alone', async () => {
    const { start, settle } = world();
    const bus = start();
    const keyed = defineEntity(
      'keyed',
      { initial: 0, fold: (count) => count + 1 },
      {
        on: ['note.>'],
        key: ({ data }) => {
          if (data['id'] === 'throws') throw new Error('no key');
          return data['id'];
        },
      },
    );
    const host = bus.host(keyed);
    for (const id of [undefined, 7, '', 'x'.repeat(441), 'half \ud800', 'throws', 'fine']) {
      void bus.publish('note.any', { id });
    }
    await settle(bus);

    expect(host.stats().handled).toBe(1);
    expect(bus.deadLetters.list().map(({ error }) => String(error).slice(0, 40))).toHaveLength(5);
  });
});

describe('a child with a name', () => {
  it('is started again after a restart, and its result counts once', async () => {
    const { lives: life, start, settle } = world();
    let charges = 0;
    let hangs = true;
    const machine = setup({
      types: { context: {} as { readonly charged: number }, events: {} as EventOf<typeof noted> },
      actors: {
        charge: fromPromise(() => {
          charges += 1;
          return hangs ? new Promise<number>(() => {}) : Promise.resolve(5);
        }),
      },
    }).createMachine({
      context: { charged: 0 },
      initial: 'idle',
      states: {
        idle: { on: { 'note.added': 'charging' } },
        charging: {
          invoke: {
            src: 'charge',
            onDone: {
              target: 'idle',
              actions: [
                assign({ charged: ({ context, event }) => context.charged + event.output }),
                emit({ type: 'note.charged', data: { amount: 5 } }),
              ],
            },
          },
        },
      },
    });
    const charged = defineEntity('charged', machine, { on: [noted], key: (event) => event.data.id });
    const first = start();
    first.host(charged);
    void first.publish(noted, { id: 'n', text: 'go' });
    await settle(first);
    life.kill();
    hangs = false;

    const second = start();
    second.host(charged);
    await settle(second);
    const answer = second.entity(charged, 'n').ask(({ context, value }) => [value, context.charged]);
    await settle(second);
    const { records } = await second.query({ patterns: ['note.charged'] });

    expect(charges).toBe(2);
    expect(await answer).toEqual(['idle', 5]);
    expect(records).toHaveLength(1);
  });
});

describe('an entity', () => {
  it('refuses what is not for it, and what is no question', async () => {
    const { clock, start, settle } = world();
    const bus = start();
    expect(() => bus.entity(orders, 'a')).toThrow(/not hosted on this bus; call bus.host first/);
    bus.host(orders);
    expect(() => bus.host(orders)).toThrow(/hosted already/);
    expect(() => bus.host({} as typeof orders)).toThrow(/host takes what defineEntity gives/);
    expect(() => bus.host(notes(1), { maxActive: 0 })).toThrow(/maxActive must be/);
    expect(() => bus.entity(orders, '')).toThrow(/the key of order must be text/);
    const order = bus.entity(orders, 'a');
    await settle(bus);

    await expect(order.send(placed, { orderId: 'b', amount: 1 })).rejects.toThrow(
      /the event is for order "b", by the key of its definition, not for "a"/,
    );
    await expect(order.send(noted, { id: 'a', text: 'x' })).rejects.toThrow(
      /order does not listen to note.added/,
    );
    await expect(order.send(placed, { orderId: 'a' } as never)).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
    });
    await expect(order.ask('due' as never)).rejects.toThrow(/ask takes a function/);
    const thrown = order.ask(() => {
      throw new Error('mine');
    });
    thrown.catch(() => {});
    await settle(bus);
    await expect(thrown).rejects.toThrow('mine');
    const { records } = await bus.query({});
    expect(records).toHaveLength(0);
    expect(clock.now()).toBeGreaterThan(0);
  });

  it('says that it is late, and why', async () => {
    const { clock, start, settle } = world();
    const bus = start();
    const host = bus.host(orders);
    await settle(bus);
    host.pause();
    void bus.publish(placed, { orderId: 'a', amount: 1 });
    await clock.advanceBy(10);
    const asked = bus.entity(orders, 'a').ask(({ value }) => value, { timeoutMs: 50 });
    asked.catch(() => {});
    await clock.advanceBy(100);

    await expect(asked).rejects.toMatchObject({ code: 'ERR_ENTITY', reason: 'timeout', retryable: true });
    await expect(asked).rejects.toThrow(/order a did not answer within 50 ms: its host is paused/);
    host.resume();
    const again = bus.entity(orders, 'a').ask(({ value }) => value);
    await clock.advanceBy(100);
    expect(await again).toBe('placed');
  });
});

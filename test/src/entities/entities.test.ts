import { describe, expect, it } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';
import { defineEntity } from '../../../actors/define-entity.ts';
import type { BusOptions } from '../../../src/bus-options.ts';
import type { Bus } from '../../../src/bus.ts';
import { createBus } from '../../../src/create-bus.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { durableTransport } from '../../../src/transport/durable.ts';
import { memoryTransport } from '../../../src/transport/memory.ts';
import { defineEvent } from '../../../streams/event/define-event.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { confirmed, expired, orders, paid, patienceMs, placed, spoilt } from '../../support/order-entity.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';

const quietLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const next = defineEvent('chain.next', z.object({ id: z.string() }));

const transports = {
  'in memory': () => memoryTransport(),
  'on a log': () => durableTransport(memoryStore()),
} as const;

interface World {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly emitted: EventEnvelope[];
  /** Runs until nothing is left to do at this moment. */
  readonly settle: () => Promise<void>;
}

function world(transport: BusOptions['transport']): World {
  const clock = createVirtualClock();
  const bus = createBus({
    clock,
    random: seededRandom(1),
    logger: quietLogger,
    ...(transport === undefined ? {} : { transport }),
  });
  const emitted: EventEnvelope[] = [];
  bus.subscribe([confirmed, expired], (event) => void emitted.push(event));
  return {
    bus,
    clock,
    emitted,
    async settle() {
      const idle = bus.idle();
      await clock.flush();
      await idle;
    },
  };
}

describe.each(Object.entries(transports))('entities %s', (_name, transport) => {
  it('handle what is sent to them, and answer', async () => {
    const { bus, clock } = world(transport());
    bus.host(orders);
    const order = bus.entity(orders, '42');
    const sent = order.send(placed, { orderId: '42', amount: 99.5 });
    await clock.flush();
    const answer = order.ask((snapshot) => snapshot.context.due);
    await clock.flush();

    expect((await sent).id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await answer).toBe(99.5);
  });

  it('publish what they emit, with the event as its cause', async () => {
    const { bus, emitted, settle } = world(transport());
    bus.host(orders);
    await bus.publish(placed, { orderId: '1', amount: 10 });
    const { id } = await bus.publish(paid, { orderId: '1', amount: 10 }, { correlationId: 'visit' });
    await settle();

    expect(emitted).toMatchObject([
      { type: 'order.confirmed', data: { orderId: '1', total: 2 }, causationId: id, correlationId: 'visit' },
    ]);
  });

  it('end a delay that nothing has ended before', async () => {
    const { bus, clock, emitted, settle } = world(transport());
    bus.host(orders);
    const { id } = await bus.publish(placed, { orderId: '1', amount: 10 });
    await bus.publish(placed, { orderId: '2', amount: 10 });
    await settle();
    await clock.advanceBy(patienceMs / 2);
    await bus.publish(paid, { orderId: '2', amount: 10 });
    await clock.advanceBy(patienceMs);
    await settle();

    expect(emitted.map(({ type, data }) => [type, data])).toEqual([
      ['order.confirmed', { orderId: '2', total: 2 }],
      ['order.expired', { orderId: '1' }],
    ]);
    expect(emitted[1]).toMatchObject({ causationId: id });
  });

  it('show what they are and each change that is kept', async () => {
    const { bus, clock, settle } = world(transport());
    bus.host(orders);
    const seen: unknown[] = [];
    bus
      .entity(orders, '7')
      .snapshot$.subscribe((snapshot) => seen.push([snapshot.value, snapshot.context.due]));
    await clock.flush();
    await bus.publish(placed, { orderId: '7', amount: 10 });
    await settle();
    await bus.publish(paid, { orderId: '7', amount: 4 });
    await settle();

    expect(seen).toEqual([
      ['new', 0],
      ['placed', 10],
      ['placed', 6],
    ]);
  });

  it('leave memory and come back as they were, with their delays', async () => {
    const { bus, clock, emitted, settle } = world(transport());
    const host = bus.host(orders, { maxActive: 10, passivateAfterMs: 1_000 });
    for (let n = 0; n < 50; n += 1) await bus.publish(placed, { orderId: `o-${n}`, amount: 10 });
    await settle();
    const afterMany = host.stats().active;
    await clock.advanceBy(5_000);
    const afterIdle = host.stats().active;
    await bus.publish(paid, { orderId: 'o-3', amount: 10 });
    await settle();
    await clock.advanceBy(patienceMs);
    await settle();

    expect([afterMany, afterIdle]).toEqual([10, 0]);
    expect(emitted).toHaveLength(50);
    expect(emitted[0]).toMatchObject({ type: 'order.confirmed', data: { orderId: 'o-3', total: 2 } });
    expect(new Set(emitted.slice(1).map(({ type }) => type))).toEqual(new Set(['order.expired']));
  });

  it('park the key of an event that fails each time, and no other', async () => {
    const { bus, clock, emitted, settle } = world(transport());
    const host = bus.host(orders, { retry: { maxAttempts: 3, baseMs: 10, jitter: 'none' } });
    await bus.publish(placed, { orderId: 'a', amount: 10 });
    await bus.publish(spoilt, { orderId: 'a', amount: 0 });
    await bus.publish(paid, { orderId: 'a', amount: 10 });
    await bus.publish(placed, { orderId: 'b', amount: 5 });
    await bus.publish(paid, { orderId: 'b', amount: 5 });
    await clock.advanceBy(1_000);
    await settle();
    const [letter] = bus.deadLetters.list();

    expect(emitted.map(({ data }) => data)).toEqual([{ orderId: 'b', total: 2 }]);
    expect(letter).toMatchObject({
      subscriber: 'entity:order',
      reason: 'exhausted',
      attempts: 3,
      event: { type: 'order.spoilt' },
    });
    expect(host.parked()).toEqual([{ key: 'a', events: 2 }]);
    await expect(bus.entity(orders, 'a').ask((snapshot) => snapshot.value)).rejects.toMatchObject({
      code: 'ERR_ENTITY',
      reason: 'parked',
      key: 'a',
    });

    const sent = bus.entity(orders, 'a').send(placed, { orderId: 'a', amount: 3 });
    sent.catch(() => {});
    await clock.flush();
    await expect(sent).rejects.toMatchObject({ reason: 'parked' });
    expect(await host.release('a')).toBe(true);
    await settle();

    expect(emitted.map(({ data }) => data)).toEqual([
      { orderId: 'b', total: 2 },
      { orderId: 'a', total: 2 },
    ]);
    expect(host.parked()).toEqual([]);
    const answer = bus.entity(orders, 'a').ask((snapshot) => [snapshot.value, snapshot.context.due]);
    await clock.flush();
    expect(await answer).toEqual(['placed', 3]);
  });

  it('get the events of a key in the order of their publishes, whatever their priority', async () => {
    const { bus, settle } = world(transport());
    const listed = defineEntity(
      'listed',
      { initial: [] as readonly string[], fold: (texts, { data }) => [...texts, String(data['text'])] },
      { on: ['note.>'], key: ({ data }) => data['id'] },
    );
    bus.host(listed);
    const priorities = ['low', 'critical', 'normal', 'high', 'low', 'critical'] as const;
    for (const [n, priority] of priorities.entries()) {
      void bus.publish('note.any', { id: 'n', text: `${n}` }, { priority });
    }
    await settle();
    const answer = bus.entity(listed, 'n').ask((texts) => texts.join(''));
    await settle();

    expect(await answer).toBe('012345');
  });

  it('handle what they emit themselves, without end of their turn', async () => {
    const { bus, settle } = world(transport());
    const machine = setup({
      types: { context: {} as { readonly n: number } },
    }).createMachine({
      context: { n: 0 },
      on: {
        'chain.next': [
          {
            guard: ({ context }) => context.n < 40,
            actions: [assign({ n: ({ context }) => context.n + 1 }), emit(() => next({ id: 'c' }))],
          },
        ],
      },
    });
    const chain = defineEntity('chain', machine, { on: [next], key: (event) => event.data.id });
    const host = bus.host(chain);
    await bus.publish(next, { id: 'c' });
    await settle();

    expect(host.stats()).toMatchObject({ handled: 41, emitted: 40 });
  });

  it('stop, commit what they did, and may be hosted again', async () => {
    const { bus, clock, settle } = world(transport());
    const first = bus.host(orders);
    await bus.publish(placed, { orderId: 'a', amount: 3 });
    const stopped = first.stop();
    await clock.flush();
    await stopped;
    const second = bus.host(orders);
    await settle();

    expect([first.state, second.state]).toEqual(['stopped', 'running']);
    expect(second.stats().handled + first.stats().handled).toBeGreaterThanOrEqual(
      _name === 'on a log' ? 1 : 0,
    );
    await bus.close();
    expect(() => bus.host(orders)).toThrow(/the bus is closed/);
  });
});

describe('a host', () => {
  it('refuses a transport that keeps events elsewhere, and names one that it takes', () => {
    const transport: BusOptions['transport'] = (ports) => {
      const inner = memoryTransport()(ports);
      return {
        name: 'elsewhere',
        features: { ...inner.features, durable: true },
        publish: (events, options) => inner.publish(events, options),
        subscribe: (patterns, options) => inner.subscribe(patterns, options),
        close: () => inner.close(),
      };
    };
    expect(() => world(transport).bus.host(orders)).toThrow(
      /cannot be hosted on the elsewhere transport, which keeps no states; host them on lmdb/,
    );
  });
});

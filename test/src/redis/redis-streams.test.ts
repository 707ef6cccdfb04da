import { RetryableError, TransportError, type EventEnvelope } from 'breakwater';
import { redisStreams } from 'breakwater/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleEvent } from '../../../src/testing/conformance/sample-event.ts';
import { until } from '../../support/nats-world.ts';
import { createRedisWorld, entriesOf, eventually, type RedisWorld } from '../../support/redis-world.ts';
import { expectPlaceKept } from '../../support/takes-up-its-place.ts';

const type = 'order.placed';
let world: RedisWorld;

beforeAll(async () => {
  world = await createRedisWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

function placed(n: number): EventEnvelope {
  return sampleEvent(n, { type, data: n });
}

describe('redisStreams', () => {
  it('stores an event, says how far it has come, and delivers it', async () => {
    const bus = world.bus({ namespace: world.namespace() });
    const seen: EventEnvelope[] = [];
    bus.subscribe('order.>', (event) => seen.push(event), { name: 'billing' });

    const receipt = await bus.publish(
      type,
      { total: 9 },
      { key: 'a', priority: 'high', metadata: { shop: 'eu' } },
    );

    expect(receipt).toMatchObject({ level: 'accepted', subscribers: -1 });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({ id: receipt.id, type, key: 'a', priority: 'high', data: { total: 9 } });
  });

  it('gives a subscriber that comes later what was stored before, and only once', () => {
    const namespace = world.namespace();
    return expectPlaceKept(() => world.bus({ namespace }));
  });

  it('begins at a time, and says that it knows no positions', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace });
    await bus.publish(type, 'old');
    const [entry] = await world.client.xrevrange(`${namespace}:events`, '+', '-', 'COUNT', 1);
    const at = Number(entry?.[0].split('-')[0]);
    await world.client.xadd(
      `${namespace}:events`,
      `${at + 1000}-0`,
      'type',
      'none',
      'count',
      '0',
      'events',
      '',
    );
    await bus.publish(type, 'new');
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { from: { time: at + 1000 } });
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'kept', from: { time: at + 1000 } });

    await until(() => seen.length === 2);

    expect(seen).toEqual(['new', 'new']);
  });

  it('shares the events of a name among processes, each event handled by one', async () => {
    const namespace = world.namespace();
    const buses = [world.bus({ namespace }), world.bus({ namespace })];
    const seen: unknown[][] = [[], []];
    buses.forEach((bus, at) =>
      bus.subscribe(
        type,
        async ({ data }) => {
          seen[at]?.push(data);
          await new Promise((resolve) => setImmediate(resolve));
        },
        { name: 'workers', concurrency: 1, mailbox: { capacity: 2 } },
      ),
    );
    await Promise.all(buses.map((bus) => bus.ready()));

    for (let n = 0; n < 60; n += 1) await buses[0]?.publish(type, n);
    await until(() => seen.flat().length >= 60);

    expect(new Set(seen.flat()).size).toBe(60);
    expect(seen.flat()).toHaveLength(60);
    expect(seen.every(({ length }) => length > 0)).toBe(true);
  });

  it('stores a batch as one entry, and the events of one turn together', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace });
    await bus.ready();
    await bus.publishBatch(Array.from({ length: 30 }, (_, n) => placed(n)));
    await Promise.all(Array.from({ length: 40 }, (_, n) => bus.publish(type, n)));

    const counts = (await entriesOf(world.client, `${namespace}:events`)).map(({ count }) => count);

    expect(counts).toEqual(['30', '40']);
  });

  it('keeps no more entries than it was told, about', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace, maxEntries: 100, maxBatchEvents: 1 });
    await Promise.all(Array.from({ length: 1000 }, (_, n) => bus.publish(type, n)));

    expect(await world.client.xlen(`${namespace}:events`)).toBeLessThan(300);
  });

  it('copies an event that was given up, with the reason, as it acknowledges it', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace });
    bus.subscribe(
      type,
      ({ data }) => {
        if (data === 2) throw new RetryableError('never');
      },
      { name: 'picky', retry: { maxAttempts: 2, baseMs: 1, jitter: 'none' } },
    );
    await bus.ready();
    await bus.publishBatch([1, 2, 3].map((n) => placed(n)));

    await eventually(async () => (await entriesOf(world.client, `${namespace}:dead-letters`)).length === 1);
    const [letter] = await entriesOf(world.client, `${namespace}:dead-letters`);

    expect(letter).toMatchObject({ subscriber: 'picky', attempts: '2', count: '1' });
    const pending = await world.client.xpending(`${namespace}:events`, 'picky');
    expect(pending[0]).toBe(0);
  });

  it('puts entries that are none of ours into the dead letters, and goes on', async () => {
    const namespace = world.namespace();
    const key = `${namespace}:events`;
    const bus = world.bus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'steady' });
    await bus.ready();

    await world.client.xadd(key, '*', 'foo', 'bar');
    await world.client.xadd(key, '*', 'type', 'application/x-other', 'count', '1', 'events', 'x');
    await world.client.xadd(key, '*', 'type', 'application/msgpack', 'count', '1', 'events', '\u0000\u0001');
    await world.client.xadd(
      key,
      '*',
      'type',
      'application/cloudevents-batch+json',
      'count',
      '2',
      'events',
      '[]',
    );
    await bus.publish(type, 'good');

    await until(() => seen.length === 1);
    await eventually(async () => (await entriesOf(world.client, `${namespace}:dead-letters`)).length === 4);
    const letters = await entriesOf(world.client, `${namespace}:dead-letters`);
    expect(letters.every(({ reason }) => reason?.startsWith('undecodable: '))).toBe(true);
    await eventually(async () => (await world.client.xpending(key, 'steady'))[0] === 0);
  });

  it('forgets the place of a subscriber', async () => {
    const namespace = world.namespace();
    const factory = redisStreams({ url: world.server.url, namespace });
    const bus = world.bus({}, { transport: factory });
    bus.subscribe(type, () => {}, { name: 'gone' });
    await bus.publish(type, 1);
    await bus.close();
    const { createSystemClock } = await import('../../../src/system-clock.ts');
    const transport = factory({ clock: createSystemClock(), random: Math.random });
    await transport.forget?.('gone');
    await transport.forget?.('never there');

    expect(await world.client.xinfo('GROUPS', `${namespace}:events`)).toEqual([]);
    await transport.close();
  });

  it('refuses to publish with a TransportError what the server refuses', async () => {
    const namespace = world.namespace();
    await world.client.set(`${namespace}:events`, 'no stream');
    const bus = world.bus({ namespace });

    await expect(bus.publish(type, 1)).rejects.toThrow(TransportError);
    await expect(bus.publish(type, 1)).rejects.toThrow(/refused the events.*WRONGTYPE/);
  });
});

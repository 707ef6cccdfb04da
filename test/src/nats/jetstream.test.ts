import { RetryableError, TransportError, type EventEnvelope } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { expectPlaceKept } from '../../support/takes-up-its-place.ts';

const type = 'order.placed';

describe.each(natsBinaries())('jetStream on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('stores an event, says how far it has come, and delivers it', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: EventEnvelope[] = [];
    bus.subscribe('order.>', (event) => seen.push(event), { name: 'billing' });

    const receipt = await bus.publish(
      type,
      { total: 9 },
      { key: 'a', priority: 'high', metadata: { shop: 'eu' } },
    );

    expect(receipt).toMatchObject({ level: 'os', subscribers: -1 });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({
      id: receipt.id,
      type,
      key: 'a',
      priority: 'high',
      data: { total: 9 },
      metadata: { shop: 'eu' },
    });
  });

  it('gives a subscriber that comes later what was stored before, and only once', () => {
    const namespace = world.namespace();
    return expectPlaceKept(() => world.streamBus({ namespace }));
  });

  it('gives subscribers without a name, each, what comes from now on', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const other = world.streamBus({ namespace });
    await bus.publish(type, 'before');
    const seen: unknown[][] = [[], []];
    bus.subscribe(type, ({ data }) => seen[0]?.push(data));
    other.subscribe(type, ({ data }) => seen[1]?.push(data));
    await other.ready();

    await bus.publish(type, 'after');

    await until(() => seen.every(({ length }) => length > 0));
    expect(seen).toEqual([['after'], ['after']]);
  });

  it('shares the events of a name among processes, each event handled by one', async () => {
    const namespace = world.namespace();
    const buses = [world.streamBus({ namespace }), world.streamBus({ namespace })];
    const seen: unknown[][] = [[], []];
    // One at a time, and slow enough that one alone does not take all.
    buses.forEach((bus, at) =>
      bus.subscribe(
        type,
        async ({ data }) => {
          seen[at]?.push(data);
          await new Promise((resolve) => setImmediate(resolve));
        },
        { name: 'shared', concurrency: 1, mailbox: { capacity: 4 } },
      ),
    );
    await Promise.all(buses.map((bus) => bus.ready()));
    const total = 200;
    for (let n = 0; n < total; n += 1) await buses[n % 2]?.publish(type, n);

    await until(() => seen.flat().length >= total);

    expect(new Set(seen.flat()).size).toBe(total);
    expect(seen.flat()).toHaveLength(total);
    expect(Math.min(...seen.map(({ length }) => length))).toBeGreaterThan(0);
  });

  it('keeps the order of each key, across types and priorities, through retries', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen = new Map<string, number[]>();
    const failed = new Set<number>();
    bus.subscribe(
      'order.>',
      ({ key = '', data }) => {
        const n = data as number;
        if (n % 7 === 0 && !failed.has(n)) {
          failed.add(n);
          throw new RetryableError('not yet', { retryAfterMs: 5 });
        }
        seen.set(key, [...(seen.get(key) ?? []), n]);
      },
      { name: 'keyed', order: 'key', retry: { maxAttempts: 3, minRetriesPerSecond: 1000 } },
    );
    const total = 400;
    const priorities = ['low', 'critical', 'normal', 'high'] as const;

    await Promise.all(
      Array.from({ length: total }, (_, n) =>
        bus.publish(`order.t${n % 3}`, n, { key: `k${n % 10}`, priority: priorities[n % 4] ?? 'low' }),
      ),
    );

    await until(() => [...seen.values()].flat().length >= total);
    for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect([...seen.values()].flat()).toHaveLength(total);
  });

  it('lets a waiting critical event go ahead of a backlog of low ones', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    const subscription = bus.subscribe(type, ({ data }) => seen.push(data), {
      name: 'lanes',
      concurrency: 1,
    });
    subscription.pause();
    for (let n = 0; n < 50; n += 1) await bus.publish(type, n, { priority: 'low' });
    await bus.publish(type, 'urgent', { priority: 'urgent' });
    await until(() => subscription.stats().queue.size === 51);

    subscription.resume();

    await until(() => seen.length === 51);
    expect(seen[0]).toBe('urgent');
  });

  it('holds no more than the mailbox has room for, and loses nothing of what waits in the stream', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, maxBatchEvents: 4 });
    let handled = 0;
    const subscription = bus.subscribe(type, () => (handled += 1), {
      name: 'small',
      mailbox: { capacity: 40 },
    });
    await bus.ready();
    subscription.pause();
    await Promise.all(Array.from({ length: 2000 }, (_, n) => bus.publish(type, n)));
    await until(() => subscription.stats().queue.size >= 10);
    // Each lane has its share; one message of four may go beyond it.
    expect(subscription.stats().queue.size).toBeLessThanOrEqual(14);

    subscription.resume();

    await until(() => handled === 2000);
  });

  it('takes several patterns and globs with one filter', async () => {
    const bus = world.streamBus({ namespace: world.namespace() });
    const seen: string[] = [];
    bus.subscribe(['order.placed', 'payment.*'], (event) => seen.push(event.type), { name: 'several' });
    for (const one of ['order.placed', 'order.paid', 'payment.done', 'payment.x.y'])
      await bus.publish(one, 1);
    await bus.publish('payment.last', 1);

    await until(() => seen.includes('payment.last'));
    expect(seen.toSorted()).toEqual(['order.placed', 'payment.done', 'payment.last']);
  });

  it('refuses publishSync, which cannot wait for a server, before anything is sent', () => {
    const bus = world.streamBus({ namespace: world.namespace() });
    expect(() => bus.publishSync(type, 1)).toThrow(TransportError);
  });
});

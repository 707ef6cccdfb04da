import { headers } from '@nats-io/transport-node';
import { BatchError, TransportError, type EventEnvelope } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const type = 'order.placed';

describe.each(natsBinaries())('nats on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary, jetStream: false });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('carries events to every process that listens, with all that they say', async () => {
    const namespace = world.namespace();
    const [first, second] = [world.coreBus({ namespace }), world.coreBus({ namespace })];
    const seen: EventEnvelope[] = [];
    first.subscribe('order.>', (event) => seen.push(event));
    second.subscribe('>', (event) => seen.push(event));
    await Promise.all([first.ready(), second.ready()]);

    const receipt = await first.publish(
      type,
      { total: 9 },
      { key: 'a', priority: 'high', correlationId: 'c' },
    );

    expect(receipt).toMatchObject({ level: 'accepted', subscribers: -1 });
    await until(() => seen.length === 2);
    const expected = {
      id: receipt.id,
      type,
      key: 'a',
      priority: 'high',
      data: { total: 9 },
      correlationId: 'c',
    };
    expect(seen).toMatchObject([expected, expected]);
  });

  it('gives an event to a subscriber that was there before the publish, though the server knew neither', async () => {
    const bus = world.coreBus({ namespace: world.namespace() });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data));

    await bus.publish(type, 1);

    await until(() => seen.length === 1);
    expect(seen).toEqual([1]);
  });

  it('shares the events of a name, each handled by one process', async () => {
    const namespace = world.namespace();
    const buses = [world.coreBus({ namespace }), world.coreBus({ namespace })];
    const seen: unknown[][] = [[], []];
    buses.forEach((bus, at) =>
      bus.subscribe(['order.>', '*.placed'], ({ data }) => seen[at]?.push(data), { name: 'billing' }),
    );
    await Promise.all(buses.map((bus) => bus.ready()));
    const total = 400;
    for (let n = 0; n < total; n += 1) await buses[0]?.publish(type, n);

    await until(() => seen.flat().length >= total);

    expect(seen.flat()).toHaveLength(total);
    expect(Math.min(...seen.map(({ length }) => length))).toBeGreaterThan(0);
  });

  it('keeps the order of each key, across types and priorities, through retries', async () => {
    const bus = world.coreBus({ namespace: world.namespace() });
    const seen = new Map<string, number[]>();
    const failed = new Set<number>();
    bus.subscribe(
      'order.>',
      ({ key = '', data }) => {
        const n = data as number;
        if (n % 7 === 0 && !failed.has(n)) {
          failed.add(n);
          throw new Error('not yet');
        }
        seen.set(key, [...(seen.get(key) ?? []), n]);
      },
      { order: 'key', breaker: false, retry: { baseMs: 1, minRetriesPerSecond: 1000 } },
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
  });

  it('counts what a mailbox has no room for, by the policy that was chosen', async () => {
    const bus = world.coreBus({ namespace: world.namespace() });
    const slow = bus.subscribe(type, () => {}, { mailbox: { capacity: 10, overflow: 'drop-oldest' } });
    const refusing = bus.subscribe(type, () => {}, { mailbox: { capacity: 10, overflow: 'reject' } });
    await bus.ready();
    slow.pause();
    refusing.pause();
    await Promise.all(Array.from({ length: 100 }, (_, n) => bus.publish(type, n)));

    await until(() => slow.stats().dropped + slow.stats().queue.size === 100);
    await until(() => refusing.stats().dropped + refusing.stats().queue.size === 100);

    expect([slow, refusing].map((one) => one.stats().queue.size)).toEqual([10, 10]);
  });

  it('drops what is not ours, says so, and goes on', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe('>', ({ data }) => seen.push(data));
    await bus.ready();
    const client = await world.client();
    const head = headers();
    head.set('Content-Type', 'application/cloudevents+json');
    const foreign = {
      specversion: '1.0',
      id: 'f',
      source: 's',
      type: 'order.paid',
      time: '2026-01-01T00:00:00Z',
      data: 'foreign',
    };
    client.publish(`${namespace}.normal.order.placed`, 'hello');
    client.publish(`${namespace}.normal.order.placed`, JSON.stringify(foreign), { headers: head });
    client.publish(`${namespace}.normal.order.paid`, JSON.stringify(foreign), { headers: head });
    await client.flush();
    await bus.publish(type, 'own');

    await until(() => seen.length === 2);
    expect(seen).toEqual(['foreign', 'own']);
    expect(world.lines.filter(({ message }) => message.includes('is not ours'))).toHaveLength(2);
  });

  it('publishes a batch of one type as one message, and refuses a mixed one', async () => {
    const bus = world.coreBus({ namespace: world.namespace() });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { order: 'total' });
    const of = (data: number, eventType = type): EventEnvelope => ({
      id: `01890a5d-ac96-774b-bcce-b302099a80${String(data).padStart(2, '0')}`,
      type: eventType,
      source: 'test',
      time: 1_700_000_000_000,
      priority: 'normal',
      schemaVersion: 1,
      data,
    });

    await bus.publishBatch([of(1), of(2), of(3)]);
    await expect(bus.publishBatch([of(4), of(5, 'order.paid')])).rejects.toBeInstanceOf(BatchError);

    await until(() => seen.length === 3);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('fails a publish that nobody can confirm, buffers while the server is away, and carries on after', async () => {
    await using proxy = await startTcpProxy(world.server.port);
    const namespace = world.namespace();
    const bus = world.coreBus({ servers: proxy.url, namespace });
    const seen: unknown[] = [];
    const other = world.coreBus({ namespace });
    other.subscribe(type, ({ data }) => seen.push(data));
    await other.ready();
    await bus.publish(type, 'before');
    await until(() => seen.length === 1);

    proxy.muteServer();
    const unknown: unknown = await bus.publish(type, 'unknown').catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(TransportError);
    expect(String(unknown)).toContain('unknown');

    const waiting = bus.publish(type, 'waiting');
    proxy.resume();

    await expect(waiting).resolves.toMatchObject({ level: 'accepted' });
    await until(() => seen.includes('waiting'));
  });

  it('refuses, typed, when the server cannot be reached, and says where it was sought', async () => {
    const refused: unknown = await world
      .coreBus({ servers: 'nats://127.0.0.1:1', connectTimeoutMs: 300 })
      .publish(type, 1)
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/no connection to NATS at nats:\/\/127\.0\.0\.1:1 within 300 ms/);
  });

  it('buffers no more than maxPending', async () => {
    const bus = world.coreBus({ servers: 'nats://127.0.0.1:1', connectTimeoutMs: 300, maxPending: 3 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => bus.publish(type, n)));
    const codes = results.map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok',
    );
    expect(codes).toEqual([
      'ERR_TRANSPORT',
      'ERR_TRANSPORT',
      'ERR_TRANSPORT',
      'ERR_QUEUE_FULL',
      'ERR_QUEUE_FULL',
    ]);
  });

  it('comes back after the server was killed, and its subscribers with it', async () => {
    await using own = await startNatsServer({ binary, jetStream: false });
    const namespace = world.namespace();
    const bus = world.coreBus({ servers: own.url, namespace });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data));
    await bus.publish(type, 1);
    await until(() => seen.length === 1);

    world.lines.length = 0;
    await own.kill();
    await until(() => world.lines.some(({ message }) => message.includes('is lost')));
    const waiting = bus.publish(type, 2);
    await own.restart();

    await waiting;
    await until(() => seen.includes(2));
    expect(seen).toEqual([1, 2]);
  });
});

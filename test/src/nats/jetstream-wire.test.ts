import { randomUUID } from 'node:crypto';
import { BatchError, CodecError, type EventEnvelope } from 'breakwater';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('messages of jetStream on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('sends what no one can read to the dead letters, byte for byte, and goes on', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe('order.>', ({ data }) => seen.push(data), { name: 'sturdy' });
    await bus.ready();
    const client = await world.client();
    const subject = `${namespace}.events.normal.0.${type}`;
    const typed = (contentType: string, count = '1'): { headers: ReturnType<typeof headers> } => {
      const head = headers();
      head.set('Content-Type', contentType);
      head.set('Breakwater-Events', count);
      return { headers: head };
    };
    const msgpack = 'application/vnd.breakwater.events+msgpack';
    const one = {
      specversion: '1.0',
      id: 'x',
      source: 's',
      type: 'order.other',
      time: '2026-01-01T00:00:00Z',
    };
    const hostile: (() => void)[] = [
      () => client.publish(subject, 'hello'),
      () => client.publish(subject, '', typed(msgpack)),
      () => client.publish(subject, new Uint8Array([1, 0xdd, 255, 255, 255, 255]), typed(msgpack)),
      () => client.publish(subject, new Uint8Array([9, 0x90]), typed(msgpack)),
      () => client.publish(subject, new Uint8Array([1, 0x90]), typed(msgpack, '3')),
      // Inside is another type than the subject says: permissions are by subject.
      () => client.publish(subject, JSON.stringify(one), typed('application/cloudevents+json')),
      () => client.publish(subject, '{', typed('application/cloudevents+json')),
      () => client.publish(`${namespace}.events.odd`, 'x'),
      () => client.publish(`${namespace}.events.normal.99.order.*`, 'x'),
    ];
    for (const send of hostile) send();
    await bus.publish(type, 'good');

    await until(() => seen.length === 1);
    const manager = await world.manager();
    let stored = 0;
    for (let tries = 0; stored < 7 && tries < 200; tries += 1) {
      stored = (await manager.streams.info(`${namespace}-dead-letters`)).state.messages;
    }
    expect(stored).toBeGreaterThanOrEqual(7);
    expect(seen).toEqual(['good']);
  });

  it('publishes a batch as one message, or not at all', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, stream: { partitions: 1 } });
    const of = (data: unknown, eventType = type): EventEnvelope => ({
      id: randomUUID(),
      type: eventType,
      source: 'test',
      time: 1_700_000_000_000,
      priority: 'normal',
      schemaVersion: 1,
      data,
    });
    const receipts = await bus.publishBatch([of(1), of(2), of(3)]);
    expect(receipts).toHaveLength(3);
    const manager = await world.manager();
    expect((await manager.streams.info(namespace)).state.messages).toBe(1);

    const mixed: unknown = await bus
      .publishBatch([of(4), of(5, 'order.paid')])
      .catch((error: unknown) => error);

    expect(mixed).toBeInstanceOf(BatchError);
    expect((await manager.streams.info(namespace)).state.messages).toBe(1);
  });

  it('fails the publish of what cannot be written, and of nothing that travelled with it', async () => {
    const bus = world.streamBus({ namespace: world.namespace(), stream: { partitions: 1 } });
    const failed: unknown[] = [];
    bus.errors$.subscribe((error) => failed.push(error));
    await bus.ready();
    const seen: unknown[] = [];
    const fromHandlers: Promise<PromiseSettledResult<unknown>[]>[] = [];
    bus.subscribe('order.again', (_event, { publish }) => {
      const more = [publish(type, 4), publish(type, 5n ** 40n), publish(type, 6)];
      fromHandlers.push(Promise.allSettled(more));
    });
    bus.subscribe(type, ({ data }) => seen.push(data));
    await bus.ready();

    const outcomes = await Promise.allSettled([1, 2n ** 70n, 3].map((data) => bus.publish(type, data)));
    await bus.publish('order.again', {});

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[0]).toMatchObject({ value: { level: 'os', subscribers: -1 } });
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_CODEC' } });
    await until(() => seen.length === 4);
    const handlers = await Promise.all(fromHandlers);
    expect(handlers[0]?.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(new Set(seen)).toEqual(new Set([1, 3, 4, 6]));
    expect(failed).toHaveLength(2);
    const { published, failedPublishes } = bus.stats();
    expect({ published, failedPublishes }).toEqual({ published: 5, failedPublishes: 2 });
  });

  it('writes one CloudEvent a message with batching off, which others read and write', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, batching: 'off' });
    const seen: EventEnvelope[] = [];
    bus.subscribe('order.>', (event) => seen.push(event), { name: 'open' });
    const { id } = await bus.publish(type, { total: 1 }, { key: 'k' });
    const manager = await world.manager();
    const message = await manager.streams.getMessage(namespace, { seq: 1 });
    expect(message?.json()).toMatchObject({
      specversion: '1.0',
      id,
      type,
      data: { total: 1 },
      partitionkey: 'k',
    });
    expect(message?.header.get('Content-Type')).toBe('application/cloudevents+json');

    const foreign = {
      specversion: '1.0',
      id: 'f-1',
      source: 'python',
      type: 'order.paid',
      time: '2026-01-01T00:00:00Z',
      data: 7,
    };
    const head = headers();
    head.set('Content-Type', 'application/cloudevents+json');
    const client = await world.client();
    client.publish(`${namespace}.events.normal.0.order.paid`, JSON.stringify(foreign), { headers: head });

    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ source: 'python', type: 'order.paid', data: 7 });
  });

  it('refuses only the event that cannot be carried, and carries those beside it', async () => {
    const bus = world.streamBus({ namespace: world.namespace(), maxMessageBytes: 4096 });
    const fits = 'x'.repeat(2000);
    const results = await Promise.allSettled([
      bus.publish(type, fits),
      bus.publish(type, 'y'.repeat(5000)),
      bus.publish(type, { run: () => 1 }),
      bus.publish(type, fits),
      bus.publish(type, fits),
    ]);

    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CodecError);
  });

  it('handles an id once, also beyond the window of the server', async () => {
    const namespace = world.namespace();
    const id = randomUUID();
    const bus = world.streamBus({ namespace, stream: { duplicateWindowMs: 100 } });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'once' });
    await bus.publish(type, 1, { id });
    const manager = await world.manager();
    // The server's window is over when it stores the id again.
    let stored = 1;
    for (let tries = 0; stored === 1 && tries < 500; tries += 1) {
      await bus.publish(type, 1, { id });
      stored = (await manager.streams.info(namespace)).state.messages;
    }
    expect(stored).toBe(2);

    await bus.publish(type, 2);

    await until(() => seen.includes(2));
    expect(seen).toEqual([1, 2]);
  });
});

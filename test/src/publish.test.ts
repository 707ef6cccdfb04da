import { defineEvent, type EventEnvelope, type Logger } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld, silentLogger } from '../support/bus-world.ts';
import { thrownText } from '../support/thrown-text.ts';

const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }), {
  key: (order) => order.orderId,
});
const order = { orderId: '42', total: 99.5 };
const wrong = { orderId: '42', total: 'much' } as unknown as typeof order;

describe('publish', () => {
  it('rejects at once with an error that names the field and what stood there', async () => {
    const { bus } = createBusWorld();

    await expect(bus.publish(orderPlaced, wrong)).rejects.toMatchObject({
      name: 'ValidationError',
      code: 'ERR_VALIDATION',
      message: expect.stringMatching(/^order\.placed is not valid: data\.total: .*; got "much"$/u),
      issues: [{ field: 'data.total' }],
    });
  });

  it('returns before a handler of the event has started', () => {
    const { bus } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe(orderPlaced, ({ id }) => seen.push(id));

    const { subscribers } = bus.publishSync(orderPlaced, order);

    expect({ subscribers, seen }).toEqual({ subscribers: 1, seen: [] });
  });

  it('takes a definition and data, a draft, an envelope, and a type and data', async () => {
    const { bus, clock } = createBusWorld({ source: 'shop' });
    const seen: unknown[] = [];
    bus.subscribe('order.*', ({ data, source }) => seen.push({ data, source }), { order: 'total' });
    const envelope = { type: 'order.placed', source: 'elsewhere', data: order } as unknown as EventEnvelope;

    await bus.publish(orderPlaced, order);
    await bus.publish(orderPlaced(order));
    await bus.publish(envelope);
    await bus.publish('order.placed', order);
    await clock.flush();

    expect(seen).toEqual([
      { data: order, source: 'shop' },
      { data: order, source: 'shop' },
      { data: order, source: 'elsewhere' },
      { data: order, source: 'shop' },
    ]);
  });

  it('copies an event: what the publisher does to its data later changes nothing', async () => {
    const { bus, clock } = createBusWorld();
    const totals: number[] = [];
    bus.subscribe(orderPlaced, ({ data }) => totals.push(data.total));
    const data = { ...order };

    const publishing = bus.publish(orderPlaced, data);
    data.total = 0;
    await publishing;
    await clock.flush();

    expect(totals).toEqual([99.5]);
  });

  it('validates by the definition of the type what is published by type alone', async () => {
    const { bus } = createBusWorld({ events: [orderPlaced] });

    await expect(bus.publish('order.placed', { orderId: 42 })).rejects.toMatchObject({ issueCount: 2 });
  });

  it('refuses unknown types if it is told to, and says what to do', async () => {
    const { bus } = createBusWorld({ events: [orderPlaced], unknownTypes: 'reject' });

    await expect(bus.publish('order.lost', {})).rejects.toMatchObject({
      message: expect.stringMatching(/^type "order\.lost" is not known to this bus; define it /u),
    });
    await expect(bus.publish('order.placed', order)).resolves.toMatchObject({ level: 'accepted' });
  });

  it('refuses what is nothing that can be published', async () => {
    const { bus } = createBusWorld();

    await expect(bus.publish(7 as unknown as string, 1)).rejects.toThrow(
      'publish takes a definition and its data, a draft, an event, or a type and its data; got 7',
    );
  });

  it('refuses a second definition of a type that is defined', async () => {
    const { bus } = createBusWorld({ events: [orderPlaced] });
    const other = defineEvent('order.placed', z.object({}));

    await expect(bus.publish(other, {})).rejects.toThrow('already defined by another definition');
  });
});

describe('tryPublish', () => {
  it('gives the receipt of an event that was published', async () => {
    const { bus } = createBusWorld();

    await expect(bus.tryPublish(orderPlaced, order)).resolves.toMatchObject({
      ok: true,
      receipt: { level: 'accepted', subscribers: 0 },
    });
  });

  it('gives the error of one that was not: invalid, refused for want of room, or on a closed bus', async () => {
    const { bus } = createBusWorld();
    const full = bus.subscribe(orderPlaced, () => {}, { mailbox: { capacity: 1, overflow: 'reject' } });
    full.pause();
    await bus.publish(orderPlaced, order);

    await expect(bus.tryPublish(orderPlaced, wrong)).resolves.toMatchObject({
      error: { code: 'ERR_VALIDATION' },
    });
    await expect(bus.tryPublish(orderPlaced, order)).resolves.toMatchObject({
      ok: false,
      error: { code: 'ERR_QUEUE_FULL', subscribers: ['handler-1'], retryable: true },
    });
    await bus.close({ deadlineMs: 0 });
    await expect(bus.tryPublish(orderPlaced, order)).resolves.toMatchObject({
      error: { code: 'ERR_CLOSED' },
    });
  });
});

describe('emit', () => {
  it('never throws: what goes wrong is on errors$, in the log and in the stats', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_fields, message) => warnings.push(message) };
    const { bus, clock } = createBusWorld({ logger });
    const errors: unknown[] = [];
    bus.errors$.subscribe((error) => errors.push(error));

    bus.emit(orderPlaced, wrong);
    bus.emit(null as unknown as string, 1);
    await clock.flush();

    expect(errors).toMatchObject([{ code: 'ERR_VALIDATION' }, { name: 'TypeError' }]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^an emitted event was not published: ValidationError: order\.placed is not valid/u,
      ),
      expect.stringMatching(/^an emitted event was not published: TypeError: publish takes /u),
    ]);
    expect(bus.stats()).toMatchObject({ published: 0, failedPublishes: 2 });
  });

  it('returns before the handlers have run, and runs them all at the same time', async () => {
    const { bus, clock } = createBusWorld();
    const running: string[] = [];
    for (const name of ['mail', 'billing']) {
      bus.subscribe(orderPlaced, () => new Promise(() => running.push(name)), { name });
    }

    bus.emit(orderPlaced, order);
    expect(running).toEqual([]);
    await clock.flush();

    expect(running).toEqual(['mail', 'billing']);
  });
});

describe('publishSync', () => {
  it('gives the receipt, or throws, at once', () => {
    const { bus } = createBusWorld();

    expect(bus.publishSync(orderPlaced, order)).toMatchObject({ level: 'accepted', subscribers: 0 });
    expect(thrownText(() => bus.publishSync(orderPlaced, wrong))).toMatch(
      /^ValidationError: order\.placed /u,
    );
  });

  it('throws where publish would wait, and leaves nothing behind', async () => {
    const { bus, clock } = createBusWorld();
    const full = bus.subscribe(orderPlaced, () => {}, { mailbox: { capacity: 1 }, name: 'full' });
    full.pause();
    bus.publishSync(orderPlaced, order);

    expect(thrownText(() => bus.publishSync(orderPlaced, order))).toMatch(/^QueueFullError: /u);
    await clock.flush();
    expect(full.stats().queue).toMatchObject({ size: 1, blocked: 0 });
    expect(bus.stats()).toMatchObject({ published: 1, failedPublishes: 1 });
  });

  it('throws for a schema that answers later', () => {
    const { bus } = createBusWorld();
    const slow = defineEvent(
      'order.checked',
      z.object({}).refine(() => Promise.resolve(false)),
    );

    expect(thrownText(() => bus.publishSync(slow, {}))).toBe(
      'TypeError: publishSync cannot wait for an asynchronous schema; use publish',
    );
  });

  it('throws when the rate is exceeded, also where publish would wait', () => {
    const { bus } = createBusWorld({ rateLimit: { eventsPerSecond: 1 } });
    bus.publishSync(orderPlaced, order);

    expect(thrownText(() => bus.publishSync(orderPlaced, order))).toBe(
      'RateLimitedError: the bus lets 1 events a second pass, and this one came too early; publish it again in 1000 ms',
    );
  });
});

describe('disable', () => {
  it('lets publishes succeed and go nowhere, counted, until enable', async () => {
    const { bus, clock } = createBusWorld();
    const seen: number[] = [];
    bus.subscribe(orderPlaced, ({ data }) => seen.push(data.total));

    bus.disable();
    await expect(bus.publish(orderPlaced, order)).resolves.toMatchObject({ level: 'none', subscribers: 0 });
    expect(bus.publishSync(orderPlaced, order).level).toBe('none');
    bus.emit(orderPlaced, order);
    await bus.publishBatch([orderPlaced(order), orderPlaced(order)]);
    await expect(bus.publishAndWait(orderPlaced, order)).resolves.toMatchObject({ outcomes: [] });
    expect(bus.stats()).toMatchObject({ state: 'disabled', discarded: 6, published: 0 });

    bus.enable();
    await bus.publish(orderPlaced, { orderId: '1', total: 1 });
    await clock.flush();
    expect(seen).toEqual([1]);
    expect(bus.stats()).toMatchObject({ state: 'open', discarded: 6, published: 1 });
  });

  it('still refuses what is not valid', async () => {
    const { bus } = createBusWorld();
    bus.disable();

    await expect(bus.publish(orderPlaced, wrong)).rejects.toMatchObject({ code: 'ERR_VALIDATION' });
  });

  it('cannot be undone by enable once the bus is closed', async () => {
    const { bus } = createBusWorld();
    await bus.close();
    bus.enable();

    await expect(bus.publish(orderPlaced, order)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(bus.stats().state).toBe('closed');
  });
});

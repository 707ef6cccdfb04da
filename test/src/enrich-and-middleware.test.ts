import { defineEvent, type Enricher, type EventEnvelope, type Middleware } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));

describe('enrich', () => {
  it('adds fields and metadata to each event, one enricher after the other', async () => {
    const stamp: Enricher = ({ type, time }) => ({
      metadata: { _event_type: type, _emitted_at: new Date(time).toISOString() },
    });
    const region: Enricher = ({ metadata }) => ({
      key: 'eu',
      priority: 'high',
      metadata: { seen: Object.keys(metadata ?? {}).join(' ') },
    });
    const { bus, clock } = createBusWorld({ enrich: [stamp, () => undefined, region] });
    const seen: EventEnvelope[] = [];
    bus.subscribe('>', (event) => void seen.push(event));

    await bus.publish(placed, { n: 1 }, { metadata: { own: 'yes' } });
    await clock.flush();

    expect(seen).toMatchObject([
      {
        key: 'eu',
        priority: 'high',
        metadata: {
          own: 'yes',
          _event_type: 'order.placed',
          _emitted_at: '2023-11-14T22:13:20.000Z',
          seen: 'own _event_type _emitted_at',
        },
      },
    ]);
  });

  it.each<[string, Enricher, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no clock');
      },
      /^an enricher threw for event .* of type order\.placed$/u,
    ],
    ['adds what is no field', () => ({ colour: 'red' }) as object, /"colour" is no field of an event/u],
    ['adds a field that is not valid', () => ({ time: -1 }), /^event time must be /u],
  ])('that %s refuses the event', async (_what, enricher, message) => {
    const { bus } = createBusWorld({ enrich: [enricher] });

    await expect(bus.publish(placed, { n: 1 })).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
      message: expect.stringMatching(message),
    });
  });
});

describe('middleware', () => {
  const named =
    (name: string, order: string[]): Middleware =>
    async (_event, _context, next) => {
      order.push(`${name} in`);
      const result = await next();
      order.push(`${name} out`);
      return result;
    };

  it('wraps handlers, the first outermost', async () => {
    const order: string[] = [];
    const { bus, clock } = createBusWorld({ middleware: [named('outer', order), named('inner', order)] });
    bus.subscribe(placed, () => void order.push('handler'));

    await bus.publish(placed, { n: 1 });
    await clock.flush();

    expect(order).toEqual(['outer in', 'inner in', 'handler', 'inner out', 'outer out']);
  });

  it('may keep the handler from being called, which counts as success', async () => {
    const { bus, clock } = createBusWorld({ middleware: [() => undefined] });
    let calls = 0;
    const subscription = bus.subscribe(placed, () => void (calls += 1));

    await bus.publish(placed, { n: 1 });
    await clock.flush();

    expect([calls, subscription.stats().succeeded]).toEqual([0, 1]);
  });

  it('sees each attempt, and fails it by throwing', async () => {
    const attempts: number[] = [];
    const { bus, clock } = createBusWorld({
      middleware: [
        (_event, { attempt }, next) => {
          attempts.push(attempt);
          if (attempt < 3) throw new Error('not yet');
          return next();
        },
      ],
    });
    const seen: number[] = [];
    bus.subscribe(placed, ({ data }) => void seen.push(data.n));

    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(10_000);

    expect({ attempts, seen }).toEqual({ attempts: [1, 2, 3], seen: [1] });
  });

  it('wraps the fallback as well', async () => {
    const order: string[] = [];
    const { bus, clock } = createBusWorld({ middleware: [named('outer', order)] });
    const subscription = bus.subscribe(placed, () => {}, { fallback: () => void order.push('fallback') });
    subscription.isolate();

    await bus.publish(placed, { n: 1 });
    await clock.flush();

    expect(order).toEqual(['outer in', 'fallback', 'outer out']);
  });
});

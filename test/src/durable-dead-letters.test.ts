import { defineEvent, FatalError, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, delayed, reopened } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));

const numbers = (events: readonly EventEnvelope[]): number[] =>
  events.map(({ data }) => (data as { n: number }).n);

describe('dead letters on a log', () => {
  const service = (healthy: () => boolean) => () => {
    if (!healthy()) throw new FatalError('no service');
  };

  it('are kept over a restart, and given back', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    first.subscribe(
      placed,
      () => {
        throw new FatalError('no service');
      },
      { name: 'billing' },
    );
    await first.publish(placed, { n: 7 });
    await clock.advanceBy(1_000);
    const seen: number[] = [];
    const second = start();
    second.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
    await clock.flush();

    expect(seen).toEqual([]);
    expect(second.deadLetters.list()).toMatchObject([
      {
        id: 1,
        subscriber: 'billing',
        reason: 'fatal',
        attempts: 1,
        position: 1,
        error: { name: 'FatalError', message: 'no service', code: 'ERR_FATAL' },
      },
    ]);
    expect(await second.deadLetters.requeue()).toBe(1);
    await clock.flush();
    expect(seen).toEqual([7]);
    expect(start().deadLetters.size).toBe(0);
  });

  it('are kept without what cannot be written of them, and say so', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    const told: string[] = [];
    const event = {
      id: 'e-1',
      type: 'order.placed',
      source: 'elsewhere',
      time: 1,
      priority: 'high',
      schemaVersion: 1,
      key: 'k',
      data: { n: 1, later: () => 2 },
    } as const;
    first.deadLetters.added$.subscribe(({ incomplete }) => told.push(String(incomplete)));
    await first.deadLetters.keep({ event, subscriber: 'bridge', error: new FatalError('not taken') });
    await clock.flush();
    expect(first.deadLetters.get(1)?.event).toBe(event);
    const second = start();
    second.subscribe('order.placed', () => {}, { name: 'bridge' });
    await clock.flush();
    const [letter] = second.deadLetters.list();

    expect(told).toEqual(['undefined']);
    expect(letter).toMatchObject({
      subscriber: 'bridge',
      reason: 'fatal',
      event: { id: 'e-1', type: 'order.placed', priority: 'high', key: 'k' },
      error: { message: 'not taken' },
    });
    expect(letter?.incomplete).toMatch(/later/u);
    expect(letter?.event.data).toBeUndefined();
    expect(await second.deadLetters.requeue()).toBe(0);
    expect(second.deadLetters.discard()).toBe(1);
    await clock.flush();
    expect(start().deadLetters.size).toBe(0);
  });

  it('are discarded when they are too old, oldest first, in the store too', async () => {
    const { start, clock } = createDurableWorld();
    const deadLetters = { maxAgeMs: 1_000 };
    const bus = start({ deadLetters });
    bus.subscribe(
      placed,
      service(() => false),
      { name: 'billing', breaker: false },
    );
    for (const n of [1, 2]) {
      await bus.publish(placed, { n });
      await clock.advanceBy(600);
    }
    expect(numbers(bus.deadLetters.list().map(({ event }) => event))).toEqual([2]);
    expect(bus.deadLetters.discarded).toBe(1);
    await clock.advanceBy(200);
    expect(start({ deadLetters }).deadLetters.size).toBe(1);
    await clock.advanceBy(1_000);
    expect(start({ deadLetters }).deadLetters.size).toBe(0);
  });

  it('are found by the time at which they were given up', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    bus.subscribe(
      placed,
      service(() => false),
      { name: 'billing', breaker: false },
    );
    const began = clock.now();
    for (const n of [1, 2, 3]) {
      await bus.publish(placed, { n });
      await clock.advanceBy(100);
    }
    const found = bus.deadLetters.list({ since: began + 100, until: began + 200 });
    expect(numbers(found.map(({ event }) => event))).toEqual([2]);
  });

  it('are requeued no more often than they may, counted over restarts', async () => {
    const { start, clock } = createDurableWorld();
    const requeued: number[] = [];
    for (let life = 0; life < 4; life += 1) {
      const bus = start({ deadLetters: { maxRequeues: 2 } });
      bus.subscribe(
        placed,
        service(() => false),
        { name: 'billing' },
      );
      if (life === 0) await bus.publish(placed, { n: 1 });
      await clock.advanceBy(200);
      await bus.deadLetters.requeue();
      await clock.advanceBy(200);
      requeued.push(...bus.deadLetters.list().map((letter) => letter.requeued));
    }
    expect(requeued).toEqual([1, 2, 2, 2]);
  });

  it('stay until what was requeued is handled: a crash before brings them back', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    first.subscribe(
      placed,
      service(() => false),
      { name: 'billing' },
    );
    await first.publish(placed, { n: 1 });
    await clock.advanceBy(200);
    const second = start();
    second.subscribe(placed, () => new Promise(() => {}), { name: 'billing' });
    await clock.flush();
    expect(await second.deadLetters.requeue()).toBe(1);
    await clock.advanceBy(200);
    expect(second.deadLetters.size).toBe(0);
    const third = start();
    expect(third.deadLetters.list()).toMatchObject([{ id: 1, event: { data: { n: 1 } } }]);
  });

  it('come back when their subscriber ends before it has handled them again', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    first.subscribe(
      placed,
      service(() => false),
      { name: 'billing', breaker: false },
    );
    for (const n of [1, 2]) await first.publish(placed, { n });
    await clock.advanceBy(200);
    const second = start();
    const hanging = second.subscribe(placed, () => new Promise(() => {}), {
      name: 'billing',
      concurrency: 1,
      timeoutMs: 100,
      retry: false,
    });
    await clock.flush();
    await second.deadLetters.requeue();
    const ended = hanging.unsubscribe();
    await clock.advanceBy(500);
    await ended;

    const back = start().deadLetters.list({ limit: 2 });
    expect(new Set(numbers(back.map(({ event }) => event)))).toEqual(new Set([1, 2]));
  });

  it('number on from those of runs before', async () => {
    const { start, clock } = createDurableWorld();
    for (const n of [1, 2]) {
      const bus = start();
      bus.subscribe(
        placed,
        service(() => false),
        { name: 'billing' },
      );
      await bus.publish(placed, { n });
      await clock.advanceBy(200);
    }
    expect(
      start()
        .deadLetters.list()
        .map(({ id }) => id),
    ).toEqual([1, 2]);
  });

  it('wait for those of runs before where the store answers late, and hold on to their events meanwhile', async () => {
    const { start, clock } = createDurableWorld({ store: delayed(reopened(), 5) });
    const first = start();
    first.subscribe(
      placed,
      service(() => false),
      { name: 'billing' },
    );
    void first.publish(placed, { n: 1 });
    await clock.advanceBy(500);
    const second = start();
    second.subscribe(
      placed,
      service(() => false),
      { name: 'billing' },
    );
    void second.publish(placed, { n: 2 });
    await clock.advanceBy(500);

    expect(second.deadLetters.list().map(({ id, event }) => [id, numbers([event])[0]])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});

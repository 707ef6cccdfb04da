import { defineEvent, type EventEnvelope, type HandlerContext } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int(), key: z.string().optional() }), {
  key: (data) => data.key,
});

const numbers = (events: readonly EventEnvelope[]): number[] =>
  events.map(({ data }) => (data as { n: number }).n);

describe('a bus on a log', () => {
  it('tells a publisher what was reached, and where the event stands', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    bus.subscribe('order.>', () => {}, { name: 'billing' });
    const first = await bus.publish(placed, { n: 1 });
    const [, third] = await bus.publishBatch([placed({ n: 2 }), placed({ n: 3 })]);
    await clock.flush();

    expect(first).toEqual({ id: first.id, level: 'accepted', position: 1, subscribers: 1 });
    expect(third).toMatchObject({ position: 3, subscribers: 1 });
  });

  it('gives handlers the position of their event', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const seen: (number | undefined)[] = [];
    bus.subscribe(placed, (_event, context: HandlerContext) => seen.push(context.position), { name: 'a' });
    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await clock.flush();

    expect(seen).toEqual([1, 2]);
  });

  it('goes on where a named subscriber was, after a restart', async () => {
    const { start, clock } = createDurableWorld();
    const seen: EventEnvelope[] = [];
    const before = start();
    before.subscribe(placed, (event) => void seen.push(event), { name: 'billing' });
    await before.publish(placed, { n: 1 });
    await before.close();
    const between = start();
    await between.publish(placed, { n: 2 });
    await between.close();
    const after = start();
    after.subscribe(placed, (event) => void seen.push(event), { name: 'billing' });
    await clock.flush();

    expect(numbers(seen)).toEqual([1, 2]);
  });

  it('keeps no place for a name that does not want one, and refuses to keep one without a name', async () => {
    const { start, clock } = createDurableWorld();
    const seen: EventEnvelope[] = [];
    const begin = (): ReturnType<typeof start> => {
      const bus = start();
      const anew = { name: 'tally', durable: false, from: 'start' } as const;
      bus.subscribe(placed, (event) => void seen.push(event), anew);
      bus.stream(placed, { ...anew, name: 'rule' }).subscribe((event) => seen.push(event));
      return bus;
    };
    const before = begin();
    await before.publish(placed, { n: 1 });
    await before.close();
    const after = begin();
    await clock.flush();

    expect(numbers(seen)).toEqual([1, 1, 1, 1]);
    expect(after.subscriptions().map(({ name, durable }) => [name, durable])).toEqual([['tally', false]]);
    expect(() => after.subscribe(placed, () => {}, { durable: true })).toThrow(/durable needs a name/);
    expect(() => after.stream(placed, { name: 'x', durable: 1 as never })).toThrow(/true or false, got 1/);
  });

  it('gives again, after a crash, what was not settled, with the attempts that failed', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    first.subscribe(
      placed,
      ({ data }) => {
        if (data.n === 2) throw new Error('not yet');
      },
      { name: 'billing', retry: { baseMs: 60_000, jitter: 'none' } },
    );
    for (const n of [1, 2, 3]) await first.publish(placed, { n });
    await clock.advanceBy(1_000);
    const seen: [number, number][] = [];
    const second = start();
    second.subscribe(placed, ({ data }, { attempt }) => void seen.push([data.n, attempt]), {
      name: 'billing',
    });
    await clock.flush();

    expect(seen).toEqual([[2, 2]]);
  });

  it('begins where a new subscriber asks', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const seen: Record<string, number[]> = { start: [], now: [], position: [], time: [] };
    for (const n of [1, 2]) await bus.publish(placed, { n });
    await clock.advanceBy(10);
    const time = clock.now();
    await bus.publish(placed, { n: 3 });
    const into = (name: string) => (event: EventEnvelope) => seen[name]?.push(...numbers([event]));
    bus.subscribe(placed, into('start'), { name: 'start', from: 'start' });
    bus.subscribe(placed, into('now'), { name: 'now' });
    bus.subscribe(placed, into('position'), { name: 'position', from: { position: 2 } });
    bus.subscribe(placed, into('time'), { name: 'time', from: { time } });
    await bus.publish(placed, { n: 4 });
    await clock.flush();

    expect(seen).toEqual({ start: [1, 2, 3, 4], now: [4], position: [2, 3, 4], time: [3, 4] });
  });

  it('keeps publishers from waiting for a slow subscriber, which loses nothing', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const seen: number[] = [];
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    bus.subscribe(
      placed,
      async ({ data }) => {
        await gate;
        seen.push(data.n);
      },
      { name: 'slow', concurrency: 1, mailbox: { capacity: 4 }, timeoutMs: Infinity },
    );
    for (let n = 0; n < 3_000; n += 1) await bus.publish(placed, { n });
    expect(bus.subscription('slow')?.stats().queue.size).toBeLessThanOrEqual(4);
    release();
    const idle = bus.idle();
    await clock.flush();
    await idle;

    expect(seen).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
  });
});

describe('the log of a bus', () => {
  it('has what nobody subscribes to, and nothing that the bus says of itself', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const told: string[] = [];
    bus.subscribe('breakwater.>', ({ type }) => void told.push(type), { name: 'operator' });
    await bus.publish(placed, { n: 1 });
    const failing = bus.subscribe(placed, () => Promise.reject(new Error('no')), { name: 'failing' });
    failing.isolate();
    await clock.flush();

    expect(told).toEqual(['breakwater.breaker.isolated']);
    expect((await bus.query()).records.map(({ event }) => event.type)).toEqual(['order.placed']);
  });

  it('takes a publish that cannot wait, where it is in memory', () => {
    const { start } = createDurableWorld();
    expect(start().publishSync(placed, { n: 1 })).toMatchObject({ level: 'accepted', position: 1 });
  });
});

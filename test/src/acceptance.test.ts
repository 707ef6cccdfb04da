import { defineEvent, type SubscriberOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const counted = defineEvent('test.counted', z.object({ n: z.int() }));
const priorities = ['low', 'normal', 'high', 'critical'] as const;
const id = '01890a5d-ac96-774b-bcce-b302099a8057';

/** A bus with one subscriber, and the numbers that it was given. */
function counting(options: SubscriberOptions) {
  const world = createBusWorld();
  const seen: number[] = [];
  const subscription = world.bus.subscribe(counted, ({ data }) => void seen.push(data.n), {
    name: 'worker',
    ...(options as object),
  });
  return { ...world, seen, subscription };
}

describe('a subscriber', () => {
  it.each([
    ['low', [0, 1, 2, 3]],
    ['normal', [1, 2, 3]],
    ['high', [2, 3]],
    ['critical', [3]],
    ['urgent', [3]],
  ] as const)('gets nothing below minPriority %s', async (minPriority, expected) => {
    const { bus, clock, seen, subscription } = counting({ minPriority });

    for (const [n, priority] of priorities.entries()) await bus.publish(counted, { n }, { priority });
    await clock.flush();

    expect(seen.toSorted((a, b) => a - b)).toEqual(expected);
    expect(subscription.stats().filtered).toBe(4 - expected.length);
  });

  it.each<[string, SubscriberOptions]>([
    ['a predicate', { filter: ({ data }) => (data as { n: number }).n > 1 }],
    ['conditions as data', { filter: { any: [{ exact: { 'data.n': 2 } }, { exact: { 'data.n': 3 } }] } }],
    [
      'several of both',
      { filter: [{ prefix: { type: 'test.' } }, ({ data }) => (data as { n: number }).n > 1] },
    ],
  ])('filters by %s, counted', async (_what, options) => {
    const { bus, clock, seen, subscription } = counting(options);

    await bus.publishBatch([0, 1, 2, 3].map((n) => counted({ n })));
    await clock.flush();

    expect(seen).toEqual([2, 3]);
    expect(subscription.stats().filtered).toBe(2);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no list');
      },
      'no list',
    ],
    ['answers later', () => Promise.resolve(true), /filter must give true or false at once, got an object/u],
  ])('dead-letters an event whose filter %s, and harms no other', async (_what, filter, message) => {
    const { bus, clock, seen, subscription } = counting({ filter: filter as unknown as () => boolean });
    const others: number[] = [];
    bus.subscribe(counted, ({ data }) => void others.push(data.n));

    await bus.publish(counted, { n: 7 });
    await clock.flush();

    expect({ seen, others }).toEqual({ seen: [], others: [7] });
    expect(bus.deadLetters.list()).toMatchObject([
      {
        subscriber: 'worker',
        reason: 'filter-failed',
        attempts: 0,
        error: { message: expect.stringMatching(message) },
      },
    ]);
    expect(subscription.stats()).toMatchObject({ deadLettered: 1, calls: 0 });
  });

  it('handles an id once within its window, and again after it', async () => {
    const { bus, clock, seen, subscription } = counting({ dedupe: { windowMs: 500 } });

    await bus.publish(counted, { n: 1 }, { id });
    await clock.advanceBy(499);
    await bus.publish(counted, { n: 2 }, { id });
    await clock.advanceBy(1);
    await bus.publish(counted, { n: 3 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 3]);
    expect(subscription.stats().filtered).toBe(1);
  });

  it('remembers as many ids as it is told', async () => {
    const { bus, clock, seen } = counting({ dedupe: { maxIds: 1 } });

    await bus.publish(counted, { n: 1 }, { id });
    await bus.publish(counted, { n: 2 });
    await bus.publish(counted, { n: 3 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 2, 3]);
  });

  it('does not remember an id that another check refused', async () => {
    let open = false;
    const { bus, clock, seen } = counting({ dedupe: true, filter: () => open });

    await bus.publish(counted, { n: 1 }, { id });
    open = true;
    await bus.publish(counted, { n: 2 }, { id });
    await clock.flush();

    expect(seen).toEqual([2]);
  });

  it('gets the share of events that sample says, chosen by the random source of the bus', async () => {
    const all = counting({ sample: 1 });
    const none = counting({ sample: 0 });
    const tenth = counting({ sample: 0.1 });
    for (const { bus, clock } of [all, none, tenth]) {
      await bus.publishBatch(Array.from({ length: 1_000 }, (_, n) => counted({ n })));
      await clock.flush();
    }

    expect([all.seen.length, none.seen.length]).toEqual([1_000, 0]);
    expect(tenth.seen.length).toBeGreaterThan(60);
    expect(tenth.seen.length).toBeLessThan(150);
    expect(tenth.subscription.stats().filtered).toBe(1_000 - tenth.seen.length);
  });

  it('of everything gets the events of users, not those of the bus', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe('>', ({ type }) => void seen.push(type));
    const other = bus.subscribe(counted, () => {});

    other.isolate();
    await bus.publish(counted, { n: 1 });
    await clock.flush();

    expect(seen).toEqual(['test.counted']);
  });
});

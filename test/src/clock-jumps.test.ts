import { defineEvent, maintain, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, reopened } from '../support/durable-world.ts';
import { expired, orders, patienceMs, placed } from '../support/order-entity.ts';

const hourMs = 3_600_000;
const rang = defineEvent('bell.rang', z.object({ n: z.int() }));
const numberOf = ({ data }: EventEnvelope): number => (data as { n: number }).n;

describe('a wall clock that is set back and forth by an hour (F13)', () => {
  it('changes nothing of the order of events: ids and times of their appends never go back', async () => {
    const world = createDurableWorld();
    const bus = world.start();
    const given: string[] = [];
    bus.subscribe(rang, ({ id }) => void given.push(id), { name: 'tower', order: 'total' });
    const jumps = [0, -hourMs, 2 * hourMs, -hourMs, -hourMs, 5];
    for (const [n, jump] of jumps.entries()) {
      world.clock.setWallClock(world.clock.now() + jump);
      await bus.publish(rang, { n });
      await world.clock.advanceBy(10);
    }
    const { records } = await bus.query({ patterns: ['bell.rang'] });

    expect(records.map(({ event }) => numberOf(event))).toEqual([0, 1, 2, 3, 4, 5]);
    const ids = records.map(({ event }) => event.id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(given).toEqual(ids);
    const appendedAt = records.map((record) => record.appendedAt);
    expect(appendedAt).toEqual(appendedAt.toSorted((a, b) => a - b));
    const [, , third] = records;
    const since = await bus.query({ patterns: ['bell.rang'], since: third?.appendedAt ?? 0 });
    expect(since.records.map(({ event }) => numberOf(event))).toEqual([2, 3, 4, 5]);
  });

  it.each([-hourMs, hourMs])(
    'lets retries come after their delay, and a place be written: %i ms',
    async (jump) => {
      const world = createDurableWorld();
      const bus = world.start();
      const attempts: number[] = [];
      const retry = { baseMs: 1_000, maxAttempts: 2, jitter: 0, budgetRatio: 1 };
      const ring = (_: unknown, { attempt }: { readonly attempt: number }): void => {
        attempts.push(world.clock.monotonic());
        if (attempt === 1) throw new Error('once more');
      };
      bus.subscribe(rang, ring, { name: 'tower', retry });
      await bus.publish(rang, { n: 1 });
      await world.clock.flush();
      world.clock.setWallClock(world.clock.now() + jump);
      await world.clock.advanceBy(1_500);
      const [first = 0, second = 0] = attempts;
      expect([attempts.length, second - first]).toEqual([2, 1_000]);

      const again = world.start();
      again.subscribe(rang, ring, { name: 'tower', retry });
      await world.clock.advanceBy(1_000);
      expect(attempts).toHaveLength(2);
    },
  );

  it.each([
    ['back', -hourMs, patienceMs + hourMs],
    ['forward', hourMs, 60_000],
  ] as const)('ends the delay of an entity by the time of day, once: %s', async (_, jump, waitMs) => {
    const world = createDurableWorld();
    const bus = world.start();
    const ended: number[] = [];
    bus.subscribe(expired, () => void ended.push(world.clock.now()));
    bus.host(orders);
    const placedAt = world.clock.now();
    await bus.publish(placed, { orderId: '1', amount: 10 });
    await world.clock.advanceBy(10);
    world.clock.setWallClock(world.clock.now() + jump);
    await world.clock.advanceBy(waitMs - 1_000);
    const early = ended.length;
    await world.clock.advanceBy(62_000 + hourMs);

    expect(ended).toHaveLength(1);
    expect(ended[0]).toBeGreaterThanOrEqual(placedAt + patienceMs);
    if (jump < 0) expect(early).toBe(0);
    else expect(ended[0]).toBeLessThanOrEqual(placedAt + hourMs + 62_000);
  });

  it('keeps what its age lets stay, as long as the clock says so', async () => {
    const kept = maintain(reopened(), { retention: [{ maxAgeMs: 2 * hourMs }], everyMs: 86_400_000 });
    const world = createDurableWorld({ store: kept });
    const bus = world.start();
    await bus.publish(rang, { n: 1 });
    world.clock.setWallClock(world.clock.now() - hourMs);
    await bus.publish(rang, { n: 2 });
    expect((await kept.run()).removed).toBe(0);
    world.clock.setWallClock(world.clock.now() + 4 * hourMs);
    expect((await kept.run()).removed).toBe(2);
  });
});

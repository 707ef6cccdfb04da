import { defineEvent } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const counted = defineEvent('test.counted', z.object({ n: z.int() }));

describe('the rate limit of a bus', () => {
  it('makes a publish wait until its time has come, in the order of the calls', async () => {
    const { bus, clock } = createBusWorld({ rateLimit: { eventsPerSecond: 10, burst: 2 } });
    const seen: [number, number][] = [];
    bus.subscribe(counted, ({ data }) => void seen.push([data.n, clock.monotonic()]));

    for (const n of [0, 1, 2, 3]) void bus.publish(counted, { n });
    await clock.advanceBy(1_000);

    expect(seen).toEqual([
      [0, 0],
      [1, 0],
      [2, 100],
      [3, 200],
    ]);
  });

  it('refuses at once where it is told to, and says when to come again', async () => {
    const { bus, clock } = createBusWorld({
      rateLimit: { eventsPerSecond: 10, burst: 1, onLimit: 'reject' },
    });

    await bus.publish(counted, { n: 0 });
    await expect(bus.publish(counted, { n: 1 })).rejects.toMatchObject({
      code: 'ERR_RATE_LIMITED',
      retryable: true,
      message: expect.stringContaining('publish it again in 100 ms'),
    });
    await clock.advanceBy(100);
    await expect(bus.publish(counted, { n: 1 })).resolves.toMatchObject({ level: 'accepted' });
  });

  it('lets 10 000 publishes wait and refuses the next', async () => {
    const { bus } = createBusWorld({ rateLimit: { eventsPerSecond: 1 } });
    for (let n = 0; n <= 10_000; n += 1) bus.emit(counted, { n });

    await expect(bus.publish(counted, { n: 0 })).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' });
  });

  it('counts each event of a batch', async () => {
    const { bus, clock } = createBusWorld({ rateLimit: { eventsPerSecond: 10, burst: 2 } });
    let done = false;
    const publishing = (async () => {
      await bus.publishBatch([0, 1, 2, 3].map((n) => counted({ n })));
      done = true;
    })();

    await clock.advanceBy(199);
    expect(done).toBe(false);
    await clock.advanceBy(1);
    await publishing;
    expect(done).toBe(true);
  });
});

describe('the rate limit of a bus that deduplicates', () => {
  it('takes a batch again that it refused', async () => {
    const { bus, clock } = createBusWorld({
      dedupe: true,
      rateLimit: { eventsPerSecond: 10, burst: 1, onLimit: 'reject' },
    });
    const batch = [counted({ n: 1 }, { id: '01890a5d-ac96-774b-bcce-b302099a8057' })];
    await bus.publish(counted, { n: 0 });

    await expect(bus.publishBatch(batch)).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' });
    await clock.advanceBy(100);
    await bus.publishBatch(batch);

    expect(bus.stats()).toMatchObject({ published: 2, duplicates: 0 });
  });
});

describe('the rate limit of a subscriber', () => {
  it('starts so many handlers a second; the rest wait in the mailbox', async () => {
    const { bus, clock } = createBusWorld();
    const starts: number[] = [];
    const slow = bus.subscribe(counted, () => void starts.push(clock.monotonic()), {
      rateLimit: { eventsPerSecond: 5, burst: 2 },
    });

    await bus.publishBatch([0, 1, 2, 3, 4].map((n) => counted({ n })));
    await clock.advanceBy(300);
    expect(slow.stats().queue.size).toBe(2);
    await clock.advanceBy(1_000);

    expect(starts).toEqual([0, 0, 200, 400, 600]);
  });

  it('slows no other subscriber', async () => {
    const { bus, clock } = createBusWorld();
    const seen: number[] = [];
    bus.subscribe(counted, () => {}, { rateLimit: { eventsPerSecond: 1 } });
    bus.subscribe(counted, ({ data }) => void seen.push(data.n));

    await bus.publishBatch([0, 1, 2].map((n) => counted({ n })));
    await clock.flush();

    expect(seen).toEqual([0, 1, 2]);
  });
});

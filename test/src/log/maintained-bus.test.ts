import { lastValueFrom, map, toArray } from 'rxjs';
import { createBus, durableTransport, maintain, memoryStore, type MaintainOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../support/bus-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function makeBus(options: MaintainOptions) {
  const store = maintain(memoryStore(), options);
  const bus = createBus({
    source: 'test',
    logger: silentLogger,
    transport: durableTransport(store, { cursorIntervalMs: 0 }),
  });
  return { store, bus };
}

describe('a bus on a maintained store', () => {
  it('replays and queries what has left the log as if it were still there', async () => {
    const { store, bus } = makeBus({
      retention: [{ maxCount: 5 }],
      archive: { folder: temporaryFolder() },
      audit: true,
    });
    for (let n = 0; n < 40; n += 1) await bus.publish('order.placed', { n }, { key: `k${n % 4}` });
    expect((await store.run()).archived).toBe(35);

    const replayed = await lastValueFrom(
      bus.replay({ patterns: ['order.>'] }).pipe(
        map(({ event }) => event.data),
        toArray(),
      ),
    );
    expect(replayed).toEqual(Array.from({ length: 40 }, (_, n) => ({ n })));
    const { records } = await bus.query({ key: 'k2', order: 'newest', limit: 3 });
    expect(records.map(({ event }) => event.data)).toEqual([{ n: 38 }, { n: 34 }, { n: 30 }]);
    expect(await store.verifyAudit()).toMatchObject({ ok: true, verified: 40 });
    await bus.close();
  });

  it('keeps what a durable subscription has yet to pass, also one that is paused', async () => {
    const { store, bus } = makeBus({ retention: [{ maxCount: 0 }] });
    const seen: unknown[] = [];
    const subscription = bus.subscribe('order.placed', ({ data }) => void seen.push(data), { name: 'books' });
    subscription.pause();
    for (let n = 0; n < 10; n += 1) await bus.publish('order.placed', { n });
    expect(await store.run()).toMatchObject({ removed: 0, floor: 1 });
    subscription.resume();
    await expect.poll(() => seen.length).toBe(10);
    await expect.poll(async () => (await store.run()).removed + (await store.log().bounds()).count).toBe(0);
    await bus.close();
  });
});

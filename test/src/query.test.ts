import { ConflictError, createBus, defineEvent, type LogPage, type StoreFactory } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';
import { createDurableWorld, reopened } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }), { key: ({ n }) => `k${n % 3}` });
const paid = defineEvent('order.paid', z.object({ n: z.int() }));
const positions = ({ records }: LogPage): number[] => records.map(({ position }) => position);

async function filled(queryCache = {}) {
  let reads = 0;
  const inner = reopened();
  const store: StoreFactory = (ports) => {
    const made = inner(ports);
    const { log } = made;
    return {
      ...made,
      log: {
        ...log,
        read: (range) => {
          reads += 1;
          return log.read(range);
        },
        bounds: () => log.bounds(),
      },
    };
  };
  const world = createDurableWorld({ store });
  const bus = world.start({ queryCache });
  for (let n = 1; n <= 12; n += 1) {
    await bus.publish(n % 4 === 0 ? paid : placed, { n }, { correlationId: `visit-${n % 2}` });
    await world.clock.advanceBy(10);
  }
  return { ...world, bus, reads: () => reads };
}

describe('query', () => {
  it.each([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [{ correlationId: 'visit-1' }, [1, 3, 5, 7, 9, 11]],
    [{ key: 'k0' }, [3, 6, 9]],
    [{ patterns: [paid] }, [4, 8, 12]],
    [{ patterns: ['*.paid'], order: 'newest' }, [12, 8, 4]],
    [{ from: 3, to: 5 }, [3, 4, 5]],
    [{ since: 1_700_000_000_030, until: 1_700_000_000_050 }, [4, 5]],
    [{ limit: 2, from: 6 }, [6, 7]],
  ] as const)('finds what %j asks for', async (range, found) => {
    const { bus } = await filled();
    expect(positions(await bus.query(range))).toEqual(found);
    expect(positions(await bus.query(range))).toEqual(found);
  });

  it('pages through all, by what each page says', async () => {
    const { bus } = await filled();
    const all: number[] = [];
    let from = 1;
    for (;;) {
      const page = await bus.query({ from, limit: 5 });
      all.push(...positions(page));
      if (page.atEnd) break;
      from = page.next;
    }
    expect(all).toHaveLength(12);
  });

  it('reads a page once, until there is an append that may be in it', async () => {
    const { bus, reads } = await filled();
    const ask = async (): Promise<number[]> => [
      ...positions(await bus.query({ from: 1, limit: 3 })),
      ...positions(await bus.query({ from: 11 })),
    ];
    await ask();
    await ask();
    expect(reads()).toBe(2);
    await bus.publish(placed, { n: 13 });
    expect(await ask()).toEqual([1, 2, 3, 11, 12, 13]);
    expect(reads()).toBe(3);
  });

  it('forgets what it knows when records are removed', async () => {
    const { bus } = await filled();
    await bus.query({ limit: 3 });
    await bus.store?.log.trim(3);
    expect(positions(await bus.query({ limit: 3 }))).toEqual([3, 4, 5]);
    await bus.store?.log.remove([4]);
    expect(positions(await bus.query({ limit: 3 }))).toEqual([3, 5, 6]);
  });

  it('keeps no more events than it may', async () => {
    const { bus, reads } = await filled({ maxEvents: 4 });
    await bus.query({ limit: 3 });
    await bus.query({ from: 4, limit: 3 });
    await bus.query({ limit: 3 });
    expect(reads()).toBe(3);
    const none = await filled({ maxEvents: 0 });
    await none.bus.query({ limit: 3 });
    await none.bus.query({ limit: 3 });
    expect(none.reads()).toBe(2);
  });

  it('needs a log, and refuses ranges that make no sense', async () => {
    const { bus } = await filled();
    await expect(bus.query({ from: -1 })).rejects.toThrow(RangeError);
    await expect(bus.query({ limits: 1 } as never)).rejects.toThrow(/limits/u);
    const without = createBus({ logger: silentLogger });
    await expect(without.query()).rejects.toThrow(/^query needs a log/u);
  });
});

describe('commit', () => {
  const write = (total: number, expected?: number) => ({
    bucket: 'orders',
    key: '42',
    value: Uint8Array.of(total),
    ...(expected === undefined ? {} : { expected }),
  });

  it('writes states and publishes events together', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const seen: number[] = [];
    bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
    const receipts = await bus.commit({
      events: [placed({ n: 1 }), placed({ n: 2 })],
      writes: [write(7, 0)],
    });
    await clock.flush();

    expect(receipts).toMatchObject([
      { level: 'accepted', position: 1, subscribers: -1 },
      { level: 'accepted', position: 2 },
    ]);
    expect(seen).toEqual([1, 2]);
    expect(await bus.store?.snapshots.read('orders', '42')).toMatchObject({ value: Uint8Array.of(7) });
    expect(bus.stats().published).toBe(2);
  });

  it('does neither when the state is not as expected, or an event is not valid', async () => {
    const { start } = createDurableWorld();
    const bus = start();
    await bus.commit({ writes: [write(1)] });
    await expect(bus.commit({ events: [placed({ n: 1 })], writes: [write(2, 0)] })).rejects.toThrow(
      ConflictError,
    );
    await expect(bus.commit({ events: [placed({ n: 0.5 })], writes: [write(3)] })).rejects.toThrow(
      /event 0/u,
    );

    expect(await bus.store?.log.bounds()).toMatchObject({ count: 0 });
    expect(await bus.store?.snapshots.read('orders', '42')).toMatchObject({ value: Uint8Array.of(1) });
  });

  it.each([
    'archive',
    'audit',
    'bridges',
    'cursors',
    'dead-letters',
    'entities',
    'entity-parked:order',
    'entity-timers:order',
    'entity:order',
    'health',
    'leases:billing',
    'progress:billing',
    'subscriptions',
  ])('does not write to %s, which is a bucket of its own', async (bucket) => {
    const bus = createDurableWorld().start();
    const commit = { events: [placed({ n: 1 })], writes: [{ ...write(1), bucket }] };
    await expect(bus.commit(commit)).rejects.toThrow(`bucket "${bucket}" is Breakwater's own`);
    expect(await bus.store?.log.bounds()).toMatchObject({ count: 0 });
  });

  it('may be tried again with the same events when it failed, on a bus that drops duplicates', async () => {
    const bus = createDurableWorld().start({ dedupe: true });
    await bus.commit({ writes: [write(1)] });
    const draft = placed({ n: 1 }, { id: '0190163d-8694-739b-aea5-966c26f8ad91' });
    await expect(bus.commit({ events: [draft], writes: [write(2, 0)] })).rejects.toThrow(ConflictError);
    expect(await bus.commit({ events: [draft] })).toMatchObject([{ position: 1 }]);
    expect(await bus.commit({ events: [draft] })).toMatchObject([{ level: 'none' }]);
  });

  it.each(['cursors', 'dead-letters', 'subscriptions', 'entity:order', ''])(
    'refuses the bucket %j',
    async (bucket) => {
      const bus = createDurableWorld().start();
      await expect(bus.commit({ writes: [{ ...write(1), bucket }] })).rejects.toThrow(/bucket/u);
    },
  );

  it('needs a store, and refuses what it does not know', async () => {
    const without = createBus({ logger: silentLogger });
    await expect(without.commit({})).rejects.toThrow(/^commit needs a log/u);
    const bus = createDurableWorld().start();
    await expect(bus.commit({ event: [] } as never)).rejects.toThrow(/event/u);
  });

  it('keeps one answer of those who ask the same at once', async () => {
    const { bus, reads } = await filled({ maxEvents: 30 });
    for (let n = 0; n < 5; n += 1) {
      await Promise.all(Array.from({ length: 4 }, () => bus.query({ limit: 8 })));
      await bus.query({ limit: 6 - n });
    }
    const before = reads();
    await bus.query({ limit: 8 });

    expect(reads()).toBe(before);
  });
});

import { createBus, defineEvent, durableTransport, memoryStore, type Bus, type LogPage } from 'breakwater';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));
const count = 60;

/** What a page says of events, without where they stand. */
const numbers = ({ records }: LogPage): unknown[] => records.map(({ event }) => event.data);

describe.each(natsBinaries())('a bus on JetStream of %s', (binary) => {
  let world: NatsWorld;
  let bus: Bus;
  let local: Bus;
  let batched: Bus;
  /** Positions, as handlers see them. */
  const positions: number[] = [];

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
    bus = world.streamBus({ namespace: 'shop' });
    batched = world.streamBus({ namespace: 'bulk' });
    local = createBus({ transport: durableTransport(memoryStore()), maxClockSkewMs: Infinity });
    let seen = 0;
    bus.subscribe(
      '>',
      (_event, { position = 0 }) => {
        positions.push(position);
        seen += 1;
      },
      { order: 'total', name: 'reader' },
    );
    await bus.ready();
    // One after the other, so that both hold them in one order.
    for (let n = 1; n <= count; n += 1) {
      const fields = { key: `k${n % 4}`, correlationId: `visit-${n % 3}` };
      const type = n % 5 === 0 ? 'stock.low' : n % 2 === 0 ? 'order.paid' : 'order.placed';
      await bus.publish(type, { n }, fields);
      await local.publish(type, { n }, fields);
    }
    await until(() => seen === count);
  });

  afterAll(async () => {
    await local.close();
    await world[Symbol.asyncDispose]();
  });

  /** All pages of a range. */
  async function all(from: Bus, range: Parameters<Bus['query']>[0] = {}): Promise<unknown[]> {
    const found: unknown[] = [];
    const newest = range.order === 'newest';
    for (let next: number | undefined; ;) {
      const page = await from.query({
        ...range,
        ...(next === undefined ? {} : newest ? { to: next } : { from: next }),
      });
      found.push(...numbers(page));
      expect(page.faults).toEqual([]);
      if (page.atEnd) return found;
      next = page.next;
    }
  }

  it('finds by query what a log in memory finds, page by page, whatever is asked for', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            patterns: fc.subarray(['order.*', 'order.paid', 'stock.>', '>'], { minLength: 1 }),
            key: fc.constantFrom('k0', 'k1', 'k9'),
            correlationId: fc.constantFrom('visit-0', 'visit-2'),
            order: fc.constantFrom('oldest' as const, 'newest' as const),
            limit: fc.integer({ min: 1, max: 80 }),
          },
          { requiredKeys: [] },
        ),
        fc.integer({ min: 1, max: count }),
        fc.integer({ min: 1, max: count }),
        async (range, from, to) => {
          expect(await all(bus, range)).toEqual(await all(local, range));
          const here = { from: positions[from - 1] ?? 0, to: positions[to - 1] ?? 0 };
          const { limit: _limit, ...whole } = range;
          expect(numbers(await bus.query({ ...whole, ...here }))).toEqual(
            numbers(await local.query({ ...whole, from, to })),
          );
        },
      ),
      { numRuns: 25 },
    ));

  it('gives the positions that handlers see, and reads by time', async () => {
    const page = await bus.query();
    expect(page.records.map(({ position }) => position)).toEqual(positions);
    const middle = page.records[30]?.appendedAt ?? 0;
    const since = await bus.query({ since: middle });
    const before = await bus.query({ until: middle });

    expect(since.records.length + before.records.length).toBe(count);
    expect(since.records.every(({ appendedAt }) => appendedAt >= middle)).toBe(true);
    expect(before.records.every(({ appendedAt }) => appendedAt < middle)).toBe(true);
    expect((await bus.query({ since: middle + 3_600_000 })).records).toEqual([]);
  });

  it('replays to a handler, from any position, and calls no subscriber again', async () => {
    const before = positions.length;
    const replayed: unknown[] = [];
    await bus
      .replay({
        from: positions[20] ?? 0,
        patterns: ['order.*'],
        into: ({ data }, { replay }) => void replayed.push([data, replay]),
      })
      .forEach(() => {});

    const expected = (await local.query({ from: 21, patterns: ['order.*'] })).records.map(({ event }) => [
      event.data,
      true,
    ]);
    expect(replayed).toEqual(expected);
    expect(positions.length).toBe(before);
  });

  it('reads events that share messages one by one, and a message that is none as a fault', async () => {
    const events = Array.from({ length: 2_000 }, (_, n) => placed({ n }, { key: 'one' }));
    await Promise.all(events.map((event) => batched.publish(event)));
    await (await world.client()).request('bulk.events.normal.0.order.placed', 'nonsense');
    await batched.publish(placed, { n: 2_000 }, { key: 'one' });

    const { messages } = (await (await world.manager()).streams.info('bulk')).state;
    expect(messages).toBeLessThan(100);
    const found: unknown[] = [];
    let faults = 0;
    for (let from = 1; ;) {
      const page = await batched.query({ from, limit: 300 });
      found.push(...page.records.map(({ event }) => (event.data as { readonly n: number }).n));
      faults += page.faults.length;
      if (page.atEnd) break;
      from = page.next;
    }
    expect(found).toEqual(Array.from({ length: 2_001 }, (_, n) => n));
    expect(faults).toBe(1);
    const newest = await batched.query({ order: 'newest', limit: 3 });
    expect(numbers(newest)).toEqual([{ n: 2_000 }, { n: 1_999 }, { n: 1_998 }]);
  });

  it('commits nothing: that needs a store', async () => {
    expect(bus.store).toBeUndefined();
    await expect(bus.commit({})).rejects.toThrow('commit needs a log');
  });

  it('reads an empty stream', async () => {
    const empty = world.streamBus({ namespace: 'empty' });
    expect(await empty.query()).toMatchObject({ records: [], faults: [], atEnd: true });
    expect(await empty.query({ order: 'newest' })).toMatchObject({ records: [], atEnd: true });
    let replayed = 0;
    await empty.replay().forEach(() => void (replayed += 1));
    expect(replayed).toBe(0);
  });
});

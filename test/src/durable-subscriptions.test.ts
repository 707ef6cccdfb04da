import {
  defineEvent,
  memoryStore,
  type Delivery,
  type EventEnvelope,
  type Priority,
  type StoreFactory,
} from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, reopened } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));
const numberOf = ({ data }: EventEnvelope): number => (data as { n: number }).n;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A promise to be settled from outside. */
function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

/** A subscriber that handles nothing before `release` is called. */
function held(options: object = {}) {
  // Few enough to be read from the log as well.
  const world = createDurableWorld({ transport: { recentEvents: 8 } });
  const bus = world.start();
  const seen: number[] = [];
  const { open, opened } = gate();
  const slow = bus.subscribe(
    placed,
    async ({ data }) => {
      await opened;
      seen.push(data.n);
    },
    { name: 'slow', concurrency: 1, mailbox: { capacity: 4 }, timeoutMs: Infinity, ...options },
  );
  const publish = async (n: number, priority: Priority = 'normal'): Promise<void> => {
    await bus.publish(placed, { n }, { priority });
  };
  const release = async (): Promise<void> => {
    open();
    await world.clock.advanceBy(1_000);
  };
  return { ...world, bus, seen, slow, publish, release };
}

describe('a subscriber that lags behind its log', () => {
  it('is given urgent events before those that wait for it', async () => {
    const { publish, release, seen } = held();
    for (const n of upTo(50)) await publish(n);
    await publish(51, 'critical');
    await publish(52, 'high');
    await release();

    expect(seen.slice(0, 3)).toEqual([1, 51, 52]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(52));
  });

  it('is given them in their turn where an order was asked for', async () => {
    const { publish, release, seen } = held({ order: 'total' });
    for (const n of upTo(50)) await publish(n);
    await publish(51, 'critical');
    await release();

    expect(seen).toEqual(upTo(51));
  });

  it.each([{ overflow: 'reject' }, { maxBlocked: 0 }] as const)(
    'gives urgent events their turn where %j leaves no room for them, to one that drops duplicates, too',
    async (mailbox) => {
      const { publish, release, seen } = held({ mailbox: { capacity: 4, ...mailbox }, dedupe: true });
      for (const n of upTo(20)) await publish(n);
      for (const n of [21, 22]) await publish(n, 'critical');
      await release();

      expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(22));
    },
  );

  it('takes no more ahead than it can remember, and loses none of the rest', async () => {
    const { publish, release, seen } = held();
    for (const n of upTo(400)) await publish(n, n > 10 ? 'critical' : 'normal');
    await release();

    expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(400));
  });

  it('says how far, and is not idle before it has caught up', async () => {
    const { publish, release, slow, bus, clock, seen } = held();
    for (const n of upTo(3_000)) await publish(n);
    let idle = false;
    void bus.idle().then(() => (idle = true));
    await clock.flush();
    expect(idle).toBe(false);
    expect(slow.stats().queue).toMatchObject({ size: 4 });
    await release();

    expect(idle).toBe(true);
    expect(seen).toHaveLength(3_000);
  });

  it('reports to a publisher who waits what became of an event that it read from the log', async () => {
    const { publish, release, bus } = held();
    for (const n of upTo(20)) await publish(n);
    const report = bus.publishAndWait(placed, { n: 21 });
    await release();

    expect(await report).toMatchObject({
      position: 21,
      outcomes: [{ subscriber: 'slow', settlement: 'handled' }],
    });
  });

  it('drops by its own policy where it has one, and counts that', async () => {
    const { publish, release, slow, seen } = held({ mailbox: { capacity: 4, overflow: 'drop-oldest' } });
    for (const n of upTo(10)) await publish(n);
    await release();

    expect(seen).toEqual([1, 7, 8, 9, 10]);
    expect(slow.stats().dropped).toBe(5);
  });

  it('waits in the log where its policy is to reject: the publisher has done its part', async () => {
    const { publish, release, seen } = held({ mailbox: { capacity: 2, overflow: 'reject' } });
    for (const n of upTo(10)) await publish(n);
    await release();

    expect(seen).toEqual(upTo(10));
  });

  it('hears what was trimmed before it was read, and goes on after it', async () => {
    const store = reopened(memoryStore({ maxEvents: 100 }));
    const { start, clock } = createDurableWorld({ store, transport: { recentEvents: 0 } });
    const bus = start();
    const told: unknown[] = [];
    bus.subscribe('breakwater.storage.trimmed', ({ data }) => void told.push(data));
    const { open, opened } = gate();
    const seen: number[] = [];
    bus.subscribe(
      placed,
      async ({ data }) => {
        await opened;
        seen.push(data.n);
      },
      { name: 'slow', concurrency: 1, mailbox: { capacity: 2 }, timeoutMs: Infinity },
    );
    for (const n of upTo(300)) await bus.publish(placed, { n });
    await clock.flush();
    open();
    await clock.advanceBy(1_000);

    expect(told).toEqual([{ subscriber: 'slow', from: 4, to: 200 }]);
    expect(seen).toEqual([1, 2, 3, ...Array.from({ length: 100 }, (_, index) => 201 + index)]);
  });
});

describe('a named subscriber', () => {
  it('keeps its place when it unsubscribes and comes again', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const seen: number[] = [];
    const subscribe = () => bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
    const first = subscribe();
    await bus.publish(placed, { n: 1 });
    await clock.flush();
    await first.unsubscribe();
    await bus.publish(placed, { n: 2 });
    subscribe();
    await bus.publish(placed, { n: 3 });
    await clock.flush();

    expect(seen).toEqual([1, 2, 3]);
  });

  it('handles what waits when it drains, and finds the rest when it comes again', async () => {
    const { publish, release, slow, bus, seen, clock } = held();
    for (const n of upTo(20)) await publish(n);
    await clock.flush();
    const drained = slow.drain();
    await release();
    await drained;
    const before = [...seen];
    bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'slow' });
    await clock.advanceBy(1_000);

    expect(before.length).toBeLessThan(20);
    expect(seen).toEqual(upTo(20));
  });

  it('leaves to the next run what it has not handled when the bus closes', async () => {
    const { publish, bus, clock, start } = held();
    for (const n of upTo(20)) await publish(n);
    await clock.flush();
    const closed = bus.close({ deadlineMs: 10 });
    await clock.advanceBy(10);
    expect(await closed).toEqual({ undelivered: 5 });
    const seen: number[] = [];
    const next = start();
    next.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'slow' });
    await clock.advanceBy(1_000);

    expect(seen).toEqual(upTo(20));
    expect(next.deadLetters.size).toBe(0);
  });

  it('takes again all that a crash left open, from a log that answers in small pages', async () => {
    const kept = reopened();
    const small: StoreFactory = (ports) => {
      const store = kept(ports);
      return { ...store, log: { ...store.log, read: (range) => store.log.read({ ...range, limit: 1 }) } };
    };
    const { start, clock } = createDurableWorld({ store: small });
    const first = start();
    const hangs = (n: number): Promise<void> | undefined => (n < 4 ? new Promise(() => {}) : undefined);
    first.subscribe(placed, ({ data }) => hangs(data.n), { name: 'billing' });
    for (const n of upTo(5)) await first.publish(placed, { n });
    await clock.advanceBy(200);
    const seen: number[] = [];
    const second = start();
    second.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
    await second.publish(placed, { n: 6 });
    await clock.flush();

    expect(seen).toEqual([1, 2, 3, 6]);
  });

  it('filters in every run alike, and counts what it does not want', async () => {
    const { start, clock } = createDurableWorld();
    const options = {
      name: 'even',
      from: 'start',
      filter: (event: EventEnvelope) => numberOf(event) % 2 === 0,
    } as const;
    const seen: number[] = [];
    for (const range of [upTo(4), [5, 6]]) {
      const bus = start();
      bus.subscribe(placed, ({ data }) => void seen.push(data.n), options);
      for (const n of range) await bus.publish(placed, { n });
      await clock.flush();
      await bus.close();
    }

    expect(seen).toEqual([2, 4, 6]);
  });

  it('may be a stream, settled by hand', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    const out: Delivery[] = [];
    first.stream(placed, { name: 'sync', ack: 'manual' }).subscribe((delivery) => out.push(delivery));
    for (const n of upTo(3)) await first.publish(placed, { n });
    await clock.flush();
    out[1]?.ack();
    await clock.advanceBy(200);
    const seen: number[] = [];
    start()
      .stream(placed, { name: 'sync' })
      .subscribe((event) => seen.push(numberOf(event)));
    await clock.flush();

    expect(out.map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(seen).toEqual([1, 3]);
  });

  it('begins anew when it was forgotten', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const first = bus.subscribe(placed, () => {}, { name: 'billing' });
    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(200);
    await expect(bus.forget('billing')).rejects.toThrow(/unsubscribe it before it is forgotten/u);
    await first.unsubscribe();
    expect(await bus.forget('billing')).toBe(true);
    expect(await bus.forget('billing')).toBe(false);
    const seen: number[] = [];
    bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing', from: 'start' });
    await clock.flush();

    expect(seen).toEqual([1]);
  });

  it('puts among the dead letters what cannot be lifted to what its definition is now', async () => {
    const { start, clock } = createDurableWorld();
    await start().publish(placed, { n: 1 });
    const newer = defineEvent('order.placed', z.object({ n: z.int() }), { version: 2 });
    const bus = start();
    bus.subscribe(newer, () => {}, { name: 'billing', from: 'start' });
    await clock.flush();

    expect(bus.deadLetters.list()).toMatchObject([{ subscriber: 'billing', reason: 'unreadable' }]);
  });
});

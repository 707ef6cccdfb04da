import { defineEvent, StorageError, type DurableTransportOptions, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, faulty } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));
const numberOf = ({ data }: EventEnvelope): number => (data as { n: number }).n;

function failing(transport: DurableTransportOptions = {}) {
  const store = faulty();
  const world = createDurableWorld({ store: store.make, transport });
  const bus = world.start();
  const seen: number[] = [];
  const told: string[] = [];
  bus.subscribe('breakwater.storage.>', ({ type }) => void told.push(type));
  bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
  return { ...world, bus, store, seen, told };
}

describe('a store that fails', () => {
  it('refuses publishes, tells the bus and its health, and takes them again', async () => {
    const { bus, store, clock, seen, told } = failing();
    await bus.publish(placed, { n: 1 });
    store.fail();
    await expect(bus.publish(placed, { n: 2 })).rejects.toThrow(StorageError);
    await clock.flush();
    expect(bus.health()).toMatchObject({ ready: false, durable: false, reason: 'no space left on device' });
    store.recover();
    await bus.publish(placed, { n: 3 });
    await clock.flush();

    expect(seen).toEqual([1, 3]);
    expect(told).toEqual(['breakwater.storage.failed', 'breakwater.storage.recovered']);
    expect(bus.health()).toEqual({ ready: true, durable: false, state: 'ok' });
    expect(bus.stats()).toMatchObject({ published: 2, failedPublishes: 1 });
  });

  it('may be stood in for by memory, which is written in order when it recovers, once each', async () => {
    const { bus, store, clock, seen, told, start } = failing({ onStorageFailure: 'memory' });
    await bus.publish(placed, { n: 1 });
    store.fail();
    const receipts = await Promise.all([2, 3].map((n) => bus.publish(placed, { n })));
    await clock.flush();
    expect(receipts).toMatchObject([
      { level: 'accepted', subscribers: 1 },
      { level: 'accepted', subscribers: 1 },
    ]);
    expect(receipts[0]?.position).toBeUndefined();
    expect(seen).toEqual([1, 2, 3]);
    expect(bus.health()).toMatchObject({
      ready: true,
      durable: false,
      reason: /not durable, 2 events wait/u,
    });
    await clock.advanceBy(2_500);
    store.recover();
    await clock.advanceBy(1_000);
    expect((await bus.publish(placed, { n: 4 })).position).toBe(4);
    await clock.advanceBy(200);

    expect(seen).toEqual([1, 2, 3, 4]);
    expect(told).toContain('breakwater.storage.written');
    const { records } = await bus.query();
    expect(records.map(({ event }) => numberOf(event))).toEqual([1, 2, 3, 4]);
    // What was handled from memory is settled in the log, too.
    const again: number[] = [];
    start().subscribe(placed, ({ data }) => void again.push(data.n), { name: 'billing' });
    await clock.flush();
    expect(again).toEqual([]);
  });

  it('gives what memory held to those who fell behind meanwhile, in order and once', async () => {
    const { bus, store, clock } = failing({ onStorageFailure: 'memory' });
    const slow: number[] = [];
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    bus.subscribe(
      placed,
      async ({ data }) => {
        await gate;
        slow.push(data.n);
      },
      { name: 'slow', order: 'total', mailbox: { capacity: 2 }, timeoutMs: Infinity },
    );
    await bus.publish(placed, { n: 1 });
    store.fail();
    for (let n = 2; n <= 9; n += 1) await bus.publish(placed, { n });
    await clock.flush();
    release();
    await clock.flush();
    // It has read all that the log has: what memory holds comes before this one.
    await bus.publish(placed, { n: 10 });
    await clock.flush();
    store.recover();
    await clock.advanceBy(1_000);

    expect(slow).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('lets nothing overtake what memory holds, once it has recovered', async () => {
    const { bus, store, clock } = failing({ onStorageFailure: 'memory' });
    store.fail();
    await bus.publish(placed, { n: 1 });
    store.recover();
    expect(await bus.publish(placed, { n: 2 })).toMatchObject({ level: 'accepted' });
    await clock.advanceBy(1_000);

    expect((await bus.query()).records.map(({ event }) => numberOf(event))).toEqual([1, 2]);
  });

  it('is stood in for up to a bound', async () => {
    const { bus, store } = failing({ onStorageFailure: 'memory', maxHeldEvents: 2 });
    store.fail();
    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await expect(bus.publish(placed, { n: 3 })).rejects.toThrow(/maxHeldEvents, 2, wait in memory/u);
  });

  it('is told by the close when what memory held could not be written', async () => {
    const { bus, store } = failing({ onStorageFailure: 'memory' });
    store.fail();
    await bus.publish(placed, { n: 1 });
    await expect(bus.close()).rejects.toThrow(/1 events that were held in memory could not be written/u);
  });

  it('tells publishers who wait what became of events that memory held', async () => {
    const { bus, store, clock } = failing({ onStorageFailure: 'memory' });
    store.fail();
    const report = bus.publishAndWait(placed, { n: 1 });
    await clock.flush();
    expect(await report).toMatchObject({
      level: 'accepted',
      outcomes: [{ subscriber: 'billing', settlement: 'handled' }],
    });
  });

  it('has told nobody of events that it took all the same: subscribers read them', async () => {
    const { bus, store, clock, seen } = failing();
    await bus.publish(placed, { n: 1 });
    await clock.flush();
    store.fail('unknown');
    await expect(bus.publish(placed, { n: 2 })).rejects.toMatchObject({ unknown: true });
    await clock.flush();
    expect(seen).toEqual([1, 2]);
    // Somebody else commits to the same store: nobody looks until the next append is told.
    await Promise.resolve(bus.store?.log.append((await bus.query()).records.map(({ event }) => event))).catch(
      () => {},
    );
    store.recover();
    await bus.publish(placed, { n: 3 });
    await clock.flush();

    expect(seen).toEqual([1, 2, 1, 2, 3]);
  });

  it('is not given twice what it took all the same, by memory that stood in for it', async () => {
    const { bus, store, clock, seen } = failing({ onStorageFailure: 'memory' });
    await bus.publish(placed, { n: 1 });
    store.fail('unknown');
    await bus.publish(placed, { n: 2 });
    store.fail();
    await bus.publishBatch([placed({ n: 3 }), placed({ n: 4 })]);
    await clock.advanceBy(1_500);
    store.recover();
    await clock.advanceBy(2_000);
    await bus.publish(placed, { n: 5 });
    await clock.flush();

    expect((await bus.query()).records.map(({ event }) => numberOf(event))).toEqual([1, 2, 3, 4, 5]);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('is read again until it answers', async () => {
    const { bus, store, clock, told } = failing({ recentEvents: 0 });
    for (let n = 1; n <= 3; n += 1) await bus.publish(placed, { n });
    store.fail('reads');
    const seen: number[] = [];
    bus.subscribe(placed, ({ data }) => void seen.push(data.n), { from: 'start' });
    await clock.advanceBy(1_000);
    expect(seen).toEqual([]);
    store.recover();
    await clock.advanceBy(5_000);

    expect(seen).toEqual([1, 2, 3]);
    expect(told).toContain('breakwater.storage.unreadable');
  });

  it('crashes a subscriber whose place cannot be read, which is started again when it can', async () => {
    const { bus, store, clock } = failing();
    store.fail('reads');
    const seen: number[] = [];
    const audit = bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'audit' });
    await clock.flush();
    expect(audit.state.flow).toBe('failed');
    store.recover();
    await clock.advanceBy(60_000);
    await bus.publish(placed, { n: 1 });
    await clock.flush();

    expect(seen).toEqual([1]);
  });

  it('is given the places that it would not take, when it recovers', async () => {
    const { bus, store, clock, start, seen } = failing();
    await bus.publish(placed, { n: 1 });
    store.fail();
    await clock.advanceBy(500);
    store.recover();
    await clock.advanceBy(500);
    start().subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
    await clock.flush();

    expect(seen).toEqual([1]);
  });

  it('lets go of no event that is given up before its dead letter is written', async () => {
    const { bus, store, clock, start } = failing();
    let fail = (): void => {};
    const failed = new Promise<void>((_resolve, reject) => {
      fail = () => reject(new Error('never'));
    });
    const broken = bus.subscribe(placed, () => failed, { name: 'broken', retry: false });
    await bus.publish(placed, { n: 1 });
    await clock.flush();
    store.fail();
    fail();
    await clock.advanceBy(10_000);
    expect(broken.stats()).toMatchObject({ deadLettered: 1, running: 1 });
    const calls: number[] = [];
    store.recover();
    const second = start();
    second.subscribe(placed, ({ data }) => void calls.push(data.n), { name: 'broken' });
    await clock.flush();
    expect([calls, second.deadLetters.size]).toEqual([[1], 0]);
  });

  it('is given the dead letters that it would not take, when it recovers', async () => {
    const { bus, store, clock, start } = failing();
    const broken = bus.subscribe(placed, () => Promise.reject(new Error('never')), {
      name: 'broken',
      retry: false,
    });
    await bus.publish(placed, { n: 1 });
    store.fail();
    await clock.advanceBy(3_000);
    store.recover();
    await clock.advanceBy(1_500);
    expect(broken.stats().running).toBe(0);
    const calls: number[] = [];
    const second = start();
    second.subscribe(placed, ({ data }) => void calls.push(data.n), { name: 'broken' });
    await clock.flush();
    expect([calls, second.deadLetters.list().map(({ event }) => numberOf(event))]).toEqual([[], [1]]);
  });
});

describe('health', () => {
  it('notices within two heartbeats of being asked that nothing can be written', async () => {
    const store = faulty();
    const world = createDurableWorld({
      store: (ports) => {
        const made = store.make(ports);
        return { ...made, log: { ...made.log, features: { ...made.log.features, durable: true } } };
      },
    });
    const bus = world.start({ heartbeatMs: 1_000 });
    expect(bus.health()).toEqual({ ready: true, durable: true, state: 'ok' });
    store.fail();
    await world.clock.advanceBy(1_000);
    expect(bus.health()).toMatchObject({ ready: false, state: 'failed' });
  });

  it('says of a bus that is disabled or closed that it is', async () => {
    const { bus } = failing();
    bus.disable();
    expect(bus.health()).toMatchObject({ ready: false, state: 'failed', reason: 'the bus is disabled' });
    bus.enable();
    await bus.close();
    expect(bus.health()).toMatchObject({ ready: false, reason: 'the bus is closed' });
  });
});

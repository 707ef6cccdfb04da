import { ClosedError, DeadlockError, QueueFullError, type DeadLetter } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { createBusWorld, task } from '../../support/bus-world.ts';

const data = (n: number): { n: number; deeds: string[] } => ({ n, deeds: ['later'] });

describe('memoryTransport', () => {
  it('lets an event into every other mailbox at once while its publish waits for the full one', async () => {
    const { bus, clock, subscribe, moments } = createBusWorld();
    const slow = subscribe('slow', { concurrency: 1, mailbox: { capacity: 1 } });
    subscribe('quick', {});
    slow.pause();
    await bus.publish(task, { n: 1, deeds: ['ok'] });
    let resolved = false;

    const waiting = bus.publish(task, { n: 2, deeds: ['ok'] }).then(() => (resolved = true));
    await clock.flush();
    expect({ resolved, quick: moments.length }).toEqual({ resolved: false, quick: 4 });

    slow.resume();
    await clock.flush();
    await waiting;
    expect(moments.filter(({ subscriber }) => subscriber === 'slow').length).toBe(4);
  });

  it('admits a waiting critical event to its lane before the low ones that waited longer', async () => {
    const { bus, clock, subscribe, moments } = createBusWorld();
    const one = subscribe('one', { concurrency: 1, mailbox: { capacity: 1 } });
    one.pause();
    for (let n = 0; n < 4; n += 1) bus.emit(task, { n, deeds: ['ok'] }, { priority: 'low' });
    bus.emit(task, { n: 9, deeds: ['ok'] }, { priority: 'urgent' });
    expect(one.stats().queue).toMatchObject({ size: 5, blocked: 4 });

    one.resume();
    await clock.flush();

    expect(moments.filter(({ what }) => what === 'start').map(({ n }) => n)).toEqual([9, 0, 1, 2, 3]);
  });

  it('refuses with QueueFullError what a rejecting mailbox has no room for, and names it', async () => {
    const { bus, subscribe } = createBusWorld();
    subscribe('small', { mailbox: { capacity: 1, overflow: 'reject' } }).pause();
    const large = subscribe('large');
    large.pause();
    await bus.publish(task, data(1));

    const refused: unknown = await bus.publish(task, data(2)).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(QueueFullError);
    expect(refused).toMatchObject({ subscribers: ['small'], retryable: true });
    expect(large.stats().queue.size).toBe(2);
  });

  it('gives a batch whole or not at all to each subscriber', async () => {
    const { bus, subscribe } = createBusWorld();
    const small = subscribe('small', { mailbox: { capacity: 3, overflow: 'reject' } });
    const large = subscribe('large');
    small.pause();
    large.pause();
    await bus.publish(task, data(0));

    await expect(bus.publishBatch([1, 2, 3].map((n) => task(data(n))))).rejects.toThrow(QueueFullError);
    expect([small.stats().queue.size, large.stats().queue.size]).toEqual([1, 4]);

    await bus.publishBatch([4, 5].map((n) => task(data(n))));
    expect(small.stats().queue.size).toBe(3);
  });

  it('refuses publishSync where publish would wait, and lets nothing in there', () => {
    const { bus, subscribe } = createBusWorld();
    const one = subscribe('one', { mailbox: { capacity: 1 } });
    one.pause();
    expect(bus.publishSync(task, data(1)).subscribers).toBe(1);

    expect(() => bus.publishSync(task, data(2))).toThrow(QueueFullError);

    expect(one.stats().queue.size).toBe(1);
  });

  it('refuses more than maxBlocked waiting publishers', async () => {
    const { bus, subscribe } = createBusWorld();
    const one = subscribe('one', { mailbox: { capacity: 1, maxBlocked: 2 } });
    one.pause();
    for (let n = 0; n < 3; n += 1) bus.emit(task, data(n));

    await expect(bus.publish(task, data(3))).rejects.toThrow(QueueFullError);

    expect(one.stats().queue).toMatchObject({ size: 3, blocked: 2 });
  });

  it('fails the publish of a handler that would wait for itself for ever', async () => {
    const { bus, clock } = createBusWorld();
    const failures: unknown[] = [];
    bus.subscribe(
      task,
      async ({ data: { n } }, context) => {
        if (n >= 10) return;
        for (let more = 1; more < 4; more += 1) {
          await context.publish(task, data(n + 10 * more)).catch((error: unknown) => failures.push(error));
        }
      },
      { concurrency: 2, mailbox: { capacity: 1 } },
    );
    for (let n = 0; n < 4; n += 1) bus.emit(task, data(n));

    await clock.advanceBy(1);

    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(failure).toBeInstanceOf(DeadlockError);
    expect(bus.stats().subscribers[0]).toMatchObject({ running: 0, queue: { size: 0 } });
  });

  it('finds a circle of handlers that wait for each other', async () => {
    const { bus, clock } = createBusWorld();
    const failures: string[] = [];
    const relay = (from: string, to: string): void => {
      bus.subscribe(
        from,
        async (_event, context) => {
          // Each asks for more than the other can take, so that both soon wait.
          for (let n = 0; n < 3; n += 1) {
            await context.publish(to, n).catch((error: Error) => failures.push(error.name));
          }
        },
        { name: from, concurrency: 1, mailbox: { capacity: 1 }, retry: false },
      );
    };
    relay('ping', 'pong');
    relay('pong', 'ping');
    bus.emit('ping', 0);

    await clock.advanceBy(1000);

    expect(failures).toContain('DeadlockError');
  });

  it('does not take a handler that only waits for a slow one for stuck', async () => {
    const { bus, clock, subscribe } = createBusWorld();
    const failures: unknown[] = [];
    subscribe('slow', { concurrency: 1, mailbox: { capacity: 1 } });
    bus.subscribe(
      'start',
      async (_event, context) => {
        for (let n = 0; n < 5; n += 1)
          await context.publish(task, data(n)).catch((error: unknown) => failures.push(error));
      },
      { name: 'starter', concurrency: 1 },
    );
    bus.emit('start', 0);

    await clock.advanceBy(1000);

    expect(failures).toEqual([]);
    expect(bus.subscription('slow')?.stats().succeeded).toBe(5);
  });

  it('gives an event once to a subscriber whose patterns match it twice', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe(['order.*', '>', 'order.placed'], (event) => {
      seen.push(event.type);
    });

    await bus.publish('order.placed', {});
    await clock.flush();

    expect(seen).toEqual(['order.placed']);
  });

  it('counts what waits as dropped when its subscriber leaves, after its running handlers', async () => {
    const { bus, clock, subscribe, moments } = createBusWorld();
    const one = subscribe('one', { concurrency: 1 });
    for (let n = 0; n < 3; n += 1) bus.emit(task, data(n));
    await clock.flush();
    let gone = false;

    const leaving = one.unsubscribe().then(() => (gone = true));
    await clock.flush();
    expect(gone).toBe(false);
    await clock.advanceBy(20);
    await leaving;

    expect(moments.map(({ what, n }) => `${what} ${n}`)).toEqual(['start 0', 'end 0']);
    expect(one.stats()).toMatchObject({ succeeded: 1, dropped: 2, flow: 'stopped' });
    expect(bus.handlerCount()).toBe(0);
  });

  it('handles what waits and takes no more while it drains', async () => {
    const { bus, clock, subscribe, moments } = createBusWorld();
    const one = subscribe('one', { concurrency: 1 });
    for (let n = 0; n < 3; n += 1) bus.emit(task, data(n));
    const drained = one.drain();

    const receipt = await bus.publish(task, data(9));
    await clock.advanceBy(100);
    await drained;

    expect(receipt.subscribers).toBe(0);
    expect(moments.filter(({ what }) => what === 'end').map(({ n }) => n)).toEqual([0, 1, 2]);
    expect(one.state.flow).toBe('stopped');
  });

  it('ignores what a handler says after its timeout, and gives its place to another', async () => {
    const { bus, clock } = createBusWorld();
    const ends: string[] = [];
    let finish: () => void = () => {};
    const one = bus.subscribe(
      task,
      ({ data: { n } }, context) => {
        if (n === 1 && context.attempt === 1) return new Promise<void>((resolve) => (finish = resolve));
        ends.push(`${n}#${context.attempt}`);
        return undefined;
      },
      { name: 'one', concurrency: 1, timeoutMs: 100, retry: { jitter: 'none', baseMs: 10 } },
    );
    bus.emit(task, data(1));
    bus.emit(task, data(2));
    await clock.advanceBy(105);
    expect(ends).toEqual(['2#1']);

    finish();
    await clock.advanceBy(20);

    expect(ends).toEqual(['2#1', '1#2']);
    expect(one.stats()).toMatchObject({ succeeded: 2, failed: 1, timedOut: 1, retried: 1, running: 0 });
  });

  it('lets other turns of the event loop go between many quick handlers', async () => {
    const { bus, clock, subscribe } = createBusWorld();
    subscribe('quick', { mailbox: { capacity: 5000 } });
    for (let n = 0; n < 3000; n += 1) bus.emit(task, { n, deeds: ['ok'] });
    const before = bus.subscription('quick')?.stats().queue.size ?? 0;
    await Promise.resolve();
    await Promise.resolve();

    expect(before).toBe(3000);
    expect(bus.subscription('quick')?.stats().queue.size).toBe(3000 - 1024);
    await clock.flush();
    expect(bus.subscription('quick')?.stats().succeeded).toBe(3000);
  });

  it('refuses everything once it is closed', async () => {
    const { bus, subscribe } = createBusWorld();
    await bus.close({ deadlineMs: 0 });

    await expect(bus.publish(task, data(1))).rejects.toThrow(ClosedError);
    expect(() => subscribe('late')).toThrow(ClosedError);
  });

  it('puts what is not handled by the deadline of close into the dead letters, in order', async () => {
    const { bus, clock, subscribe } = createBusWorld();
    subscribe('one', { concurrency: 1, order: 'key' });
    for (let n = 0; n < 4; n += 1) bus.emit(task, { n, key: 'k', deeds: ['hang'] });
    await clock.flush();

    const closing = bus.close({ deadlineMs: 50 });
    await clock.advanceBy(50);

    expect(await closing).toEqual({ undelivered: 4 });
    const numbers = bus.deadLetters
      .list()
      .map(({ event, reason }: DeadLetter) => [(event.data as { n: number }).n, reason]);
    expect(numbers).toEqual([0, 1, 2, 3].map((n) => [n, 'closed']));
  });
});

import { createBus, defineEvent, type Delivery, type EventEnvelope } from 'breakwater';
import { createVirtualClock, seededRandom } from 'breakwater/testing';
import { batch, laneMap } from 'breakwater/streams';
import { map, mergeMap, type Observable, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const reading = defineEvent('device.reading', z.object({ device: z.string(), value: z.number() }), {
  key: (data) => data.device,
});

function world() {
  const clock = createVirtualClock({ now: 0 });
  const bus = createBus({ clock, random: seededRandom(1), logger: silentLogger, heartbeatMs: 86_400_000 });
  const publish = (...values: number[]) =>
    bus.publishBatch(values.map((value) => reading({ device: 'a', value })));
  return { bus, clock, publish };
}

/** Keeps what a stream emits; and the subscription, to leave it. */
function collect<T>(stream: Observable<T>) {
  const seen: T[] = [];
  let ended: unknown = 'no';
  const subscription = stream.subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => (ended = error),
    complete: () => (ended = 'completed'),
  });
  return { seen, subscription, ended: () => ended };
}

const values = (events: readonly EventEnvelope<{ value: number }>[]) =>
  events.map((event) => event.data.value);

describe('bus.stream', () => {
  it('emits the events of its patterns, from the subscription on until it is left', async () => {
    const { bus, clock, publish } = world();
    const stream = bus.stream(reading);
    await publish(1);
    const { seen, subscription } = collect(stream);
    await publish(2, 3);
    await bus.publish('other', {});
    await clock.flush();
    expect(values(seen)).toEqual([2, 3]);
    subscription.unsubscribe();
    expect((await bus.publish(reading, { device: 'a', value: 4 })).subscribers).toBe(0);
    await clock.flush();
    expect(values(seen)).toEqual([2, 3]);
  });

  it('gives each subscription all events, under a name of its own', async () => {
    const { bus, clock, publish } = world();
    const stream = bus.stream('device.>');
    const [one, other] = [collect(stream), collect(stream)];
    await publish(1);
    await clock.flush();
    expect([one.seen.length, other.seen.length]).toEqual([1, 1]);
  });

  it('has one subscription at a time under a given name', () => {
    const { bus } = world();
    const stream = bus.stream(reading, { name: 'readings' });
    const first = collect(stream);
    expect(collect(stream).ended()).toMatchObject({
      message: expect.stringMatching(/readings exists already/),
    });
    first.subscription.unsubscribe();
    expect(collect(stream).ended()).toBe('no');
  });

  it('acknowledges an event when next has returned', async () => {
    const { bus, clock } = world();
    const order: string[] = [];
    bus.stream(reading, { name: 'readings' }).subscribe(() => order.push('next'));
    const report = bus.publishAndWait(reading, { device: 'a', value: 1 }).then(({ outcomes }) => {
      order.push('settled');
      return outcomes;
    });
    await clock.flush();
    expect(await report).toEqual([{ subscriber: 'readings', settlement: 'handled' }]);
    expect(order).toEqual(['next', 'settled']);
  });

  it('has at most prefetch deliveries out, and makes publishers wait once the mailbox is full too', async () => {
    const { bus, clock, publish } = world();
    const { seen } = collect(bus.stream(reading, { ack: 'manual', prefetch: 2, mailbox: { capacity: 1 } }));
    const published: number[] = [];
    for (const n of [1, 2, 3, 4, 5]) void publish(n).then(() => published.push(n));
    await clock.flush();
    // Offered before any could start: one has room, the takes of the first two let in two more.
    expect([seen.length, published]).toEqual([2, [1, 2, 3]]);
    seen[0]?.ack();
    seen[0]?.ack();
    await clock.flush();
    expect([seen.length, published]).toEqual([3, [1, 2, 3, 4]]);
  });

  it('brings back what is refused for the moment, one attempt later', async () => {
    const { bus, clock, publish } = world();
    const { seen } = collect(bus.stream(reading, { ack: 'manual', order: 'key', prefetch: 2 }));
    await publish(1, 2);
    await clock.flush();
    seen[0]?.nak(50);
    await clock.advanceBy(49);
    expect(seen).toHaveLength(1);
    await clock.advanceBy(1);
    expect(seen.map(({ attempt, event }) => [attempt, event.data.value])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    seen[1]?.ack();
    expect(seen[2]?.event.data.value).toBe(2);
  });

  it('keeps what is given up in the dead letters, and can be given it again', async () => {
    const { bus, clock, publish } = world();
    const { seen } = collect(bus.stream(reading, { ack: 'manual', name: 'readings' }));
    await publish(1);
    await clock.flush();
    seen[0]?.term('unreadable');
    expect(bus.deadLetters.list()).toMatchObject([
      { subscriber: 'readings', reason: 'fatal', attempts: 1, error: { message: 'unreadable' } },
    ]);
    expect(await bus.deadLetters.requeue()).toBe(1);
    await clock.flush();
    expect(seen).toHaveLength(2);
  });

  it('holds on to what is given up while the dead letters are full', async () => {
    const clock = createVirtualClock();
    const bus = createBus({ clock, logger: silentLogger, deadLetters: { capacity: 1 } });
    const { seen } = collect(bus.stream(reading, { ack: 'manual', prefetch: 2 }));
    await bus.publishBatch([1, 2, 3].map((value) => reading({ device: 'a', value })));
    await clock.flush();
    for (const delivery of seen) delivery.term();
    await clock.flush();
    expect(seen).toHaveLength(3);
    const [letter] = bus.deadLetters.list();
    bus.deadLetters.discard({ id: letter?.id ?? -1 });
    await clock.flush();
    expect(bus.deadLetters.list()).toMatchObject([{ event: { data: { value: 2 } } }]);
  });

  it('leaves out what filter, priority and sampling refuse, and keeps events whose filter throws', async () => {
    const { bus, clock, publish } = world();
    const { seen } = collect(
      bus.stream(reading, {
        filter: (event) => {
          if (event.data.value === 2) throw new Error('no');
          return event.data.value !== 1;
        },
        minPriority: 'normal',
      }),
    );
    await publish(1, 2, 3);
    await bus.publish(reading, { device: 'a', value: 4 }, { priority: 'low' });
    await clock.flush();
    expect(values(seen)).toEqual([3]);
    expect(bus.deadLetters.list()).toMatchObject([{ reason: 'filter-failed' }]);
  });

  it('shows what its mailbox drops, and what waits when it is left', async () => {
    const { bus, clock, publish } = world();
    const dropped = new Subject<EventEnvelope<{ value: number }>>();
    const lost = collect(dropped);
    const { seen, subscription } = collect(
      bus.stream(reading, {
        ack: 'manual',
        prefetch: 1,
        mailbox: { capacity: 2, overflow: 'drop-oldest' },
        dropped,
      }),
    );
    await publish(1);
    await clock.flush();
    await publish(2);
    await publish(3);
    await publish(4);
    await clock.flush();
    expect(values(lost.seen)).toEqual([2]);
    subscription.unsubscribe();
    expect(values(lost.seen)).toEqual([2, 3, 4]);
    seen[0]?.ack();
    await bus.close();
  });

  it('is waited for by idle, and completes when the bus closes', async () => {
    const { bus, clock, publish } = world();
    const { seen, ended } = collect(bus.stream(reading, { ack: 'manual' }));
    await publish(1);
    let idle = false;
    void bus.idle().then(() => (idle = true));
    await clock.flush();
    expect(idle).toBe(false);
    seen[0]?.ack();
    await clock.flush();
    expect(idle).toBe(true);
    expect(await bus.close()).toEqual({ undelivered: 0 });
    expect(ended()).toBe('completed');
  });

  it('puts what is not settled when the bus closes into the dead letters', async () => {
    const { bus, clock, publish } = world();
    const { seen } = collect(bus.stream(reading, { ack: 'manual', prefetch: 1 }));
    await publish(1, 2);
    await clock.flush();
    const closing = bus.close({ deadlineMs: 10 });
    await clock.advanceBy(10);
    expect(await closing).toEqual({ undelivered: 2 });
    seen[0]?.ack();
    expect(bus.deadLetters.list()).toMatchObject([
      { reason: 'closed', event: { data: { value: 1 } } },
      { reason: 'closed', event: { data: { value: 2 } } },
    ]);
    expect(collect(bus.stream(reading)).ended()).toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('cannot be subscribed to while the bus closes', async () => {
    const { bus } = world();
    let late: unknown;
    bus.stream(reading).subscribe({ complete: () => (late = collect(bus.stream(reading)).ended()) });
    await bus.close();
    expect(late).toMatchObject({ code: 'ERR_CLOSED', message: expect.stringMatching(/^the bus is closed/) });
  });

  it('flows through operators, and is left by them', async () => {
    const { bus, clock, publish } = world();
    const handled: number[][] = [];
    bus
      .stream(reading, { ack: 'manual', prefetch: 4 })
      .pipe(
        laneMap(async (delivery: Delivery<EventEnvelope<{ value: number }>>) => {
          delivery.ack();
          return delivery.event.data.value;
        }),
        batch({ maxCount: 2 }),
        take(2),
      )
      .subscribe((pair) => handled.push([...pair]));
    await publish(1, 2, 3, 4, 5, 6);
    await clock.flush();
    expect(handled).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect((await bus.publish(reading, { device: 'a', value: 7 })).subscribers).toBe(0);
  });

  it('goes on after a consumer that feeds its own source', async () => {
    const { bus, clock } = world();
    const seen: number[] = [];
    bus
      .stream(reading)
      .pipe(
        map((event) => event.data.value),
        mergeMap(async (value) => {
          if (value < 1_000) await bus.publish(reading, { device: 'a', value: value + 1 });
          return value;
        }),
      )
      .subscribe((value) => seen.push(value));
    await bus.publish(reading, { device: 'a', value: 1 });
    await clock.flush();
    expect(seen).toHaveLength(1_000);
  });

  it.each([
    [{ prefetch: 0 }, /prefetch must be a number at least 1, got 0/],
    [{ ack: 'never' }, /ack must be one of auto, manual; got "never"/],
    [{ name: 'a b' }, /name of a subscriber must be .*got "a b"/],
    [{ concurrency: 3 }, /"concurrency" is not an option of stream/],
    [{ mailbox: { capacity: 0 } }, /capacity must be/],
    [{ order: 'random' }, /order must be one of none, key, total/],
    [{ sample: 2 }, /sample must be/],
  ])('refuses %j when it is made', (options, message) => {
    const { bus } = world();
    expect(() => bus.stream(reading, options as object)).toThrow(message);
  });

  it('refuses what is no subject', () => {
    const { bus } = world();
    expect(() => bus.stream([])).toThrow(/stream takes at least one/);
    expect(() => bus.stream(3 as unknown as string)).toThrow(/stream takes a definition.*got 3/);
  });
});

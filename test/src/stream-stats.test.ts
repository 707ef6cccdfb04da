import { createBus, defineEvent, type Delivery } from 'breakwater';
import { createVirtualClock, seededRandom } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const reading = defineEvent('device.reading', z.object({ value: z.number() }));

function world() {
  const clock = createVirtualClock({ now: 0 });
  const bus = createBus({ clock, random: seededRandom(1), logger: silentLogger, heartbeatMs: 86_400_000 });
  const publish = (...values: number[]) => bus.publishBatch(values.map((value) => reading({ value })));
  return { bus, clock, publish };
}

describe('a stream', () => {
  it('is in the figures of the bus while it is subscribed to', async () => {
    const { bus, clock, publish } = world();
    const options = { name: 'readings', ack: 'manual', prefetch: 2, mailbox: { capacity: 1 } } as const;
    const seen: Delivery[] = [];
    const subscription = bus.stream(reading, options).subscribe((delivery) => seen.push(delivery));
    bus.stream(['device.>', 'other'], { filter: () => false }).subscribe();
    await clock.advanceBy(5);
    for (const n of [1, 2, 3, 4, 5]) void publish(n);
    await clock.flush();
    const figures = {
      name: 'readings',
      patterns: ['device.reading'],
      subscribedAt: 0,
      capacity: 1,
      prefetch: 2,
    };
    expect(bus.stats().streams).toMatchObject([
      {
        ...figures,
        delivered: 2,
        handled: 0,
        inFlight: 2,
        waiting: 3,
        blocked: 2,
        parked: 0,
        deadLettered: 0,
      },
      { name: 'stream-1', patterns: ['device.>', 'other'], delivered: 0, inFlight: 0, waiting: 0 },
    ]);

    seen[0]?.ack();
    seen[1]?.term('unreadable');
    await clock.flush();
    seen[2]?.nak(1_000);
    expect(bus.stats().streams[0]).toMatchObject({
      delivered: 5,
      handled: 1,
      deadLettered: 1,
      inFlight: 2,
      waiting: 1,
      parked: 1,
      blocked: 0,
      dropped: 0,
    });
    subscription.unsubscribe();
    expect(bus.stats().streams.map(({ name }) => name)).toEqual(['stream-1']);
  });

  it('counts what it has handed over by itself, and what its mailbox drops', async () => {
    const { bus, clock, publish } = world();
    const mailbox = { capacity: 2, overflow: 'drop-oldest' } as const;
    bus.stream(reading, { prefetch: 1, mailbox }).subscribe();
    await publish(1, 2, 3, 4);
    await clock.flush();

    const [stats] = bus.stats().streams;
    expect(stats).toMatchObject({ handled: stats?.delivered, inFlight: 0, waiting: 0 });
    expect((stats?.delivered ?? 0) + (stats?.dropped ?? 0)).toBe(4);
    expect(stats?.dropped).toBeGreaterThan(0);
  });
});

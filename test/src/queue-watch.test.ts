import type { Logger } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { createBusWorld, silentLogger } from '../support/bus-world.ts';

/** A paused subscriber for 80 events, and what is said of its queue. */
function watched() {
  const warnings: string[] = [];
  const announced: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => warnings.push(message) };
  const world = createBusWorld({ heartbeatMs: 1_000, logger });
  const subscribe = () => {
    const billing = world.bus.subscribe('order.*', () => {}, {
      name: 'billing',
      mailbox: { capacity: 80 },
    });
    billing.pause();
    return billing;
  };
  world.bus.subscribe('breakwater.queue.*', ({ type, data }) => void announced.push([type, data]));
  const publish = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) await world.bus.publish('order.placed', n);
  };
  return { ...world, billing: subscribe(), subscribe, publish, warnings, announced };
}

describe('the watch over queues', () => {
  it('warns at a heartbeat of a queue that is more than 80 % full, to one decimal, once', async () => {
    const { clock, publish, warnings, announced } = watched();

    await publish(64);
    await clock.advanceBy(1_000);
    expect(warnings).toEqual([]);

    await publish(1);
    await clock.advanceBy(999);
    expect(warnings).toEqual([]);
    await clock.advanceBy(1);
    expect(warnings).toEqual(['queue of billing is 81.3 % full']);
    expect(announced).toEqual([
      [
        'breakwater.queue.nearly-full',
        { subscriber: 'billing', utilization: 0.8125, size: 65, capacity: 80 },
      ],
    ]);

    await publish(10);
    await clock.advanceBy(10_000);
    expect(warnings).toHaveLength(1);
  });

  it('says when the queue has recovered, and warns anew after that', async () => {
    const { billing, clock, publish, warnings, announced } = watched();
    await publish(70);
    await clock.advanceBy(1_000);

    billing.resume();
    await clock.advanceBy(1_000);
    expect(announced.at(-1)).toEqual([
      'breakwater.queue.recovered',
      { subscriber: 'billing', utilization: 0, size: 0, capacity: 80 },
    ]);

    billing.pause();
    await publish(70);
    await clock.advanceBy(1_000);
    expect(warnings).toEqual(['queue of billing is 87.5 % full', 'queue of billing is 87.5 % full']);
  });

  it('calls a queue recovered one percent below the edge, not at it', async () => {
    const { bus, clock, announced } = watched();
    let left = 0;
    const tight = bus.subscribe(
      'mail.*',
      () => {
        left -= 1;
        if (left === 0) tight.pause();
      },
      { name: 'tight', concurrency: 1, mailbox: { capacity: 1_000 } },
    );
    tight.pause();
    const types = (): unknown[] => announced.map((announcement) => (announcement as unknown[])[0]);
    for (let n = 0; n < 805; n += 1) await bus.publish('mail.sent', n);
    await clock.advanceBy(1_000);
    const shrinkTo = async (size: number): Promise<void> => {
      left = tight.stats().queue.size - size;
      tight.resume();
      await clock.advanceBy(1_000);
    };

    await shrinkTo(790);
    expect(types()).toEqual(['breakwater.queue.nearly-full']);
    await shrinkTo(789);
    expect(types()).toEqual(['breakwater.queue.nearly-full', 'breakwater.queue.recovered']);
  });

  it('knows nothing of the queue of an earlier subscriber of that name', async () => {
    const { billing, clock, subscribe, publish, warnings } = watched();
    await publish(70);
    await clock.advanceBy(1_000);
    await billing.unsubscribe();
    await clock.advanceBy(1_000);

    subscribe();
    await publish(70);
    await clock.advanceBy(1_000);

    expect(warnings).toHaveLength(2);
  });

  it('shows in the figures what it judges by', async () => {
    const { billing, publish } = watched();

    await publish(64);
    expect(billing.stats().queue).toMatchObject({ utilization: 0.8, nearlyFull: false });
    await publish(1);
    expect(billing.stats().queue).toMatchObject({ size: 65, utilization: 0.8125, nearlyFull: true });
  });
});

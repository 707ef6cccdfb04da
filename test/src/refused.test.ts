import { CausationDepthError, defineEvent, QueueFullError, type Transport } from 'breakwater';
import { createBus, memoryTransport } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const job = defineEvent('job.asked', z.object({ n: z.number() }));
const id = '018cc251-f400-7800-8001-000000000001';

function quietBus(options: Parameters<typeof createBus>[0] = {}) {
  const clock = createVirtualClock();
  return { clock, bus: createBus({ clock, logger: silentLogger, ...options }) };
}

describe('an event that was refused', () => {
  it('is no duplicate to the subscriber that refused it, when it is published again', async () => {
    const { bus, clock } = quietBus();
    const seen: number[] = [];
    const worker = bus.subscribe(job, ({ data }) => void seen.push(data.n), {
      dedupe: true,
      mailbox: { capacity: 1, overflow: 'reject' },
    });
    worker.pause();
    await bus.publish(job, { n: 1 });
    await expect(bus.publish(job, { n: 2 }, { id })).rejects.toThrow(QueueFullError);

    worker.resume();
    await clock.flush();
    await bus.publish(job, { n: 2 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 2]);
  });

  it('in a batch is no duplicate to the bus, when the batch is published again', async () => {
    const { bus, clock } = quietBus({ dedupe: true });
    const seen: number[] = [];
    const worker = bus.subscribe(job, ({ data }) => void seen.push(data.n), {
      mailbox: { capacity: 2, overflow: 'reject' },
    });
    worker.pause();
    await bus.publish(job, { n: 0 });
    const batch = [job({ n: 1 }, { id }), job({ n: 2 })];
    await expect(bus.publishBatch(batch)).rejects.toThrow(QueueFullError);

    worker.resume();
    await clock.flush();
    const receipts = await bus.publishBatch(batch);
    await clock.flush();

    expect(seen).toEqual([0, 1, 2]);
    expect(receipts.map(({ subscribers }) => subscribers)).toEqual([1, 1]);
  });

  it('at once names the subscriber that refused it', () => {
    const { bus } = quietBus();
    bus.subscribe(job, () => {}, { name: 'small', mailbox: { capacity: 1, overflow: 'reject' } }).pause();
    bus.publishSync(job, { n: 1 });

    expect(() => bus.publishSync(job, { n: 2 })).toThrow(expect.objectContaining({ subscribers: ['small'] }));
  });

  it('by a transport with no error at all is an error all the same', async () => {
    const odd: Transport = {
      ...memoryTransport()({ clock: createVirtualClock(), random: () => 0.5 }),
      publish: () => Promise.reject(null),
    };
    const { bus } = quietBus({ transport: () => odd });

    const result = await bus.tryPublish(job, { n: 1 });

    expect(result).toMatchObject({ ok: false, error: { message: 'null' } });
  });
});

describe('receipts of a batch', () => {
  it('count the subscribers of each event, and none while the bus is disabled', async () => {
    const { bus } = quietBus();
    bus.subscribe(job, () => {});
    bus.subscribe('job.*', () => {});
    bus.subscribe('other', () => {});

    const receipts = await bus.publishBatch([job({ n: 1 }), { ...(await envelope()), type: 'other' }]);
    bus.disable();
    const [none] = await bus.publishBatch([job({ n: 1 })]);

    expect(receipts.map(({ subscribers }) => subscribers)).toEqual([2, 1]);
    expect(none).toMatchObject({ level: 'none', subscribers: 0 });
  });
});

describe('what publishAndWait says', () => {
  it('is dead-lettered for a filter that threw', async () => {
    const { bus } = quietBus();
    bus.subscribe(job, () => {}, {
      name: 'picky',
      filter: () => {
        throw new Error('no');
      },
    });

    const { outcomes } = await bus.publishAndWait(job, { n: 1 });

    expect(outcomes).toEqual([{ subscriber: 'picky', settlement: 'dead-lettered' }]);
  });
});

describe('a handler that passes its own event on', () => {
  it('comes to the end of the chain too', async () => {
    const { bus, clock } = quietBus({ maxCausationDepth: 5 });
    let calls = 0;
    const errors: unknown[] = [];
    bus.subscribe(
      job,
      (event, context) => {
        calls += 1;
        return context.publish(event).catch((error: unknown) => void errors.push(error));
      },
      { retry: false },
    );
    await bus.publish(job, { n: 1 });

    await clock.advanceBy(1000);

    expect(calls).toBe(6);
    expect(errors[0]).toBeInstanceOf(CausationDepthError);
  });
});

async function envelope() {
  const { bus, clock } = quietBus();
  let made: unknown;
  bus.subscribe('other', (event) => void (made = { ...event }));
  await bus.publish('other', 1);
  await clock.flush();
  return made as {
    id: string;
    type: string;
    source: string;
    time: number;
    priority: 'normal';
    schemaVersion: number;
    data: unknown;
  };
}

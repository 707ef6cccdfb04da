import { createBus, defineEvent, FatalError, type Bus, type BusOptions } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }), { key: ({ n }) => `k${n % 5}` });

/** Runs on one folder that follow each other, by the real clock. */
function runs() {
  const path = temporaryFolder();
  return async <T>(run: (bus: Bus) => Promise<T>, options: BusOptions = {}): Promise<T> => {
    const bus = createBus({ transport: lmdb({ path }), logger: silentLogger, ...options });
    await bus.ready();
    try {
      return await run(bus);
    } finally {
      await bus.close();
    }
  };
}

async function publishAll(bus: Bus, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from + 1 }, (_, at) => bus.publish(placed, { n: from + at })));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a bus on LMDB', () => {
  it('says that a publish is on the disk, and where', async () => {
    const run = runs();
    const receipt = await run((bus) => bus.publish(placed, { n: 1 }));
    expect(receipt).toMatchObject({ level: 'disk', position: 1, subscribers: 0 });
    expect(await run(async (bus) => bus.health())).toEqual({ ready: true, durable: true, state: 'ok' });
  });

  it('gives each event once to named subscribers, over runs, however far they lag', async () => {
    const run = runs();
    const seen: Record<string, number[]> = { billing: [], small: [] };
    for (const from of [1, 2_001, 4_001]) {
      await run(async (bus) => {
        for (const [name, capacity] of [
          ['billing', 1_024],
          ['small', 8],
        ] as const) {
          bus.subscribe(placed, async ({ data }) => void seen[name]?.push(data.n), {
            name,
            order: 'total',
            mailbox: { capacity },
            from: 'start',
          });
        }
        await publishAll(bus, from, from + 1_999);
        await bus.idle();
      });
    }
    expect(seen).toEqual({ billing: upTo(6_000), small: upTo(6_000) });
  });

  it('gives a new subscriber all that the runs before kept, and replays it', async () => {
    const run = runs();
    await run((bus) => publishAll(bus, 1, 5_000));
    await run(async (bus) => {
      const seen: number[] = [];
      bus.subscribe(placed, ({ data }) => void seen.push(data.n), {
        name: 'late',
        order: 'total',
        from: 'start',
      });
      await bus.idle();
      expect(seen).toEqual(upTo(5_000));

      const replayed: number[] = [];
      const replay = bus.replay({ patterns: [placed], key: 'k3' });
      await new Promise<void>((resolve, reject) => {
        replay.subscribe({
          next: ({ event }) => replayed.push((event.data as { n: number }).n),
          complete: resolve,
          error: reject,
        });
      });
      expect(replayed).toEqual(upTo(5_000).filter((n) => n % 5 === 3));
    });
  });

  it('keeps dead letters, attempts, what is paused, and what was committed', async () => {
    const run = runs();
    await run(async (bus) => {
      bus.subscribe(
        placed,
        ({ data }, { attempt }) => {
          if (data.n === 1) throw new FatalError('no');
          if (attempt === 1) throw new Error('not yet');
        },
        { name: 'billing', retry: { baseMs: 600_000, jitter: 'none' } },
      );
      bus.subscribe('order.>', () => {}, { name: 'audit' }).pause();
      await bus.commit({
        events: [placed({ n: 1 }), placed({ n: 2 })],
        writes: [{ bucket: 'orders', key: '1', value: Uint8Array.of(1), expected: 0 }],
      });
      while (bus.deadLetters.size === 0 || bus.subscription('billing')?.stats().retried !== 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await bus.close({ deadlineMs: 1 });
    });
    await run(async (bus) => {
      const attempts: number[] = [];
      bus.subscribe(placed, (_event, { attempt }) => void attempts.push(attempt), { name: 'billing' });
      const audit = bus.subscribe('order.>', () => {}, { name: 'audit' });
      await bus.idle();
      expect(attempts).toEqual([2]);
      expect(audit.state.flow).toBe('paused');
      expect(bus.deadLetters.list()).toMatchObject([
        { reason: 'fatal', position: 1, error: { message: 'no' } },
      ]);
      expect(await bus.store?.snapshots.read('orders', '1')).toMatchObject({ value: Uint8Array.of(1) });
      await bus.close({ deadlineMs: 1 });
    });
  });

  it('reports what became of an event that its subscriber read from the disk', async () => {
    const path = temporaryFolder();
    const bus = createBus({ transport: lmdb({ path, recentEvents: 0 }), logger: silentLogger });
    bus.subscribe(placed, async () => {}, { name: 'small', concurrency: 1, mailbox: { capacity: 2 } });
    const publishing = publishAll(bus, 1, 200);
    const report = await bus.publishAndWait(placed, { n: 201 });
    await publishing;

    expect(report).toMatchObject({
      position: 201,
      outcomes: [{ subscriber: 'small', settlement: 'handled' }],
    });
    await bus.close();
  });

  it('refuses a publish that cannot wait', async () => {
    await runs()(async (bus) => {
      expect(() => bus.publishSync(placed, { n: 1 })).toThrow(
        /publishSync cannot wait for a disk; use publish/u,
      );
      expect(await bus.query()).toMatchObject({ records: [] });
    });
  });
});

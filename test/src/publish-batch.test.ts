import { defineEvent, type Publishable } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const counted = defineEvent('batch.counted', z.object({ n: z.int() }));
const upTo = (count: number): Publishable[] => Array.from({ length: count }, (_, n) => counted({ n }));
const id = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('publishBatch', () => {
  it('publishes all events, in order, and gives a receipt for each', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe(counted, (event) => seen.push(event.id));

    const receipts = await bus.publishBatch(upTo(3));
    await clock.flush();

    expect(seen).toEqual(receipts.map((receipt) => receipt.id));
    expect(receipts.map(({ level }) => level)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(bus.stats().published).toBe(3);
  });

  it('comes before what is published after it, awaited or not', async () => {
    const { bus, clock } = createBusWorld();
    const seen: unknown[] = [];
    bus.subscribe(counted, (event) => seen.push(event.data.n), { order: 'total' });

    void bus.publishBatch(upTo(2));
    void bus.publish(counted, { n: 2 });
    await clock.flush();

    expect(seen).toEqual([0, 1, 2]);
  });

  it('H15: publishes none of a batch in which one is not valid, and says which', async () => {
    const { bus, clock } = createBusWorld();
    const seen: unknown[] = [];
    bus.subscribe('>', (event) => seen.push(event));
    const mixed = [counted({ n: 0 }), counted({ n: 1 }), counted({ n: 2.5 }), counted({ n: 3 })];

    await expect(bus.publishBatch(mixed)).rejects.toMatchObject({
      code: 'ERR_BATCH',
      index: 2,
      message: expect.stringMatching(
        /^event 2 of the batch was refused, so none was published: ValidationError/u,
      ),
      cause: { code: 'ERR_VALIDATION' },
    });
    await clock.flush();
    expect(seen).toEqual([]);
    expect(bus.stats()).toMatchObject({ published: 0, failedPublishes: 1 });
  });

  it('H15: refuses a batch in which an id stands twice', async () => {
    const { bus } = createBusWorld();

    await expect(
      bus.publishBatch([counted({ n: 0 }, { id }), counted({ n: 1 }, { id })]),
    ).rejects.toMatchObject({
      code: 'ERR_BATCH',
      index: 1,
      message: expect.stringContaining(`id ${id} stands in the batch twice`),
    });
  });

  it('H15: publishes an empty batch', async () => {
    const { bus } = createBusWorld();

    await expect(bus.publishBatch([])).resolves.toEqual([]);
  });

  it('H15: refuses a batch of more than 100 000 events before it looks at one', async () => {
    const { bus } = createBusWorld();
    const many = upTo(100_001);

    await expect(bus.publishBatch(many)).rejects.toMatchObject({
      code: 'ERR_BATCH',
      index: 100_000,
      message: 'a batch holds at most 100000 events, got 100001; split it',
    });
  });

  it('refuses what is no array', async () => {
    const { bus } = createBusWorld();

    await expect(bus.publishBatch(counted({ n: 1 }) as unknown as [])).rejects.toThrow(
      'publishBatch takes an array of drafts or events',
    );
  });

  it('gives a subscriber all of a batch or none, whatever room the others have', async () => {
    const { bus } = createBusWorld();
    const roomy = bus.subscribe(counted, () => {}, { name: 'roomy' });
    const tight = bus.subscribe(counted, () => {}, {
      name: 'tight',
      mailbox: { capacity: 2, overflow: 'reject' },
    });
    roomy.pause();
    tight.pause();

    await expect(bus.publishBatch(upTo(3))).rejects.toMatchObject({
      code: 'ERR_QUEUE_FULL',
      subscribers: ['tight'],
    });

    expect([roomy.stats().queue.size, tight.stats().queue.size]).toEqual([3, 0]);
  });

  it('waits for room where the policy is to block', async () => {
    const { bus, clock } = createBusWorld();
    const tight = bus.subscribe(counted, () => {}, { mailbox: { capacity: 2 } });
    tight.pause();
    let published = 0;
    const publishing = (async () => {
      published = (await bus.publishBatch(upTo(5))).length;
    })();

    await clock.flush();
    expect({ published, blocked: tight.stats().queue.blocked }).toEqual({ published: 0, blocked: 3 });
    tight.resume();
    await clock.flush();
    await publishing;
    expect(published).toBe(5);
  });

  it('validates with schemas that answer later', async () => {
    const { bus } = createBusWorld();
    const checked = defineEvent(
      'batch.checked',
      z.object({ n: z.int() }).refine(({ n }) => Promise.resolve(n < 2)),
    );

    await expect(bus.publishBatch([checked({ n: 1 }), checked({ n: 2 })])).rejects.toMatchObject({
      index: 1,
    });
  });
});

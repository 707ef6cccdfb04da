import { defineEvent, FatalError, type BusOptions, type DeadLetter, type DeadLetterFilter } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));
const paid = defineEvent('order.paid', z.object({ n: z.int() }));

/** Two subscribers that give up every event while `healthy` is false. */
function failing(options: BusOptions = {}) {
  const world = createBusWorld(options);
  const service = { healthy: false, calls: [] as string[] };
  const handle = async (name: string, n: number): Promise<void> => {
    service.calls.push(`${name} ${n}`);
    if (!service.healthy) throw new FatalError('no service');
  };
  const billing = world.bus.subscribe([placed, paid], ({ data }) => handle('billing', data.n), {
    name: 'billing',
    concurrency: 1,
    breaker: false,
  });
  const mail = world.bus.subscribe(placed, ({ data }) => handle('mail', data.n), {
    name: 'mail',
    breaker: false,
  });
  return { ...world, service, billing, mail };
}

const short = ({ id, subscriber, event }: DeadLetter): string => `${id} ${subscriber} ${event.type}`;

describe('dead letters', () => {
  it('tell the event, who gave it up, why, after how many attempts, when, and the error', async () => {
    const { bus, clock } = createBusWorld();
    const error = new Error('no answer');
    bus.subscribe(
      placed,
      () => {
        throw error;
      },
      { name: 'billing', retry: { baseMs: 100, jitter: 'none' } },
    );
    const { id } = await bus.publish(placed, { n: 7 }, { correlationId: 'visit-1' });
    await clock.advanceBy(1_000);

    expect(bus.deadLetters.list()).toEqual([
      {
        id: 1,
        event: expect.objectContaining({ id, data: { n: 7 }, correlationId: 'visit-1' }),
        subscriber: 'billing',
        reason: 'exhausted',
        attempts: 3,
        error,
        time: 1_700_000_000_300,
        requeued: 0,
      },
    ]);
    expect(bus.deadLetters.get(1)).toBe(bus.deadLetters.list()[0]);
    expect(bus.deadLetters.get(2)).toBeUndefined();
  });

  it('are emitted as they come', async () => {
    const { bus, clock } = failing();
    const added: string[] = [];
    bus.deadLetters.added$.subscribe((letter) => added.push(short(letter)));

    await bus.publish(paid, { n: 1 });
    await clock.flush();

    expect(added).toEqual(['1 billing order.paid']);
  });

  it.each<[DeadLetterFilter, number[]]>([
    [{}, [1, 2, 3]],
    [{ id: 2 }, [2]],
    [{ subscriber: 'billing' }, [1, 3]],
    [{ pattern: 'order.placed' }, [1, 2]],
    [{ pattern: '*.paid' }, [3]],
    [{ reason: 'fatal' }, [1, 2, 3]],
    [{ reason: 'exhausted' }, []],
    [{ since: 1_700_000_000_050 }, [3]],
    [{ limit: 2 }, [1, 2]],
    [{ subscriber: 'billing', pattern: 'order.placed', limit: 5 }, [1]],
  ])('are listed by %j', async (filter, ids) => {
    const { bus, clock } = failing();
    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(50);
    await bus.publish(paid, { n: 2 });
    await clock.flush();

    expect(bus.deadLetters.list(filter).map(({ id }) => id)).toEqual(ids);
  });

  it('are given back to the subscriber that gave them up alone: one, by pattern, or all', async () => {
    const { bus, clock, service } = failing();
    await bus.publishBatch([placed({ n: 1 }), paid({ n: 2 }), placed({ n: 3 })]);
    await clock.flush();
    expect(bus.deadLetters.size).toBe(5);
    service.healthy = true;
    service.calls.length = 0;

    await expect(bus.deadLetters.requeue({ id: 1 })).resolves.toBe(1);
    await expect(bus.deadLetters.requeue({ pattern: 'order.paid' })).resolves.toBe(1);
    await clock.flush();
    expect(service.calls).toEqual([expect.any(String), 'billing 2']);
    await expect(bus.deadLetters.requeue()).resolves.toBe(3);
    await clock.flush();

    expect(service.calls.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'billing 1',
      'billing 2',
      'billing 3',
      'mail 1',
      'mail 3',
    ]);
    expect(bus.deadLetters.size).toBe(0);
    await expect(bus.deadLetters.requeue()).resolves.toBe(0);
  });

  it('that fail again tell how often they had been requeued', async () => {
    const { bus, clock } = failing();
    await bus.publish(paid, { n: 1 });
    await clock.flush();

    for (const requeued of [1, 2]) {
      await bus.deadLetters.requeue();
      await clock.flush();
      expect(bus.deadLetters.list()).toMatchObject([{ requeued, subscriber: 'billing' }]);
    }
  });

  it('whose subscriber is gone stay where they are', async () => {
    const { bus, clock, billing } = failing();
    await bus.publish(paid, { n: 1 });
    await clock.flush();
    await billing.unsubscribe();

    await expect(bus.deadLetters.requeue()).resolves.toBe(0);
    expect(bus.deadLetters.list()).toMatchObject([{ requeued: 0 }]);
  });

  it('are given back once by two requeues at a time', async () => {
    const { bus, clock, service } = failing();
    await bus.publish(paid, { n: 1 });
    await clock.flush();
    service.healthy = true;

    const counts = await Promise.all([bus.deadLetters.requeue(), bus.deadLetters.requeue()]);
    await clock.flush();

    expect(counts).toEqual([1, 0]);
    expect(service.calls).toEqual(['billing 1', 'billing 1']);
  });

  it('are given back past filters and deduplication, which they have passed before', async () => {
    const { bus, clock } = createBusWorld();
    let healthy = false;
    const seen: number[] = [];
    bus.subscribe(
      placed,
      ({ data }) => {
        if (!healthy) throw new FatalError('no service');
        seen.push(data.n);
      },
      { dedupe: true },
    );
    await bus.publish(placed, { n: 1 });
    await clock.flush();
    healthy = true;

    await bus.deadLetters.requeue();
    await clock.flush();

    expect(seen).toEqual([1]);
  });

  it('hold back their subscriber when they are full, so that nothing is lost', async () => {
    const { bus, clock, service, billing } = failing({ deadLetters: { capacity: 2 } });
    await bus.publishBatch([1, 2, 3, 4].map((n) => paid({ n })));
    await clock.flush();

    expect(service.calls).toEqual(['billing 1', 'billing 2', 'billing 3']);
    expect(billing.stats()).toMatchObject({ running: 1, deadLettered: 2, queue: { size: 1 } });

    expect(bus.deadLetters.discard({ limit: 1 })).toBe(1);
    await clock.flush();
    expect(bus.deadLetters.list().map(({ event }) => (event.data as { n: number }).n)).toEqual([2, 3]);
    expect(bus.deadLetters.discarded).toBe(1);
    expect(bus.deadLetters.discard()).toBe(2);
    await clock.flush();
    expect(billing.stats()).toMatchObject({ running: 0, deadLettered: 4, queue: { size: 0 } });
  });

  it('that are given back make room for what their subscriber holds, though its mailbox is full', async () => {
    const { bus, clock } = createBusWorld({ deadLetters: { capacity: 1 } });
    let healthy = false;
    const seen: number[] = [];
    bus.subscribe(
      paid,
      ({ data }) => {
        if (!healthy) throw new FatalError('no service');
        seen.push(data.n);
      },
      { breaker: false, concurrency: 1, mailbox: { capacity: 1 } },
    );
    for (const n of [1, 2, 3]) bus.emit(paid, { n });
    await clock.flush();
    healthy = true;

    const requeueing = bus.deadLetters.requeue();
    await clock.flush();

    await expect(requeueing).resolves.toBe(1);
    expect(seen).toEqual([3, 1]);
    expect(bus.deadLetters.list()).toMatchObject([{ event: { data: { n: 2 } } }]);
  });

  it('drop the oldest, counted, where they are told to', async () => {
    const { bus, clock, billing } = failing({ deadLetters: { capacity: 2, overflow: 'drop-oldest' } });
    await bus.publishBatch([1, 2, 3].map((n) => paid({ n })));
    await clock.flush();

    expect(bus.deadLetters.list().map(({ id }) => id)).toEqual([2, 3]);
    expect(bus.deadLetters.discarded).toBe(1);
    expect(billing.stats()).toMatchObject({ running: 0, deadLettered: 3 });
  });

  it('keep what a mailbox dropped, where that is asked for', async () => {
    const { bus, clock } = createBusWorld();
    const full = bus.subscribe(placed, () => {}, {
      name: 'full',
      mailbox: { capacity: 1, overflow: 'drop-newest' },
      deadLetterDropped: true,
    });
    full.pause();
    await bus.publishBatch([1, 2].map((n) => placed({ n })));
    await clock.flush();

    expect(bus.deadLetters.list()).toMatchObject([
      { subscriber: 'full', reason: 'dropped', event: { data: { n: 2 } }, error: { code: 'ERR_QUEUE_FULL' } },
    ]);
  });

  it('keep what was not handled when the bus closed', async () => {
    const { bus, clock } = createBusWorld();
    let aborted = false;
    bus.subscribe(
      placed,
      (_event, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      { name: 'hanging', concurrency: 1 },
    );
    await bus.publishBatch([1, 2].map((n) => placed({ n })));
    await clock.flush();

    const closing = bus.close({ deadlineMs: 1_000 });
    await clock.advanceBy(1_000);

    await expect(closing).resolves.toEqual({ undelivered: 2 });
    expect(bus.deadLetters.list()).toMatchObject([
      { reason: 'closed', event: { data: { n: 1 } }, attempts: 1 },
      { reason: 'closed', event: { data: { n: 2 } }, attempts: 0 },
    ]);
    expect(aborted).toBe(true);
  });
});

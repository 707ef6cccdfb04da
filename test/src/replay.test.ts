import { createBus, defineEvent, type EventEnvelope, type LogRecord } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld } from '../support/durable-world.ts';
import { silentLogger } from '../support/bus-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }), { key: ({ n }) => `k${n % 3}` });
const paid = defineEvent('order.paid', z.object({ n: z.int() }));
const sent = defineEvent('mail.sent', z.object({ n: z.int() }));

const numberOf = ({ data }: EventEnvelope): number => (data as { n: number }).n;

/** A log of `count` events, `stepMs` apart. */
async function filled(count: number, stepMs = 0) {
  const world = createDurableWorld();
  const bus = world.start();
  for (let n = 1; n <= count; n += 1) {
    await bus.publish(n % 2 === 0 ? paid : placed, { n });
    if (stepMs > 0) await world.clock.advanceBy(stepMs);
  }
  return { ...world, bus };
}

describe('replay', () => {
  it('emits the records of a range, and no others, in order', async () => {
    const { bus, clock } = await filled(3_000);
    const seen: number[] = [];
    let completed = false;
    bus.replay({ from: 10, to: 2_500, patterns: [paid] }).subscribe({
      next: ({ position, event }) => {
        expect(numberOf(event)).toBe(position);
        seen.push(position);
      },
      complete: () => {
        completed = true;
      },
    });
    await clock.flush();

    expect(seen).toEqual(Array.from({ length: 1_246 }, (_, index) => 10 + 2 * index));
    expect(completed).toBe(true);
  });

  it('gives the same twice, appends nothing and reaches no subscriber', async () => {
    const { bus, clock } = await filled(50);
    let handled = 0;
    bus.subscribe('order.>', () => void (handled += 1), { name: 'billing' });
    const runs: LogRecord[][] = [[], []];
    for (const run of runs) bus.replay().subscribe((record) => run.push(record));
    await clock.flush();

    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).toHaveLength(50);
    expect(handled).toBe(0);
    expect(await bus.store?.log.bounds()).toEqual({ first: 1, last: 50, count: 50 });
  });

  it.each([
    ['original', 1],
    [10, 10],
  ] as const)('keeps the pauses between events, at speed %s', async (speed, factor) => {
    const { bus, clock } = await filled(4, 1_000);
    const began = clock.monotonic();
    const at: number[] = [];
    bus.replay({ speed }).subscribe(() => at.push(clock.monotonic() - began));
    await clock.advanceBy(10_000);

    expect(at).toEqual([0, 1_000, 2_000, 3_000].map((ms) => ms / factor));
  });

  it('keeps the pauses between the times that events carry, if asked', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    for (const time of [1_000, 3_000, 2_000]) await bus.publish(placed, { n: time }, { time });
    const began = clock.monotonic();
    const at: number[] = [];
    bus.replay({ speed: 2, pace: 'time' }).subscribe(() => at.push(clock.monotonic() - began));
    await clock.advanceBy(10_000);

    expect(at).toEqual([0, 1_000, 1_000]);
  });

  it('can be paused, between two events and in a wait, and says how far it is', async () => {
    const { bus, clock } = await filled(10, 100);
    const replay = bus.replay({ speed: 'original' });
    const seen: number[] = [];
    replay.subscribe(({ position }) => seen.push(position));
    await clock.advanceBy(350);
    replay.pause();
    await clock.advanceBy(10_000);

    expect(seen).toEqual([1, 2, 3, 4]);
    expect(replay.paused).toBe(true);
    expect(replay.progress()).toEqual({ position: 4, emitted: 4, faults: 0, from: 1, to: 10, share: 0.4 });
    replay.resume();
    await clock.advanceBy(250);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await clock.advanceBy(1_000);
    expect(replay.progress()).toMatchObject({ position: 10, share: 1 });
  });

  it('goes on from a position', async () => {
    const { bus, clock } = await filled(20);
    const first = bus.replay();
    const seen: number[] = [];
    const running = first.subscribe(({ position }) => {
      seen.push(position);
      if (position === 7) running.unsubscribe();
    });
    await clock.flush();
    bus.replay({ from: first.progress().position + 1 }).subscribe(({ position }) => seen.push(position));
    await clock.flush();

    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('hands events to a handler that knows it is a replay, one after the other, and publishes nothing', async () => {
    const { bus, clock } = await filled(3);
    const calls: string[] = [];
    bus.subscribe(
      'order.>',
      async (event, context) => {
        calls.push(`start ${context.position} ${context.replay}`);
        const receipt = await context.publish(sent, { n: numberOf(event) });
        calls.push(`end ${context.position} ${receipt.level}`);
      },
      { name: 'billing' },
    );
    const seen: number[] = [];
    bus.replay({ into: 'billing' }).subscribe(({ position }) => seen.push(position));
    await clock.flush();

    expect(calls).toEqual([1, 2, 3].flatMap((n) => [`start ${n} true`, `end ${n} none`]));
    expect(seen).toEqual([1, 2, 3]);
    expect(await bus.store?.log.bounds()).toMatchObject({ last: 3 });
  });

  it('publishes what the handler does, with its cause, when asked', async () => {
    const { bus, clock } = await filled(1);
    const out: EventEnvelope[] = [];
    bus.subscribe(sent, (event) => void out.push(event), { name: 'mail' });
    bus
      .replay({ sideEffects: true, into: (event, { publish }) => publish(sent, { n: numberOf(event) }) })
      .subscribe();
    await clock.flush();

    const { records } = await bus.query({ patterns: [placed] });
    expect(out).toMatchObject([{ type: 'mail.sent', causationId: records[0]?.event.id }]);
  });

  it('ends with the error of its handler, and says where', async () => {
    const { bus, clock } = await filled(3);
    const replay = bus.replay({
      into: (event) => {
        if (numberOf(event) === 2) throw new Error('no');
      },
    });
    let failure: unknown;
    replay.subscribe({ error: (error) => (failure = error) });
    await clock.flush();

    expect(failure).toEqual(new Error('no'));
    expect(replay.progress().position).toBe(1);
  });

  it('tells what cannot be lifted to its definition, and goes on', async () => {
    const { start, clock } = createDurableWorld();
    const second = defineEvent('order.placed', z.object({ n: z.int() }), { version: 2 });
    await start().publish(placed, { n: 1 });
    await start().publish(second, { n: 2 });
    const newer = defineEvent('order.placed', z.object({ n: z.int(), total: z.int().optional() }), {
      version: 2,
      upcast: { 1: (data) => ({ ...(data as object), total: 0 }) },
    });
    const unable = defineEvent('order.placed', z.object({ n: z.int() }), { version: 3 });
    const bus = start({ events: [newer] });
    const seen: unknown[] = [];
    bus.replay().subscribe(({ event }) => seen.push(event.data));
    await clock.flush();
    const faults: unknown[] = [];
    const replay = start({ events: [unable] }).replay({ faults: { next: (fault) => faults.push(fault) } });
    replay.subscribe();
    await clock.flush();

    expect(seen).toEqual([{ n: 1, total: 0 }, { n: 2 }]);
    expect(faults).toMatchObject([{ position: 1 }, { position: 2 }]);
    expect(replay.progress().faults).toBe(2);
  });

  it('completes when the bus closes', async () => {
    const { bus, clock } = await filled(3, 1_000);
    let completed = false;
    bus.replay({ speed: 'original' }).subscribe({ complete: () => (completed = true) });
    await clock.flush();
    await bus.close();

    expect(completed).toBe(true);
  });

  it('needs a log, and says how to have one', () => {
    const bus = createBus({ logger: silentLogger });
    expect(() => bus.replay()).toThrow(/^replay needs a log, .* durableTransport\(memoryStore\(\)\)/u);
    expect(() => bus.subscribe('a', () => {}, { from: 'start' })).toThrow(
      /^from needs a transport that keeps/u,
    );
  });

  it.each([
    [{ speed: 0 }, RangeError],
    [{ speed: 'fast' as never }, RangeError],
    [{ pace: 'slow' as never }, TypeError],
    [{ from: 0 }, RangeError],
    [{ into: 'nobody' }, TypeError],
    [{ sideEffects: 1 as never }, TypeError],
    [{ pattern: 'a' } as never, TypeError],
  ])('refuses %j', async (options, kind) => {
    const { bus, clock } = await filled(1);
    const attempt = (): void => {
      let failure: unknown;
      bus.replay(options).subscribe({ error: (error) => (failure = error) });
      if (failure !== undefined) throw failure as Error;
    };
    expect(attempt).toThrow(kind);
    await clock.flush();
  });
});

import fc from 'fast-check';
import { defineEvent, memoryTransport, RetryableError } from 'breakwater';
import { anyCommands, anyInterleaving, createTestBus, type TestBus } from 'breakwater/testing';
import { debounceTime, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { z } from 'zod';
import { ProbeRun } from '../../src/testing/probe-run.ts';

const placed = defineEvent('order.placed', z.object({ orderId: z.string() }), {
  key: (data) => data.orderId,
});

const waitOn = ({ clock }: TestBus, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

/** A run with retries, timeouts, dead letters and a breaker that trips. */
async function aRun(seed: number): Promise<TestBus> {
  const bus = createTestBus({ seed });
  bus.subscribe(
    placed,
    async ({ data, id }, { attempt, publish }) => {
      if (data.orderId === 'slow') await waitOn(bus, 40_000);
      if (data.orderId === 'bad' && attempt < 3) throw new RetryableError('not yet', { retryAfterMs: 70 });
      if (data.orderId === 'worse') throw new Error(id);
      await publish('mail.sent', data, { priority: 'low' });
    },
    { name: 'mailer', order: 'key', breaker: { windowSize: 4, minimumCalls: 3 } },
  );
  for (const orderId of ['good', 'bad', 'slow', 'worse', 'worse', 'good'])
    await bus.publish(placed, { orderId });
  await bus.settle();
  return bus;
}

describe('createTestBus', () => {
  it('runs the same way for the same seed, and otherwise for another', async () => {
    const [first, again, other] = [await aRun(1), await aRun(1), await aRun(2)];

    expect(again.timelineText()).toBe(first.timelineText());
    expect(again.fingerprint()).toBe(first.fingerprint());
    expect(other.fingerprint()).not.toBe(first.fingerprint());
    // Else it would prove little.
    for (const what of ['failed', 'timed-out', 'dead-lettered', 'breaker']) {
      expect(first.timeline.map((entry) => entry.what)).toContain(what);
    }
  });

  it('tells one payload from another by the fingerprint', async () => {
    const prints = [1, 2].map(async (n) => {
      const bus = createTestBus();
      await bus.publish('a.b', { n });
      return bus.fingerprint();
    });

    expect(new Set(await Promise.all(prints)).size).toBe(2);
  });

  it('lets an hour pass in no time, with RxJS and XState on its clock', async () => {
    const bus = createTestBus({ now: 0 });
    const seen: unknown[] = [];
    const texts = new Subject<string>();
    texts
      .pipe(debounceTime(1_800_000, bus.scheduler))
      .subscribe((text) => seen.push([text, bus.clock.now()]));
    const machine = createMachine({ initial: 'a', states: { a: { after: { 3_000_000: 'b' } }, b: {} } });
    const actor = createActor(machine, { clock: bus.clock });
    actor.subscribe(({ value }) => seen.push([value, bus.clock.now()]));
    actor.start();
    texts.next('still');

    await bus.advanceBy(3_600_000);

    expect(seen).toEqual([
      ['a', 0],
      ['still', 1_800_000],
      ['b', 3_000_000],
    ]);
  });

  it('writes a timeline that can be read', async () => {
    const bus = createTestBus({ heartbeatMs: 3_600_000 });
    bus.subscribe(
      placed,
      (_event, { attempt }) => {
        if (attempt === 1) throw new Error('no luck');
      },
      { name: 'billing', retry: { jitter: 'none' } },
    );

    await bus.publish(placed, { orderId: '42' }, { priority: 'high' });
    await bus.settle();

    expect(bus.timelineText()).toBe(
      [
        '      0 ms  published     #1 order.placed key 42 high',
        '      0 ms  started       #1 order.placed key 42 high at billing',
        '      0 ms  failed        #1 order.placed key 42 high at billing: again in 100 ms; Error: no luck',
        '    100 ms  started       #1 order.placed key 42 high at billing, attempt 2',
        '    100 ms  ok            #1 order.placed key 42 high at billing, attempt 2',
      ].join('\n'),
    );
    expect(bus.timelineText(1)).toContain('… 4 entries before\n');
  });

  it('keeps the warnings of the logger, and what a transport refuses, on the timeline', async () => {
    const bus = createTestBus({
      transport: (ports) => ({
        ...memoryTransport()(ports),
        publish: () => Promise.reject(new Error('no server')),
      }),
    });

    await expect(bus.publish('a.b', 1)).rejects.toThrow('no server');

    expect(bus.timeline).toMatchObject([
      { what: 'published' },
      { what: 'refused', note: 'Error: no server' },
    ]);
  });

  it('gives the events that were published, those of handlers and those that nobody hears too', async () => {
    const bus = createTestBus();
    bus.subscribe('a.b', (_event, { publish }) => publish('c.d', 2));
    await bus.publish('a.b', 1);
    await bus.publish('x.y', 3);
    await bus.settle();

    expect(bus.publishedEvents().map(({ type, data }) => [type, data])).toEqual([
      ['a.b', 1],
      ['c.d', 2],
      ['x.y', 3],
    ]);
    expect(bus.publishedEvents('c.*').map(({ data }) => data)).toEqual([2]);
  });

  it('moves time until a promise has settled, and says so when it does not', async () => {
    const bus = createTestBus();
    bus.subscribe('a.b', () => waitOn(bus, 20_000), { name: 'slow' });

    const report = await bus.until(bus.publishAndWait('a.b', 1));
    expect(report.outcomes).toMatchObject([{ subscriber: 'slow', settlement: 'handled' }]);
    expect(bus.clock.monotonic()).toBe(20_000);

    await expect(bus.until(new Promise(() => {}), { withinMs: 5_000 })).rejects.toThrow(
      /has not settled within 5000 ms of virtual time; what happened last:\n.*published/u,
    );
    await expect(bus.until(Promise.reject(new Error('as it is')))).rejects.toThrow('as it is');
  });

  it('closes, and takes the time that it needs', async () => {
    const bus = createTestBus();
    bus.subscribe('a.b', () => waitOn(bus, 5_000));
    await bus.publish('a.b', 1);

    expect(await bus.close()).toEqual({ undelivered: 0 });
    expect(bus.clock.monotonic()).toBe(5_000);
  });

  it('plays a stream at its times, with event times of its own', async () => {
    const bus = createTestBus({ now: 1_000 });
    await bus.play([
      { afterMs: 5, type: 'a.b', data: 1, key: 'k', priority: 'low' },
      { afterMs: 10, type: 'a.b', data: 2, lateByMs: 12 },
    ]);

    expect(bus.publishedEvents().map(({ time, key, priority }) => [time, key, priority])).toEqual([
      [1_005, 'k', 'low'],
      [1_003, undefined, 'normal'],
    ]);
  });
});

describe('a test bus that crashes', () => {
  it('loses what was in memory, and runs nothing of it any more', async () => {
    const handled: string[] = [];
    const bus = createTestBus({
      setup: (bus) => {
        bus.subscribe('a.b', async ({ data }) => {
          handled.push(`start ${data as number}`);
          await waitOn(bus, 100);
          handled.push(`end ${data as number}`);
        });
      },
    });
    await bus.publish('a.b', 1);
    await bus.advanceBy(50);
    bus.crash();
    await bus.advanceBy(10_000);
    bus.restart();
    await bus.publish('a.b', 2);
    await bus.settle();

    expect(handled).toEqual(['start 1', 'start 2', 'end 2']);
    expect(bus.timeline.map(({ what }) => what)).toEqual([
      'published',
      'started',
      'crashed',
      'restarted',
      'published',
      'started',
      'ok',
    ]);
  });

  it('refuses to be used until it is restarted', async () => {
    const bus = createTestBus();
    bus.crash();
    bus.crash();

    expect(() => bus.publish('a.b', 1)).toThrow('has crashed; call restart() first');
    bus.restart();
    await expect(bus.publish('a.b', 1)).resolves.toMatchObject({ level: 'accepted' });
  });

  it('publishes nothing from a function that was taken off it before', async () => {
    const bus = createTestBus();
    const { emit } = bus;
    bus.restart();
    emit('a.b', 1);
    await bus.advanceBy(10);

    expect(bus.publishedEvents()).toEqual([]);
  });
});

describe('an interleaving', () => {
  it('lets handlers that end at one instant end in any order', async () => {
    const ends = async (interleaving: readonly number[]): Promise<string> => {
      let seen = '';
      const bus = createTestBus({ interleaving });
      bus.subscribe('a.b', async ({ data }) => {
        await waitOn(bus, 10);
        seen += data as string;
      });
      for (const letter of 'abc') bus.emit('a.b', letter);
      await bus.settle();
      return seen;
    };
    const orders = new Set<string>();
    for (const interleaving of fc.sample(anyInterleaving(), 200)) orders.add(await ends(interleaving));

    expect(await ends([])).toBe('abc');
    expect([...orders].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });

  it('finds a lost update, and shrinks to the one step that overtakes', async () => {
    const increments = async (interleaving: readonly number[]): Promise<number> => {
      let total = 0;
      const bus = createTestBus({ interleaving });
      bus.subscribe('a.b', async ({ data }) => {
        const read = total;
        await waitOn(bus, 10);
        total = read + (data as number);
      });
      bus.emit('a.b', 1);
      await bus.advanceBy(0);
      // Due with the first write: which goes first is open.
      bus.clock.setTimeout(() => bus.emit('a.b', 1), 10);
      await bus.settle();
      return total;
    };

    const details = await fc.check(
      fc.asyncProperty(anyInterleaving(), async (interleaving) => (await increments(interleaving)) === 2),
      { numRuns: 1_000 },
    );

    expect(await increments([])).toBe(2);
    expect(details.counterexample?.[0].filter((choice) => choice !== 0)).toEqual([1]);
  });

  it('breaks no run of commands, crashes and restarts among them', () =>
    fc.assert(
      fc.asyncProperty(
        anyCommands({ also: ['pause', 'resume', 'subscribe', 'unsubscribe', 'restart', 'drain'] }),
        anyInterleaving(),
        async (commands, interleaving) => {
          const prints = [1, 2].map(async () => {
            const run = new ProbeRun({}, { interleaving });
            await run.run(commands);
            await run.bus.close();
            return run.bus.fingerprint();
          });
          expect(new Set(await Promise.all(prints)).size).toBe(1);
        },
      ),
      { numRuns: 100 },
    ));
});

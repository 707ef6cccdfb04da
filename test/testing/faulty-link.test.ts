import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Handler } from '../../actors/handler.ts';
import { createTestBus } from '../../src/testing/create-test-bus.ts';
import { withFaults } from '../../src/testing/fault-plan.ts';
import { FaultyLink, type FaultyLinkOptions } from '../../src/testing/faulty-link.ts';
import { lawNoLoss } from '../../src/testing/law-no-loss.ts';
import { lawPerKeyOrder } from '../../src/testing/law-per-key-order.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { durableTransport } from '../../src/transport/durable.ts';
import { memoryTransport } from '../../src/transport/memory.ts';
import { noopTransport } from '../../src/transport/noop.ts';

/** Of events that are published again. */
const ids = ['0190a5c4-6f3e-7000-8000-000000000001', '0190a5c4-6f3e-7000-8000-000000000002'] as const;

/** A bus at one end of a link, and what its subscriber was given: events by their payload, and attempts. */
function busOver(options: FaultyLinkOptions, seed = 7) {
  const link = new FaultyLink(options);
  const bus = createTestBus({ seed, transport: link.over(memoryTransport()), heartbeatMs: 86_400_000 });
  const given: string[] = [];
  bus.subscribe('sent', ({ data }, { attempt }) => void given.push(`${String(data)}/${attempt}`), {
    name: 'receiver',
    order: 'key',
  });
  return { link, bus, given };
}

/** What became of a publish, as soon as it is known. */
function outcomeOf(published: Promise<unknown>): { what: string } {
  const outcome = { what: 'unknown yet' };
  published.then(
    () => (outcome.what = 'resolved'),
    (error: unknown) => (outcome.what = String(error)),
  );
  return outcome;
}

describe('a link without faults', () => {
  it('carries everything at once, and changes nothing', async () => {
    const { bus, given } = busOver({});
    await bus.publish('sent', 'a');
    await bus.advanceBy(0);

    expect(given).toEqual(['a/1']);
    expect(bus.clock.monotonic()).toBe(0);
  });
});

describe('a link that delays', () => {
  it('takes its time each way, so that a publish takes two', async () => {
    const { bus, given } = busOver({ delayMs: 100 });
    const outcome = outcomeOf(bus.publish('sent', 'a'));
    await bus.advanceBy(0);
    const atOnce = [outcome.what, ...given];
    await bus.advanceBy(200);

    expect(atOnce).toEqual(['unknown yet']);
    expect([outcome.what, ...given]).toEqual(['resolved', 'a/1']);
    expect(bus.stats().published).toBe(1);
  });

  it('keeps the order of publishes, unless messages may overtake each other', async () => {
    const inOrder = Array.from({ length: 40 }, (_, n) => `${n}/1`);
    const orders = [];
    for (const reorder of [false, true]) {
      const { bus, given } = busOver({ delayMs: 100, reorder });
      for (let n = 0; n < 40; n += 1) void bus.publish('sent', n);
      await bus.advanceBy(1_000);
      orders.push(given);
    }

    expect(orders[0]).toEqual(inOrder);
    expect(orders[1]).not.toEqual(inOrder);
    expect(orders[1]?.toSorted()).toEqual(inOrder.toSorted());
  });

  it('keeps a bus from being closed before what is under way has arrived', async () => {
    const { bus, given } = busOver({ delayMs: 1_000 });
    const outcome = outcomeOf(bus.publish('sent', 'a'));
    await bus.close();

    expect([outcome.what, ...given]).toEqual(['resolved', 'a/1']);
  });
});

describe('a link that loses messages', () => {
  it('fails a publish that is not answered in time, and says that its events may have gone out', async () => {
    const { bus, given } = busOver({ loss: 1, timeoutMs: 300 });
    const outcome = outcomeOf(bus.publish('sent', 'a'));
    await bus.advanceBy(299);
    const before = outcome.what;
    await bus.advanceBy(1);

    expect(before).toBe('unknown yet');
    expect(outcome.what).toMatch(/no answer within 300 ms; the events may have gone out/);
    expect(given).toEqual([]);
  });

  it('brings an event whose acknowledgement was lost again after ackWaitMs, as another attempt', async () => {
    const { bus, link } = busOver({ ackWaitMs: 500 });
    const attempts: number[] = [];
    const cutOnce: Handler = (_event, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) link.cut();
    };
    bus.subscribe('cut', cutOnce, { name: 'cutter' });
    bus.publish('cut', 0).catch(() => {});
    await bus.advanceBy(0);
    link.heal();
    await bus.advanceBy(499);
    const before = [...attempts];
    await bus.advanceBy(1);

    expect(before).toEqual([1]);
    expect(attempts).toEqual([1, 2]);
  });

  it('loses some of all: with enough tries each event is handled, some more than once', async () => {
    const { bus, given } = busOver({ loss: 0.3, ackWaitMs: 100, timeoutMs: 200 });
    const outcomes = Array.from({ length: 200 }, (_, n) => outcomeOf(bus.publish('sent', n)));
    await bus.advanceBy(60_000);

    const known = outcomes.flatMap(({ what }, n) => (what === 'resolved' ? [n] : []));
    const handled = new Set(given.map((text) => Number(text.split('/')[0])));
    expect(known.filter((n) => !handled.has(n))).toEqual([]);
    expect(known.length).toBeGreaterThan(50);
    expect(known.length).toBeLessThan(150);
    expect(handled.size).toBeGreaterThan(known.length);
    expect(given.length).toBeGreaterThan(handled.size);
  });
});

describe('a link that repeats', () => {
  it('brings a publish to the transport twice, and is answered once', async () => {
    const { bus, given } = busOver({ duplicates: 1 });
    const outcome = outcomeOf(bus.publish('sent', 'a'));
    await bus.advanceBy(0);

    expect(given).toEqual(['a/1', 'a/1']);
    expect(outcome.what).toBe('resolved');
  });

  it('is no matter to a far end with a window for duplicates, until it is over', async () => {
    const { bus, given, link } = busOver({ duplicates: 1, duplicateWindowMs: 1_000, timeoutMs: 100 });
    const first = await bus.publish('sent', 'a', { id: ids[0] });
    await bus.advanceBy(0);
    link.cut();
    const lost = outcomeOf(bus.publish('sent', 'b', { id: ids[1] }));
    await bus.advanceBy(999);
    link.heal();
    const again = await bus.publish('sent', 'a', { id: ids[0] });
    const retried = outcomeOf(bus.publish('sent', 'b', { id: ids[1] }));
    await bus.advanceBy(1);
    const within = [...given];
    await bus.publish('sent', 'a', { id: ids[0] });
    await bus.advanceBy(0);

    expect(within).toEqual(['a/1', 'b/1']);
    expect([again, lost.what.slice(0, 14), retried.what]).toEqual([first, 'TransportError', 'resolved']);
    expect(given).toEqual(['a/1', 'b/1', 'a/1']);
  });

  it('lets a publish that was refused be tried again within the window', async () => {
    const refusing = withFaults(memoryTransport(), [{ fault: 'refuse', fromMs: 0, lastsMs: 10 }]);
    const link = new FaultyLink({ duplicateWindowMs: 1_000 });
    const bus = createTestBus({ transport: link.over(refusing) });
    const first = await bus.tryPublish('sent', 'a', { id: ids[0] });
    await bus.advanceBy(10);
    const second = await bus.tryPublish('sent', 'a', { id: ids[0] });

    expect([first.ok, second.ok]).toEqual([false, true]);
  });

  it('leaves it to subscribers that look for duplicates to find them', async () => {
    const link = new FaultyLink({ duplicates: 1 });
    const bus = createTestBus({ transport: link.over(memoryTransport()) });
    let handled = 0;
    bus.subscribe('sent', () => void (handled += 1), { dedupe: { windowMs: 1_000 } });
    await bus.publish('sent', 'a');
    await bus.settle();

    expect(handled).toBe(1);
  });
});

describe('a link that is cut', () => {
  it('lets nothing pass, and is not ready, until it is healed', async () => {
    const { link, bus, given } = busOver({ timeoutMs: 100 });
    link.cut();
    const lost = outcomeOf(bus.publish('sent', 'lost'));
    await bus.advanceBy(100);
    const cut = [link.isCut, bus.health().ready];
    link.heal();
    await bus.publish('sent', 'later');
    await bus.advanceBy(0);

    expect(cut).toEqual([true, false]);
    expect(lost.what).toMatch(/no answer within 100 ms/);
    expect([link.isCut, bus.health().ready]).toEqual([false, true]);
    expect(given).toEqual(['later/1']);
  });

  it('loses what is under way, and brings deliveries again', async () => {
    const { link, bus, given } = busOver({ delayMs: 100, ackWaitMs: 500, timeoutMs: 10_000 });
    const first = outcomeOf(bus.publish('sent', 'a'));
    // On its way to the transport, or back: no more than 100 ms for each.
    await bus.advanceBy(1);
    link.cut();
    await bus.advanceBy(200);
    const whileCut = [...given];
    link.heal();
    await bus.advanceBy(20_000);

    expect(whileCut).toEqual([]);
    expect(first.what).toMatch(/no answer/);
    expect(given).toEqual([]);
  });
});

describe('the guarantees of a transport at the other end of a link', () => {
  const atLeastOnce = { mayRepeat: true, numRuns: 30 };
  const faults = { delayMs: 50, loss: 0.2, duplicates: 0.2, timeoutMs: 300, ackWaitMs: 200 };

  it.each([
    ['memory', () => memoryTransport()],
    ['a log', () => durableTransport(memoryStore())],
  ])('lose nothing that was answered: %s', async (_name, transport) => {
    const bus = () => ({ transport: new FaultyLink({ ...faults, reorder: true }).over(transport()) });
    await lawNoLoss(bus, atLeastOnce);
  });

  it.each([
    ['memory', () => memoryTransport()],
    ['a log', () => durableTransport(memoryStore())],
  ])('keep the order of a key while messages take long: %s', async (_name, transport) => {
    const bus = () => ({ transport: new FaultyLink({ delayMs: 50 }).over(transport()) });
    await lawPerKeyOrder(bus, { numRuns: 30 });
  });

  it('are decided by the seed of the bus', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), async (seed) => {
        const prints = [];
        for (let run = 0; run < 2; run += 1) {
          const { bus } = busOver({ ...faults, reorder: true }, seed);
          for (let n = 0; n < 10; n += 1) bus.publish('sent', n).catch(() => {});
          await bus.advanceBy(5_000);
          prints.push(bus.fingerprint());
        }
        expect(prints[0]).toBe(prints[1]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the options of a link', () => {
  it.each([
    [{ loss: 1.5 }, /loss must be/],
    [{ duplicates: -1 }, /duplicates must be/],
    [{ delayMs: Number.NaN }, /delayMs must be/],
    [{ timeoutMs: 2 ** 31 }, /timeoutMs must be/],
    [{ ackWaitMs: -1 }, /ackWaitMs must be/],
    [{ delay: 1 } as FaultyLinkOptions, /"delay" is not an option of a faulty link/],
  ])('are refused out of range: %j', (options, message) => {
    expect(() => new FaultyLink(options)).toThrow(message);
  });

  it('leave out what cannot wait: publishSync', () => {
    const bus = createTestBus({ transport: new FaultyLink().over(noopTransport()) });
    expect(() => bus.publishSync('sent', 1)).toThrow(/publishSync cannot wait for a link/);
  });
});

import assert from 'node:assert/strict';
import type * as FastCheck from 'fast-check';
import type { ConformanceCase } from './conformance-case.ts';
import { sampleEvent } from './sample-event.ts';
import { type Receiver, type TransportSubject, withTransport } from './transport-session.ts';

interface Plan {
  /** The key of each event, by batch. */
  readonly batches: readonly (readonly string[])[];
  /** How each event ends, in turn: how often it fails before, and how. */
  readonly ends: readonly { readonly naks: number; readonly end: 'ack' | 'term' }[];
  readonly limit: number;
  readonly order: 'none' | 'key';
}

function planArbitrary(fc: typeof FastCheck, ordered: boolean): FastCheck.Arbitrary<Plan> {
  return fc.record({
    batches: fc.array(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 }), {
      maxLength: 8,
    }),
    ends: fc.array(
      fc.record({ naks: fc.nat(2), end: fc.constantFrom('ack' as const, 'ack' as const, 'term' as const) }),
      { minLength: 1, maxLength: 12 },
    ),
    limit: fc.integer({ min: 1, max: 5 }),
    order: fc.constantFrom(...(ordered ? (['none', 'key'] as const) : (['none'] as const))),
  });
}

/** What an ordered subscription was given must never overlap within a key, nor go back in it. */
class KeyWatch {
  readonly #running = new Map<string, number>();
  readonly #last = new Map<string, number>();

  start(key: string, n: number): void {
    assert.equal(this.#running.get(key), undefined, `two events of key ${key} at one time`);
    assert.ok(n >= (this.#last.get(key) ?? 0), `event ${n} of key ${key} came after a later one`);
    this.#running.set(key, n);
    this.#last.set(key, n);
  }

  end(key: string): void {
    this.#running.delete(key);
  }
}

async function play(subject: TransportSubject, place: string, plan: Plan): Promise<void> {
  await withTransport(subject, place, async (session) => {
    const ended = new Map<number, number>();
    const attempts = new Map<number, number>();
    const watch = new KeyWatch();
    const failures: unknown[] = [];
    const settleLater = async (
      delivery: Receiver['deliveries'][number],
      receiver: Receiver,
      how: 'ack' | 'nak' | 'term',
    ): Promise<void> => {
      await session.pass(0);
      watch.end(delivery.event.key ?? '');
      receiver.settle(delivery, how);
    };
    const onDelivery = (delivery: Receiver['deliveries'][number], receiver: Receiver): void => {
      const { n } = delivery.event.data as { n: number };
      const { naks, end } = plan.ends[n % plan.ends.length] ?? { naks: 0, end: 'ack' };
      const key = delivery.event.key ?? '';
      try {
        assert.equal(delivery.attempt, (attempts.get(n) ?? 0) + 1);
        assert.ok(
          receiver.mostUnsettled <= plan.limit,
          `${receiver.mostUnsettled} unsettled, of ${plan.limit}`,
        );
        if (plan.order === 'key') watch.start(key, n);
      } catch (error) {
        failures.push(error);
      }
      attempts.set(n, delivery.attempt);
      const isOver = delivery.attempt > naks;
      if (isOver) ended.set(n, (ended.get(n) ?? 0) + 1);
      void settleLater(delivery, receiver, isOver ? end : 'nak');
    };
    const { limit, order } = plan;
    await session.receive(['>'], { name: 'model', limit, mailbox: { order }, onDelivery });
    let n = 0;
    for (const keys of plan.batches) {
      await session.transport.publish(keys.map((key) => sampleEvent((n += 1), { key })));
    }
    await session.until('all events to end', () => ended.size === n || failures.length > 0);
    await session.quiet();
    assert.deepEqual(failures, []);
    assert.deepEqual(
      [...ended.values()].filter((times) => times !== 1),
      [],
    );
  });
}

/** Whatever is published, and however handlers end: each event ends once. Needs the package fast-check. */
export function transportModel(subject: TransportSubject, place: () => string): ConformanceCase {
  const run = async (): Promise<void> => {
    const fc = await import('fast-check');
    const property = fc.asyncProperty(planArbitrary(fc, subject.features.ordered), (plan) =>
      play(subject, place(), plan),
    );
    await fc.assert(property, { numRuns: subject.runs ?? 30 });
  };
  return { name: 'ends each event once, within the credit and in the order of its key', run };
}

import fc from 'fast-check';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import type { EventBatch, Slot } from '../../../src/nats/event-batch.ts';
import { GroupCommit, type GroupCommitLimits } from '../../../src/nats/group-commit.ts';
import type { Published } from '../../../src/transport/transport.ts';
import { type EventEnvelope, ValidEnvelope } from '../../../streams/event/envelope.ts';

const published: Published = { level: 'os', matched: -1 };

function eventOf(n: number, type: string, key: string | undefined): ValidEnvelope<number> {
  return new ValidEnvelope(`e${n}`, type, 'test', 0, 'normal', 1, n, key, undefined);
}

interface Sent {
  readonly batch: EventBatch;
  readonly events: readonly EventEnvelope[];
  readonly resolve: (result: Published) => void;
  readonly reject: (error: Error) => void;
}

/** A group commit, and a server that answers when it is told to. */
function world(limits: Partial<GroupCommitLimits> = {}) {
  const clock = createVirtualClock();
  const slots = new Map<string, Slot>();
  const slotOf = ({ type }: { readonly type: string }): Slot => {
    const slot = slots.get(type) ?? { subject: type, open: undefined, inFlight: 0 };
    slots.set(type, slot);
    return slot;
  };
  const sent: Sent[] = [];
  const state = { ready: true };
  const commit = new GroupCommit(
    { maxEvents: 8, maxInFlight: 64, maxPending: 1000, timeoutMs: 1000, ...limits },
    {
      clock,
      slotOf,
      ready: () => state.ready,
      send: (batch) =>
        new Promise((resolve, reject) => sent.push({ batch, events: batch.events, resolve, reject })),
      onQuiet: () => {},
    },
  );
  const numbers = ({ events }: Sent): unknown[] => events.map(({ data }) => data);
  return { clock, slotOf, sent, state, commit, numbers };
}

describe('group commit', () => {
  it('sends the first event alone, at once, and coalesces what comes until it is acknowledged', async () => {
    const { clock, sent, commit, numbers } = world();
    commit.add(eventOf(1, 'a', undefined));
    await clock.flush();
    for (const n of [2, 3, 4]) commit.add(eventOf(n, 'a', undefined));
    await clock.flush();
    expect(sent.map(numbers)).toEqual([[1]]);

    sent[0]?.resolve(published);
    await clock.flush();

    expect(sent.map(numbers)).toEqual([[1], [2, 3, 4]]);
  });

  it('puts the events of one turn into one message', async () => {
    const { clock, sent, commit, numbers } = world();
    for (const n of [1, 2, 3]) commit.add(eventOf(n, 'a', undefined));

    await clock.flush();

    expect(sent.map(numbers)).toEqual([[1, 2, 3]]);
  });

  it('sends a full batch without waiting for the one before, unless they share a key', async () => {
    const { clock, sent, commit } = world({ maxEvents: 2 });
    for (let n = 0; n < 6; n += 1) commit.add(eventOf(n, 'a', undefined));
    for (let n = 6; n < 10; n += 1) commit.add(eventOf(n, 'b', 'k'));

    await clock.flush();

    expect(sent.map(({ batch }) => batch.slot.subject)).toEqual(['a', 'a', 'a', 'b']);
  });

  it('lets subjects wait for company once eight messages hold more than one can', async () => {
    const { clock, sent, commit, numbers } = world({ maxEvents: 10 });
    const types = Array.from({ length: 10 }, (_, n) => `t${n}`);
    for (const type of types) for (const n of [1, 2]) commit.add(eventOf(n, type, undefined));
    await clock.flush();
    expect(sent.map(({ batch }) => batch.slot.subject)).toEqual(types.slice(0, 8));
    for (let n = 3; n < 14; n += 1) commit.add(eventOf(n, 't9', undefined));
    await clock.flush();
    expect(
      sent.slice(8).map(({ batch }) => batch.size),
      'a full one does not wait',
    ).toEqual([10]);

    commit.add(eventOf(3, 't8', undefined));
    sent[0]?.resolve(published);
    await clock.flush();
    expect(sent).toHaveLength(9);
    for (const one of sent.slice(1, 9)) one.resolve(published);
    await clock.flush();

    expect(sent.slice(9).map(numbers)).toEqual([
      [1, 2, 3],
      [11, 12, 13],
    ]);
  });

  it('lets nothing wait for company while little is under way', async () => {
    const { clock, sent, commit } = world({ maxEvents: 64 });
    const types = Array.from({ length: 10 }, (_, n) => `t${n}`);
    for (let round = 1; round < 6; round += 1) {
      for (const type of types) for (const n of [1, 2]) commit.add(eventOf(n, type, undefined));
      await clock.flush();
      expect(sent).toHaveLength(10 * round);
      for (const one of sent) one.resolve(published);
      await clock.flush();
    }
    const few = world({ maxEvents: 2 });
    for (const n of [1, 2]) few.commit.add(eventOf(n, 'a', undefined));
    few.commit.add(eventOf(3, 'b', undefined));
    await few.clock.flush();
    expect(few.sent).toHaveLength(2);
  });

  it('keeps no event in memory that has been written', async () => {
    const { clock, sent, commit } = world();
    const batch = commit.add(eventOf(1, 'a', 'k'));
    await clock.flush();

    expect({ events: batch.events.length, size: batch.size, pending: commit.pending }).toEqual({
      events: 0,
      size: 1,
      pending: 1,
    });
    const next = commit.add(eventOf(2, 'b', 'k'));
    await clock.flush();
    expect({ sent: sent.length, blockers: next.blockers }).toEqual({ sent: 1, blockers: 1 });
    sent[0]?.resolve(published);
    await clock.flush();
    expect({ sent: sent.length, blockers: next.blockers, pending: commit.pending }).toEqual({
      sent: 2,
      blockers: 0,
      pending: 1,
    });
  });

  it('refuses beyond maxPending, and takes more when there is room again', async () => {
    const { clock, sent, commit } = world({ maxPending: 2 });
    const first = commit.add(eventOf(1, 'a', undefined));
    commit.add(eventOf(2, 'a', undefined));
    expect(() => commit.add(eventOf(3, 'a', undefined))).toThrow(/maxPending is 2/);
    await clock.flush();
    sent[0]?.resolve(published);

    await expect(first.outcome).resolves.toBe(published);

    expect(commit.add(eventOf(3, 'a', undefined)).events).toHaveLength(1);
  });

  it('fails what was not sent within timeoutMs, and says that it was not sent', async () => {
    const { clock, state, sent, commit } = world();
    state.ready = false;
    const failed = commit.add(eventOf(1, 'a', undefined)).outcome.catch((error: unknown) => error);

    await clock.advanceBy(1000);

    expect(await failed).toMatchObject({ code: 'ERR_TRANSPORT', message: /not sent within 1000 ms/ });
    expect({ sent: sent.length, pending: commit.pending }).toEqual({ sent: 0, pending: 0 });
  });

  it('keeps an atomic batch whole, and apart from others', async () => {
    const { clock, slotOf, sent, commit, numbers } = world({ maxEvents: 2 });
    commit.add(eventOf(1, 'a', 'k'));
    commit.addAll(
      [2, 3, 4].map((n) => eventOf(n, 'a', 'k')),
      slotOf({ type: 'a' }),
    );
    commit.add(eventOf(5, 'a', 'k'));
    for (let at = 0; at < 3; at += 1) {
      await clock.flush();
      sent[at]?.resolve(published);
    }
    await clock.flush();

    expect(sent.map(numbers)).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('stores the events of a key in the order in which they were added, whatever fails or is slow', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constantFrom('a', 'b', 'c'),
          key: fc.option(fc.constantFrom('k', 'l', 'm'), { nil: undefined }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ answer: fc.nat(5), ok: fc.boolean() }) },
      { weight: 1, arbitrary: fc.constant('turn' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { size: 'max', maxLength: 120 }), async (steps) => {
        const { clock, sent, commit } = world({ maxEvents: 3, maxInFlight: 4 });
        const stored: Sent[] = [];
        const open: Sent[] = [];
        const outcomes: Promise<unknown>[] = [];
        let seen = 0;
        let n = 0;
        const collect = (): void => {
          for (; seen < sent.length; seen += 1) {
            const next = sent[seen];
            if (next === undefined) continue;
            const keys = new Set(next.events.map(({ key }) => key));
            for (const other of open) {
              const shared = other.events.filter(({ key }) => key !== undefined && keys.has(key));
              expect(shared, 'one key is under way in one message at a time').toEqual([]);
            }
            open.push(next);
          }
          expect(open.length).toBeLessThanOrEqual(4);
        };
        const answer = async (at: number, ok: boolean): Promise<void> => {
          const [one] = open.splice(at % Math.max(1, open.length), 1);
          if (one === undefined) return;
          if (ok) {
            stored.push(one);
            one.resolve(published);
          } else one.reject(new Error('refused'));
          await clock.flush();
          collect();
        };
        for (const one of steps) {
          if (one === 'turn') await clock.flush();
          else if ('answer' in one) await answer(one.answer, one.ok);
          else outcomes.push(commit.add(eventOf((n += 1), one.type, one.key)).outcome.catch(() => 'failed'));
          collect();
        }
        for (await clock.flush(), collect(); open.length > 0;) await answer(0, true);

        expect((await Promise.all(outcomes)).length).toBe(n);
        expect(commit.pending).toBe(0);
        const last = new Map<string, number>();
        for (const { key, data } of stored.flatMap(({ events }) => events)) {
          if (key === undefined) continue;
          expect(data).toBeGreaterThan(last.get(key) ?? 0);
          last.set(key, data as number);
        }
      }),
      { numRuns: 300 },
    );
  });
});

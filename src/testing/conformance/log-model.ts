import assert from 'node:assert/strict';
import type * as FastCheck from 'fast-check';
import { canonicalEvent } from '../../../streams/event/canonical.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { glob } from '../../../streams/event/glob.ts';
import type { LogRange } from '../../event-log.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { type EventLogSubject, type LogSession, withLog } from './log-session.ts';
import { ModelLog } from './model-log.ts';
import { sampleEvent } from './sample-event.ts';

type Step =
  | { readonly do: 'append'; readonly batches: readonly (readonly EventEnvelope[])[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'read'; readonly range: LogRange }
  | { readonly do: 'trim'; readonly share: number }
  | { readonly do: 'remove'; readonly shares: readonly number[] }
  | { readonly do: 'reopen' };

const types = ['order.placed', 'order.paid', 'order.shipped.late', 'user.seen'];
const keys = ['a', 'b', 'ключ'];
const correlations = ['req-1', 'req-2'];
const patterns = ['order.*', 'order.>', '>', 'user.seen', 'nobody.here', glob('*.late')];

function eventArbitrary(fc: typeof FastCheck): FastCheck.Arbitrary<EventEnvelope> {
  const optional = <T>(value: FastCheck.Arbitrary<T>): FastCheck.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  const fields = fc.record({
    n: fc.nat(1_000_000),
    type: fc.constantFrom(...types),
    priority: fc.constantFrom('critical' as const, 'high' as const, 'normal' as const, 'low' as const),
    data: fc.oneof(
      fc
        .json()
        // No event has a member of this name: every codec refuses it.
        .filter((text) => !text.includes('__proto__'))
        .map((text): unknown => JSON.parse(text)),
      fc.constant(undefined),
      fc.constant(-0),
    ),
    key: optional(fc.constantFrom(...keys)),
    correlationId: optional(fc.constantFrom(...correlations)),
    metadata: optional(fc.constant({ region: 'eu' })),
  });
  return fields.map(({ n, key, correlationId, metadata, ...rest }) =>
    sampleEvent(n, {
      ...rest,
      ...(key === undefined ? {} : { key }),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(metadata === undefined ? {} : { metadata }),
    }),
  );
}

function rangeArbitrary(fc: typeof FastCheck, start: number): FastCheck.Arbitrary<LogRange> {
  const position = fc.nat(120);
  const moment = fc.nat(60).map((ms) => start + ms);
  return fc.record(
    {
      from: position,
      to: position,
      since: moment,
      until: moment,
      patterns: fc.array(fc.constantFrom(...patterns), { minLength: 1, maxLength: 3 }),
      key: fc.constantFrom(...keys, 'nobody'),
      correlationId: fc.constantFrom(...correlations),
      limit: fc.constantFrom(1, 2, 7, 1_024),
      order: fc.constantFrom('oldest' as const, 'newest' as const),
    },
    { requiredKeys: [] },
  );
}

function stepsArbitrary(fc: typeof FastCheck, start: number): FastCheck.Arbitrary<Step[]> {
  const batch = fc.array(eventArbitrary(fc), { minLength: 1, maxLength: 12 });
  const share = fc.double({ min: 0, max: 1.1, noNaN: true });
  const step: FastCheck.Arbitrary<Step> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .array(batch, { minLength: 1, maxLength: 4 })
        .map((batches) => ({ do: 'append' as const, batches })),
    },
    { weight: 2, arbitrary: fc.nat(9).map((ms) => ({ do: 'wait' as const, ms })) },
    { weight: 6, arbitrary: rangeArbitrary(fc, start).map((range) => ({ do: 'read' as const, range })) },
    { weight: 1, arbitrary: share.map((part) => ({ do: 'trim' as const, share: part })) },
    {
      weight: 2,
      arbitrary: fc.array(share, { maxLength: 8 }).map((shares) => ({ do: 'remove' as const, shares })),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  );
  return fc.array(step, { maxLength: 30, size: 'max' });
}

async function take(step: Step, session: LogSession, model: ModelLog, durable: boolean): Promise<void> {
  const { log, clock } = session;
  switch (step.do) {
    case 'append': {
      const appended = await Promise.all(step.batches.map((batch) => session.append(batch)));
      for (const [at, batch] of step.batches.entries()) {
        const first = appended[at]?.first ?? 0;
        assert.ok(first > model.last, `position ${first} was given after ${model.last}`);
        model.append(batch, first, clock.now());
      }
      return;
    }
    case 'wait':
      return clock.advanceBy(step.ms);
    case 'trim': {
      const before = Math.floor(step.share * model.last);
      assert.equal(await log.trim(before), model.trim(before));
      return;
    }
    case 'remove': {
      const positions = step.shares.map((part) => Math.floor(part * model.last));
      assert.equal(await log.remove(positions), model.remove(positions));
      return;
    }
    case 'reopen':
      return durable ? session.reopen() : undefined;
    case 'read': {
      const records = await session.readAll(step.range);
      const plain = records.map((record) => ({ ...record, event: canonicalEvent(record.event) }));
      assert.deepEqual(plain, model.read(step.range));
    }
  }
}

/** A log does what its model does, whatever is asked of it in whatever order. Needs the package fast-check. */
export function logModel(subject: EventLogSubject, place: () => string): ConformanceCase {
  const run = async (): Promise<void> => {
    const fc = await import('fast-check');
    const start = 1_704_067_200_000;
    const property = fc.asyncProperty(stepsArbitrary(fc, start), (steps) =>
      withLog(subject, place(), async (session) => {
        const model = new ModelLog();
        for (const step of steps) await take(step, session, model, subject.features.durable);
        assert.deepEqual(await session.log.bounds(), model.bounds());
        for (let ms = 0; ms < 60; ms += 7) {
          assert.equal(await session.log.positionAt(start + ms), model.positionAt(start + ms));
        }
      }),
    );
    await fc.assert(property, { numRuns: subject.runs ?? 50 });
  };
  return { name: 'does what its model does', run };
}

import assert from 'node:assert/strict';
import type * as FastCheck from 'fast-check';
import { ConflictError } from '../../../streams/event/errors.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { type SnapshotSession, type SnapshotStoreSubject, withSnapshots } from './snapshot-session.ts';

type Step =
  | {
      readonly do: 'write';
      readonly bucket: string;
      readonly key: string;
      readonly text: string | undefined;
      readonly expects: 'nothing' | 'absent' | 'current' | 'outdated';
    }
  | { readonly do: 'list'; readonly bucket: string; readonly prefix: string; readonly limit: number }
  | { readonly do: 'reopen' };

interface Kept {
  text: string | undefined;
  revision: number;
}

const buckets = ['a', 'aa', 'b'];
const keys = ['k', 'k1', 'k2', 'l', 'é'];

function stepsArbitrary(fc: typeof FastCheck): FastCheck.Arbitrary<Step[]> {
  const bucket = fc.constantFrom(...buckets);
  const write: FastCheck.Arbitrary<Step> = fc.record({
    do: fc.constant('write' as const),
    bucket,
    key: fc.constantFrom(...keys),
    text: fc.option(fc.string({ maxLength: 20 }), { nil: undefined, freq: 4 }),
    expects: fc.constantFrom('nothing', 'absent', 'current', 'outdated'),
  });
  const list: FastCheck.Arbitrary<Step> = fc.record({
    do: fc.constant('list' as const),
    bucket,
    prefix: fc.constantFrom('', 'k', 'l', 'x'),
    limit: fc.integer({ min: 1, max: 6 }),
  });
  const step = fc.oneof(
    { weight: 8, arbitrary: write },
    { weight: 2, arbitrary: list },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'reopen' }) },
  );
  return fc.array(step, { maxLength: 40, size: 'max' });
}

/** The simplest store there is. */
class Model {
  readonly #kept = new Map<string, Kept>();

  async take(step: Step, session: SnapshotSession, durable: boolean): Promise<void> {
    if (step.do === 'reopen') return durable ? session.reopen() : undefined;
    if (step.do === 'write') return this.#write(step, session);
    const listed = await session.list(step.bucket, step.limit, step.prefix);
    const wanted = keys
      .filter((key) => key.startsWith(step.prefix))
      .flatMap((key) => {
        const text = this.#kept.get(`${step.bucket} ${key}`)?.text;
        return text === undefined ? [] : [[key, text] as const];
      });
    assert.deepEqual(listed, wanted);
  }

  async #write(
    { bucket, key, text, expects }: Extract<Step, { do: 'write' }>,
    session: SnapshotSession,
  ): Promise<void> {
    const kept = this.#kept.get(`${bucket} ${key}`) ?? { text: undefined, revision: 0 };
    const now = kept.text === undefined ? 0 : kept.revision;
    const expected = { nothing: undefined, absent: 0, current: now, outdated: now + 1_000_000 }[expects];
    if (expected === undefined || expected === now) {
      const revision = await session.write(bucket, key, text, expected);
      assert.ok(revision > kept.revision, `revision ${revision} was given after ${kept.revision}`);
      this.#kept.set(`${bucket} ${key}`, { text, revision });
    } else await assert.rejects(session.write(bucket, key, text, expected), ConflictError);
    const after = this.#kept.get(`${bucket} ${key}`);
    const read = await session.read(bucket, key);
    assert.deepEqual(read, after?.text === undefined ? undefined : [after.text, after.revision]);
  }
}

/** A store does what its model does, whatever is asked of it in whatever order. Needs the package fast-check. */
export function snapshotModel(subject: SnapshotStoreSubject, place: () => string): ConformanceCase {
  const run = async (): Promise<void> => {
    const fc = await import('fast-check');
    const property = fc.asyncProperty(stepsArbitrary(fc), (steps) =>
      withSnapshots(subject, place(), async (session) => {
        const model = new Model();
        for (const step of steps) await model.take(step, session, subject.features.durable);
      }),
    );
    await fc.assert(property, { numRuns: subject.runs ?? 50 });
  };
  return { name: 'does what its model does', run };
}

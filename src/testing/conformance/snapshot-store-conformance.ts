import assert from 'node:assert/strict';
import { ClosedError, ConflictError } from '../../../streams/event/errors.ts';
import { type ConformanceCase, placeNames } from './conformance-case.ts';
import { snapshotModel } from './snapshot-model.ts';
import { type SnapshotSession, type SnapshotStoreSubject, withSnapshots } from './snapshot-session.ts';

type Fact = (session: SnapshotSession) => Promise<void>;

const facts: Readonly<Record<string, Fact>> = {
  'reads what was written, with a revision of 1 or more': async (session) => {
    assert.equal(await session.read('b', 'k'), undefined);
    const revision = await session.write('b', 'k', 'one');
    assert.ok(revision >= 1);
    assert.deepEqual(await session.read('b', 'k'), ['one', revision]);
    assert.equal(await session.read('b', 'other'), undefined);
    assert.equal(await session.read('other', 'k'), undefined);
  },

  'gives each write of a key a higher revision, also across a removal': async (session) => {
    const revisions = [
      await session.write('b', 'k', 'one'),
      await session.write('b', 'k', 'two'),
      await session.write('b', 'k', undefined),
      await session.write('b', 'k', 'three'),
    ];
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => a - b),
    );
  },

  'writes with an expected revision only where it holds': async (session) => {
    const first = await session.write('b', 'k', 'one', 0);
    await assert.rejects(session.write('b', 'k', 'lost', 0), ConflictError);
    const second = await session.write('b', 'k', 'two', first);
    await assert.rejects(session.write('b', 'k', 'lost', first), ConflictError);
    await assert.rejects(session.write('b', 'k', undefined, first), ConflictError);
    assert.deepEqual(await session.read('b', 'k'), ['two', second]);
    await session.write('b', 'k', undefined, second);
    await assert.rejects(session.write('b', 'k', 'lost', second), ConflictError);
    await session.write('b', 'k', 'three', 0);
    assert.equal((await session.read('b', 'k'))?.[0], 'three');
  },

  'lets one win of several who expect the same': async (session) => {
    const { length } = (await contest(session, 0)).filter(Boolean);
    assert.equal(length, 1);
    const [, revision = 0] = (await session.read('b', 'k')) ?? [];
    assert.equal((await contest(session, revision)).filter(Boolean).length, 1);
  },

  'keeps the bytes as they were, whatever the caller does with its own': async ({ snapshots }) => {
    // A Buffer's own `slice` is a view of the same bytes, no copy.
    for (const value of [new Uint8Array(70_000).fill(7), Buffer.alloc(70_000, 7)]) {
      const writing = snapshots.write({ bucket: 'b', key: 'k', value });
      value.fill(1);
      await writing;
      (await snapshots.read('b', 'k'))?.value.fill(2);
      (await snapshots.list('b')).at(0)?.value.fill(3);
      const read = await snapshots.read('b', 'k');
      assert.deepEqual(new Uint8Array(read?.value ?? []), new Uint8Array(70_000).fill(7));
    }
  },

  'keeps an empty value apart from none': async (session) => {
    await session.write('b', 'k', '');
    assert.equal((await session.read('b', 'k'))?.[0], '');
  },

  'lists the keys of a bucket in the order of their UTF-8 bytes': async (session) => {
    const keys = ['b', 'a', '\u{1f600}', '\uffee', 'ab', 'é', 'a/b', 'Z', '\u0001', 'a\u0000'];
    for (const key of keys) await session.write('b', key, key);
    await session.write('c', 'aa', 'other');
    await session.write('bb', 'aa', 'other');
    const ordered = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [1, 3, 100]) {
      const listed = await session.list('b', limit);
      assert.deepEqual(
        listed.map(([key]) => key),
        ordered,
      );
    }
    const prefixed = await session.list('b', 2, 'a');
    assert.deepEqual(
      prefixed.map(([key]) => key),
      ordered.filter((key) => key.startsWith('a')),
    );
  },

  'takes buckets and keys of 1 to 512 characters, of any text': async (session) => {
    const long = '\u{1f600}'.repeat(256);
    await session.write(long, long, 'long');
    assert.equal((await session.read(long, long))?.[0], 'long');
    assert.deepEqual(await session.list(long, 5), [[long, 'long']]);
    for (const bad of ['', 'x'.repeat(513), '\ud800']) {
      await assert.rejects(session.write(bad, 'k', 'v'), Error);
      await assert.rejects(session.write('b', bad, 'v'), Error);
    }
  },

  'is closed for good, and says so': async (session) => {
    await session.write('b', 'k', 'v');
    await session.close();
    await assert.rejects(session.write('b', 'k', 'v'), ClosedError);
    await assert.rejects(session.read('b', 'k'), ClosedError);
    await assert.rejects(session.list('b', 5), ClosedError);
  },
};

const durableFacts: Readonly<Record<string, Fact>> = {
  'has after opening again what it had before, and revisions go on': async (session) => {
    await session.write('b', 'k', 'one');
    await session.write('b', 'gone', 'one');
    const last = await session.write('b', 'gone', undefined);
    const before = await session.read('b', 'k');
    await session.reopen();
    assert.deepEqual(await session.read('b', 'k'), before);
    assert.equal(await session.read('b', 'gone'), undefined);
    assert.ok((await session.write('b', 'gone', 'two', 0)) > last);
  },
};

/** Who wins, of those who write at one time and expect the same revision. */
function contest(session: SnapshotSession, expected: number): Promise<boolean[]> {
  const writes = Array.from({ length: 10 }, (_, n) => session.write('b', 'k', `of ${n}`, expected));
  return Promise.all(
    writes.map((write) =>
      write.then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof ConflictError, String(error));
          return false;
        },
      ),
    ),
  );
}

/**
 * The obligations of a `SnapshotStore`, as cases for any test runner. One of them runs random commands against
 * a model, and needs the package `fast-check`.
 *
 * @example
 * ```ts
 * const cases = snapshotStoreConformance({ name: 'mine', features: { durable: true }, open: openMine });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function snapshotStoreConformance(subject: SnapshotStoreSubject): ConformanceCase[] {
  const place = placeNames('snapshots');
  const all = subject.features.durable ? { ...facts, ...durableFacts } : facts;
  const cases = Object.entries(all).map(([name, fact]) => ({
    name,
    run: () => withSnapshots(subject, place(), fact),
  }));
  return [...cases, snapshotModel(subject, place)];
}

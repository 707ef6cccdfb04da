import assert from 'node:assert/strict';
import { ClosedError, ConflictError } from '../../../streams/event/errors.ts';
import type { Commit, Committed, Store, StoreFactory, StorePorts } from '../../store.ts';
import type { LogFeatures } from '../../event-log.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { type ConformanceCase, placeNames } from './conformance-case.ts';
import { sampleEvent, sampleEvents } from './sample-event.ts';
import { textOf, textWrite } from './snapshot-session.ts';

/** A kind of store, as its conformance suite needs it. */
export interface StoreSubject {
  readonly name: string;
  /** What its log declares; it is held to that. */
  readonly features: LogFeatures;
  /** The store at a place: empty at a new one; a durable store has what was written there before. */
  readonly at: (place: string) => StoreFactory;
}

interface Opened {
  store: Store;
  readonly reopen: () => Promise<void>;
}

type Fact = (opened: Opened, subject: StoreSubject) => Promise<void>;

const facts: Readonly<Record<string, Fact>> = {
  'writes events and snapshots together': async ({ store }, { features }) => {
    const writes = [textWrite('b', 'one', '1'), textWrite('b', 'two', '2')];
    const done = await store.commit({ events: sampleEvents(1, 3), writes });
    assert.equal(done.level, features.level);
    assert.equal(done.revisions.length, 2);
    const { records } = await store.log.read();
    assert.deepEqual(
      records.map(({ position }) => position - (done.first ?? 0)),
      [0, 1, 2],
    );
    assert.equal((await store.snapshots.read('b', 'two'))?.revision, done.revisions[1]);
  },

  'takes a commit without events, and one without anything': async ({ store }) => {
    const written = await store.commit({ writes: [textWrite('b', 'k', '1')] });
    assert.equal(written.first, undefined);
    const empty = await store.commit({});
    assert.deepEqual([empty.first, empty.revisions], [undefined, []]);
    assert.equal((await store.log.bounds()).count, 0);
  },

  'writes nothing of a commit of which one expectation does not hold': async ({ store }) => {
    await store.commit({ writes: [textWrite('b', 'taken', '1')] });
    const commit: Commit = {
      events: sampleEvents(1, 3),
      writes: [textWrite('b', 'new', '1'), textWrite('b', 'taken', '2', 0)],
    };
    await assert.rejects(async () => store.commit(commit), ConflictError);
    assert.equal((await store.log.bounds()).count, 0);
    assert.equal(await store.snapshots.read('b', 'new'), undefined);
    assert.equal(textOf((await store.snapshots.read('b', 'taken'))?.value ?? new Uint8Array()), '1');
  },

  'sees, within a commit, what its own writes before made': async ({ store }) => {
    const fresh = [textWrite('b', 'k', '1', 0), textWrite('b', 'k', undefined), textWrite('b', 'k', '2', 0)];
    const { revisions } = await store.commit({ writes: fresh });
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => a - b),
    );
    await assert.rejects(
      async () => store.commit({ writes: [textWrite('b', 'l', '1', 0), textWrite('b', 'l', '2', 0)] }),
      ConflictError,
    );
    assert.equal(await store.snapshots.read('b', 'l'), undefined);
  },

  'commits in the order of the calls, by whichever door they come': async ({ store }) => {
    const calls: Promise<unknown>[] = [];
    for (let n = 1; n <= 30; n += 3) {
      calls.push(call(() => store.log.append([sampleEvent(n)])));
      calls.push(
        call(() => store.commit({ events: [sampleEvent(n + 1)], writes: [textWrite('b', 'k', `${n}`)] })),
      );
      calls.push(call(() => store.snapshots.write(textWrite('b', 'k', `${n + 1}`))));
      calls.push(call(() => store.commit({ events: [sampleEvent(n + 2)] })));
    }
    await Promise.all(calls);
    const { records } = await store.log.read();
    assert.deepEqual(
      records.map(({ event }) => event.data),
      sampleEvents(1, 30).map(({ data }) => data),
    );
    assert.equal(textOf((await store.snapshots.read('b', 'k'))?.value ?? new Uint8Array()), '29');
  },

  'lets each of many commits under way see those before it': async ({ store }) => {
    const commits: Promise<Committed | 'conflict'>[] = [];
    for (let n = 0; n < 40; n += 1) {
      const commit: Commit = { events: [sampleEvent(n)], writes: [textWrite('b', `k${n % 20}`, `${n}`, 0)] };
      commits.push(
        call(() => store.commit(commit)).catch((error: unknown) => {
          assert.ok(error instanceof ConflictError, String(error));
          return 'conflict';
        }),
      );
    }
    const outcomes = await Promise.all(commits);
    assert.deepEqual(
      outcomes.map((outcome) => outcome === 'conflict'),
      Array.from({ length: 40 }, (_, n) => n >= 20),
    );
    const { records } = await store.log.read();
    assert.equal(records.length, 20);
    const firsts = outcomes.flatMap((outcome) => (outcome === 'conflict' ? [] : [outcome.first]));
    assert.deepEqual(
      records.map(({ position }) => position),
      firsts,
    );
  },

  'is well': async ({ store }) => {
    const heard: unknown[] = [];
    const stop = store.onHealth((health) => heard.push(health));
    await store.commit({ events: [sampleEvent(1)] });
    assert.equal(store.health().state, 'ok');
    stop();
    assert.deepEqual(heard, []);
  },

  'is closed for good, and says so': async ({ store }) => {
    await store.commit({ events: [sampleEvent(1)] });
    await Promise.all([store.close(), store.close()]);
    await store.close();
    await assert.rejects(async () => store.commit({ events: [sampleEvent(2)] }), ClosedError);
  },
};

const durableFacts: Readonly<Record<string, Fact>> = {
  'has after opening again all of each commit': async (opened) => {
    const writes = [textWrite('b', 'k', 'kept')];
    const { first } = await opened.store.commit({ events: sampleEvents(1, 3), writes });
    await opened.reopen();
    const { records } = await opened.store.log.read();
    assert.deepEqual(
      records.map(({ position }) => position - (first ?? 0)),
      [0, 1, 2],
    );
    assert.equal(textOf((await opened.store.snapshots.read('b', 'k'))?.value ?? new Uint8Array()), 'kept');
  },
};

async function call<T>(work: () => T | Promise<T>): Promise<T> {
  return work();
}

async function withStore(subject: StoreSubject, place: string, fact: Fact): Promise<void> {
  const ports: StorePorts = { clock: createVirtualClock(), random: () => 0.5 };
  const open = (): Store => subject.at(place)(ports);
  const opened: Opened = {
    store: open(),
    reopen: async () => {
      await opened.store.close();
      opened.store = open();
    },
  };
  try {
    await fact(opened, subject);
  } finally {
    await opened.store.close();
  }
}

/**
 * What a `Store` owes beyond its log and its snapshots: that they are committed together. Those two have suites
 * of their own.
 *
 * @example
 * ```ts
 * const cases = storeConformance({ name: 'mine', features, at: (place) => myStore({ path: folder(place) }) });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function storeConformance(subject: StoreSubject): ConformanceCase[] {
  const place = placeNames('store');
  const all = subject.features.durable ? { ...facts, ...durableFacts } : facts;
  return Object.entries(all).map(([name, fact]) => ({
    name,
    run: () => withStore(subject, place(), fact),
  }));
}

import assert from 'node:assert/strict';
import { ClosedError } from '../../../streams/event/errors.ts';
import type { Appended } from '../../event-log.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { type EventLogSubject, idsOf, type LogSession, withLog } from './log-session.ts';
import { sampleEvent, sampleEvents } from './sample-event.ts';

type Fact = (session: LogSession, subject: EventLogSubject) => Promise<void>;

const facts: Readonly<Record<string, Fact>> = {
  'is empty at first': async ({ log }) => {
    assert.deepEqual(await log.bounds(), { first: 1, last: 0, count: 0 });
    const page = await log.read();
    assert.deepEqual([page.records, page.atEnd, page.next], [[], true, 1]);
  },

  'says the level that it declares': async ({ log }, { features }) => {
    assert.deepEqual(log.features, features);
    const { level } = await log.append([sampleEvent(1)]);
    assert.equal(level, features.level);
  },

  'gives the events of a batch positions in a row, and batches theirs in the order of the calls': async (
    session,
  ) => {
    const appends = [sampleEvents(1, 3), sampleEvents(4, 4), sampleEvents(5, 9)].map((batch) =>
      session.append(batch),
    );
    const firsts = (await Promise.all(appends)).map(({ first }) => first);
    const records = await session.readAll();
    assert.deepEqual(idsOf(records), idsOf(sampleEvents(1, 9).map((event) => ({ event }))));
    const positions = records.map(({ position }) => position);
    assert.deepEqual(firsts, [positions[0], positions[3], positions[4]]);
    for (const [start, end] of [
      [0, 2],
      [4, 8],
    ] as const) {
      assert.equal((positions[end] ?? 0) - (positions[start] ?? 0), end - start);
    }
  },

  'appends nothing for an empty batch': async ({ log }) => {
    await log.append(sampleEvents(1, 2));
    await log.append([]);
    assert.equal((await log.bounds()).count, 2);
  },

  'appends all of a batch or nothing, also where one event cannot be written': async ({ log }) => {
    const unwritable = sampleEvent(2, { data: { call: () => {} } });
    let refused = false;
    try {
      await log.append([sampleEvent(1), unwritable, sampleEvent(3)]);
    } catch {
      refused = true;
    }
    assert.equal((await log.bounds()).count, refused ? 0 : 3);
    await log.append([sampleEvent(4)]);
    assert.equal((await log.bounds()).count, refused ? 1 : 4);
  },

  'shows whole batches alone to those who read while it is written': async (session) => {
    const appends: Promise<unknown>[] = [];
    for (let batch = 0; batch < 20; batch += 1) {
      appends.push(session.append(sampleEvents(batch * 7, batch * 7 + 6)));
      const { length } = await session.readAll();
      assert.equal(length % 7, 0, `read ${length} events of batches of 7`);
    }
    await Promise.all(appends);
    assert.equal((await session.readAll()).length, 140);
  },

  'keeps the time of appending from going back with the clock': async (session) => {
    const { log, clock } = session;
    await log.append([sampleEvent(1)]);
    const before = clock.now();
    clock.setWallClock(before - 3_600_000);
    await log.append([sampleEvent(2)]);
    clock.setWallClock(before + 5_000);
    await log.append([sampleEvent(3)]);
    const times = (await session.readAll()).map(({ appendedAt }) => appendedAt);
    assert.deepEqual(times, [before, before, before + 5_000]);
  },

  'goes on, where a reader came to the end, with exactly what was appended since': async ({ log }) => {
    await log.append(sampleEvents(1, 5));
    const { next, atEnd } = await log.read();
    assert.equal(atEnd, true);
    const idle = await log.read({ from: next });
    assert.deepEqual([idle.records, idle.atEnd, idle.next], [[], true, next]);
    await log.append(sampleEvents(6, 8));
    assert.deepEqual(
      idsOf((await log.read({ from: next })).records),
      idsOf(sampleEvents(6, 8).map((event) => ({ event }))),
    );
  },

  'never gives a position again, also not of records that were trimmed': async ({ log }) => {
    const { first } = await log.append(sampleEvents(1, 4));
    assert.equal(await log.trim(first + 4), 4);
    assert.deepEqual(await log.bounds(), { first: first + 4, last: first + 3, count: 0 });
    assert.equal(await log.trim(first + 4), 0);
    const after = await log.append([sampleEvent(5)]);
    assert.ok(after.first >= first + 4);
  },

  'trims what stands before a position, and nothing else': async (session) => {
    const { first } = await session.log.append(sampleEvents(1, 40));
    assert.equal(await session.log.trim(first), 0);
    assert.equal(await session.log.trim(first + 10), 10);
    assert.equal(await session.log.trim(first + 10), 0);
    const offsets = (await session.readAll()).map(({ position }) => position - first);
    assert.deepEqual(
      offsets,
      Array.from({ length: 30 }, (_, at) => at + 10),
    );
  },

  'tells all who watch in one order, also when one of them appends meanwhile': async ({ log }) => {
    const heard: number[] = [];
    const more: Promise<Appended>[] = [];
    log.watch(() => {
      if (more.length === 0) more.push(Promise.resolve(log.append([sampleEvent(2)])));
    });
    log.watch((first) => heard.push(first));
    const { first } = await log.append([sampleEvent(1)]);
    const [second] = await Promise.all(more);
    assert.deepEqual(heard, [first, second?.first]);
  },

  'removes single records, each once': async (session) => {
    const { first } = await session.log.append(sampleEvents(1, 6));
    assert.equal(await session.log.remove([first + 1, first + 4, first + 1, first + 90]), 2);
    assert.equal(await session.log.remove([first + 1]), 0);
    const offsets = (await session.readAll()).map(({ position }) => position - first);
    assert.deepEqual(offsets, [0, 2, 3, 5]);
  },

  'tells who watches of each append in the order of positions, once it can be read': async (session) => {
    const { log } = session;
    const heard: number[] = [];
    const behind: Promise<boolean>[] = [];
    const stop = log.watch((first, events) => {
      for (let at = 0; at < events.length; at += 1) heard.push(first + at);
      const end = first + events.length - 1;
      behind.push(Promise.resolve(log.bounds()).then(({ last }) => last < end));
    });
    const appends = [1, 2, 3, 4].map((n) => session.append(sampleEvents(n * 10, n * 10 + n)));
    const given = (await Promise.all(appends)).map(({ first }) => first);
    const all = given.flatMap((first, n) => Array.from({ length: n + 2 }, (_, at) => first + at));
    assert.deepEqual(heard, all);
    assert.ok(!(await Promise.all(behind)).includes(true), 'an append was told of before it could be read');
    stop();
    await log.append([sampleEvent(99)]);
    assert.equal(heard.length, all.length);
  },

  'refuses ranges that make no sense': async ({ log }) => {
    const bad: readonly object[] = [
      { from: -1 },
      { from: 1.5 },
      { to: Number.NaN },
      { since: Number.NaN },
      { limit: 0 },
      { limit: 1e9 },
      { order: 'upwards' },
      { patterns: ['a..b'] },
      { form: 1 },
    ];
    for (const range of bad) {
      await assert.rejects(async () => log.read(range), Error, `took ${JSON.stringify(range)}`);
    }
  },

  'is closed for good, and says so': async (session) => {
    const { log } = session;
    await log.append([sampleEvent(1)]);
    await session.close();
    await session.close();
    await assert.rejects(async () => log.append([sampleEvent(2)]), ClosedError);
    await assert.rejects(async () => log.read(), ClosedError);
    await assert.rejects(async () => log.trim(1), ClosedError);
  },
};

const durableFacts: Readonly<Record<string, Fact>> = {
  'has after opening again what it had before, and goes on from there': async (session) => {
    const { first } = await session.log.append(sampleEvents(1, 40));
    await session.log.trim(first + 10);
    await session.log.remove([first + 20]);
    const [records, bounds] = [await session.readAll(), await session.log.bounds()];
    await session.reopen();
    assert.deepEqual(await session.readAll(), records);
    assert.deepEqual(await session.log.bounds(), bounds);
    assert.ok((await session.log.append([sampleEvent(41)])).first > bounds.last);
  },

  'remembers the last position also when nothing is kept': async (session) => {
    const { first } = await session.log.append(sampleEvents(1, 3));
    await session.log.trim(first + 3);
    await session.reopen();
    assert.ok((await session.log.append([sampleEvent(4)])).first >= first + 3);
  },

  'has what was under way when it was closed': async (session) => {
    const appends = Array.from({ length: 50 }, (_, n) => session.append(sampleEvents(n * 2, n * 2 + 1)));
    await session.reopen();
    await Promise.all(appends);
    assert.equal((await session.log.bounds()).count, 100);
  },
};

/** Single obligations of a log, each on a log of its own. */
export function logFacts(subject: EventLogSubject, place: () => string): ConformanceCase[] {
  const all = subject.features.durable ? { ...facts, ...durableFacts } : facts;
  return Object.entries(all).map(([name, fact]) => ({
    name,
    run: () => withLog(subject, place(), (session) => fact(session, subject)),
  }));
}

import { describe, expect, it } from 'vitest';
import { dueKey, EntityTimers } from '../../../src/entities/entity-timers.ts';
import type { SnapshotEntry, SnapshotStore } from '../../../src/snapshot-store.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

const value = new Uint8Array([1]);

/** An index whose pages come when they are asked to. */
function index(keys: readonly string[]) {
  const asked: (() => void)[] = [];
  const store: Pick<SnapshotStore, 'list'> = {
    list: (_bucket, { after = '', limit = 0 } = {}) =>
      new Promise<readonly SnapshotEntry[]>((resolve) => {
        const page = keys
          .toSorted()
          .filter((key) => key > after)
          .slice(0, limit)
          .map((key) => ({ key, value, revision: 1 }));
        asked.push(() => resolve(page));
      }),
  };
  return { store: store as SnapshotStore, answer: () => asked.shift()?.() };
}

function timersOn(keys: readonly string[]) {
  const clock = createVirtualClock({ now: 0 });
  const { store, answer } = index(keys);
  let due = 0;
  const timers = new EntityTimers({
    clock,
    store,
    bucket: 'timers',
    onDue: () => (due += 1),
    onError: () => {},
  });
  return { clock, timers, answer, dueCalls: () => due };
}

function taken(timers: EntityTimers, now: number): string[] {
  const keys: string[] = [];
  for (let key = timers.take(now); key !== undefined; key = timers.take(now)) keys.push(key);
  return keys;
}

describe('the timers of a kind', () => {
  it('are taken in the order of their moments, whatever their keys look like', async () => {
    const { clock, timers, answer, dueCalls } = timersOn([
      dueKey(300, 'a:b'),
      dueKey(20, ''),
      dueKey(20.4, '7'),
    ]);
    const loaded = timers.reload();
    answer();
    await loaded;

    expect(taken(timers, 19)).toEqual([]);
    await clock.advanceBy(25);
    expect(dueCalls()).toBe(1);
    expect(taken(timers, 25)).toEqual(['', '7']);
    timers.set('new', 290);
    expect(taken(timers, 300)).toEqual(['new', 'a:b']);
  });

  it('are found page after page, and none that is set while a page is read is missed', async () => {
    const keys = Array.from({ length: 1_500 }, (_, n) => dueKey(n, `k${n}`));
    const { timers, answer } = timersOn(keys);
    const loaded = timers.reload();
    answer();
    await loaded;

    const first = taken(timers, 10_000);
    // Beyond what the first page told of, and not in the index when the second was read.
    timers.set('late', 1_200);
    answer();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    const second = taken(timers, 10_000);

    expect(first).toHaveLength(1_024);
    expect(second).toHaveLength(1_500 - 1_024 + 1);
    expect(second).toContain('late');
  });

  it('are looked at again when the wall clock may have been set', async () => {
    const { clock, timers, answer, dueCalls } = timersOn([dueKey(3_600_000, 'a')]);
    const loaded = timers.reload();
    answer();
    await loaded;
    clock.setWallClock(3_600_000);
    await clock.advanceBy(60_000);

    expect(dueCalls()).toBe(1);
    expect(taken(timers, clock.now())).toEqual(['a']);
  });

  it('keep the nearer half in memory when there are very many', async () => {
    const { timers, answer } = timersOn([]);
    const loaded = timers.reload();
    answer();
    await loaded;
    for (let n = 0; n < 70_000; n += 1) timers.set(`k${n}`, n);
    const held = taken(timers, 1e9);

    expect(held.length).toBeLessThan(40_000);
    expect(held.slice(0, 3)).toEqual(['k0', 'k1', 'k2']);
  });
});

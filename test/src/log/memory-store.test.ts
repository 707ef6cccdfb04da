import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { StorageError } from '../../../streams/event/errors.ts';
import { orderEvent, orderEvents, readAll } from '../../support/open-store.ts';

const ports = { clock: createVirtualClock(), random: () => 0.5 };

describe('the log', () => {
  it('keeps the newest events up to its maximum, and their indexes', async () => {
    const { log } = memoryStore({ maxEvents: 3_000 })(ports);
    for (let n = 1; n <= 10_000; n += 1) {
      void log.append([orderEvent(n, { key: `key-${n % 7}`, correlationId: `req-${Math.floor(n / 3)}` })]);
      if (n === 5_000) await log.read({ key: 'key-1' });
    }
    expect(await log.bounds()).toEqual({ first: 7_001, last: 10_000, count: 3_000 });
    for (const ask of [{ key: 'key-1' }, { correlationId: 'req-3000' }, { correlationId: 'req-2000' }]) {
      const { records } = await readAll(log, ask);
      const wanted = (await readAll(log)).records.filter(({ event }) =>
        'key' in ask ? event.key === ask.key : event.correlationId === ask.correlationId,
      );
      expect(records).toEqual(wanted);
    }
  });

  it('keeps the end of a batch that is larger than its maximum', async () => {
    const { log } = memoryStore({ maxEvents: 10 })(ports);
    await log.append(orderEvents(1, 25));
    expect(await log.bounds()).toEqual({ first: 16, last: 25, count: 10 });
  });

  it('looks at no more than it may on one page, and says where to go on', async () => {
    const { log } = memoryStore()(ports);
    await log.append(orderEvents(1, 40_000));
    const page = await log.read({ patterns: ['nobody.*'] });
    expect(page).toMatchObject({ records: [], atEnd: false, next: 16_385 });
    expect((await readAll(log, { patterns: ['nobody.*'] })).pages).toBe(3);
    expect((await readAll(log, { patterns: ['nobody.*'], order: 'newest' })).pages).toBe(3);
  });
});

describe('the snapshots', () => {
  it('refuse new keys beyond their maximum, and take writes of those there are', async () => {
    const { snapshots } = memoryStore({ maxSnapshots: 2 })(ports);
    const value = new Uint8Array(1);
    await snapshots.write({ bucket: 'b', key: 'one', value });
    await snapshots.write({ bucket: 'c', key: 'two', value });
    expect(() => snapshots.write({ bucket: 'b', key: 'three', value })).toThrow(StorageError);
    expect(() => snapshots.write({ bucket: 'b', key: 'three', value })).toThrow(/more than maxSnapshots, 2/u);
    await snapshots.write({ bucket: 'b', key: 'one', value });
    await snapshots.write({ bucket: 'b', key: 'one', value: undefined });
    await snapshots.write({ bucket: 'b', key: 'three', value });
  });
});

describe('the options', () => {
  it.each([
    [{ maxEvents: 0 }, /maxEvents must be an integer of at least 1, got 0/u],
    [{ maxSnapshots: 1.5 }, /maxSnapshots must be an integer/u],
    [{ max: 1 }, /"max" is not an option of memoryStore/u],
  ])('%o are refused', (options, message) => {
    expect(() => memoryStore(options as never)).toThrow(message);
  });
});

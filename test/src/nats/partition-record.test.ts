import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { MessageLedger } from '../../../src/nats/message-ledger.ts';
import {
  decodeProgress,
  encodeProgress,
  firstOpen,
  noProgress,
} from '../../../src/nats/partition-progress.ts';
import { PartitionRecord } from '../../../src/nats/partition-record.ts';
import type { SnapshotStore } from '../../../src/snapshot-store.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

function store(): SnapshotStore {
  return memoryStore()({ clock: createVirtualClock(), random: () => 0.5 }).snapshots;
}

function owner(snapshots: SnapshotStore, token: number): PartitionRecord {
  return new PartitionRecord({ bucket: 'progress:billing', key: '3', token }, snapshots);
}

describe('PartitionRecord', () => {
  it('gives the next owner what the one before has kept, and its consumers', async () => {
    const snapshots = store();
    const first = owner(snapshots, 1);
    await first.claim('a');
    await first.save({ through: 9, open: [[4, 0, 2], [7]] }, () => ['a']);

    expect(await owner(snapshots, 2).claim('b')).toEqual({
      token: 1,
      consumers: ['a'],
      through: 9,
      open: [[4, 0, 2], [7]],
      begun: { sequence: 0, crashes: 0, deaths: 0, tried: false },
      left: true,
    });
  });

  it('tells the next owner where the one before began, after whom, and whether it has handed over', async () => {
    const snapshots = store();
    const first = owner(snapshots, 1);
    await first.claim('a');
    await first.begin({ through: 0, open: [] }, { sequence: 7, crashes: 3, deaths: 2, tried: true });
    await first.save({ through: 9, open: [] });
    await first.leave({ through: 11, open: [] });

    const second = owner(snapshots, 2);
    expect(await second.claim('b')).toMatchObject({
      begun: { sequence: 7, crashes: 3, deaths: 2, tried: true },
      through: 11,
      left: true,
    });
    await second.begin({ through: 11, open: [] }, { sequence: 12, crashes: 0, deaths: 0, tried: false });
    expect(await owner(snapshots, 3).claim('c')).toMatchObject({ token: 2, left: false });
  });

  it('forgets no consumer that a write before has added', async () => {
    const snapshots = store();
    const first = owner(snapshots, 1);
    await first.claim('a');
    await Promise.all([
      first.save({ through: 1, open: [] }, (kept) => [...kept, 'b']),
      first.save({ through: 2, open: [] }, (kept) => kept.filter((name) => name !== 'a')),
      first.save({ through: 3, open: [] }),
    ]);

    expect(await owner(snapshots, 2).claim('c')).toMatchObject({ consumers: ['b'], through: 3 });
  });

  it('lets an owner that was followed write nothing more', async () => {
    const snapshots = store();
    const [first, second] = [owner(snapshots, 1), owner(snapshots, 2)];
    await first.claim('a');
    await second.claim('b');
    await second.save({ through: 5, open: [] });

    expect(await first.save({ through: 99, open: [] })).toBe(false);
    expect(first.fenced).toBe(true);
    expect(await owner(snapshots, 1).claim('late')).toBeUndefined();
    expect(await owner(snapshots, 3).claim('c')).toMatchObject({ token: 2, through: 5 });
  });

  it('goes on after a write whose answer got lost', async () => {
    const snapshots = store();
    let lose = false;
    const lossy: SnapshotStore = {
      name: 'lossy',
      read: (bucket, key) => snapshots.read(bucket, key),
      list: (bucket, options) => snapshots.list(bucket, options),
      write: async (write) => {
        const revision = await snapshots.write(write);
        if (lose) throw new Error('no answer');
        return revision;
      },
    };
    const record = owner(lossy, 1);
    await record.claim('a');
    lose = true;
    await expect(record.save({ through: 1, open: [] })).rejects.toThrow('no answer');
    lose = false;

    expect(await record.save({ through: 2, open: [] })).toBe(true);
    expect(await owner(snapshots, 2).claim('b')).toMatchObject({ through: 2 });
  });

  it('takes a token that no owner can have had for forged: it locks nobody out', async () => {
    const snapshots = store();
    const value = encodeProgress({ ...noProgress, token: Number.MAX_SAFE_INTEGER, through: 77 });
    await snapshots.write({ bucket: 'progress:billing', key: '3', value });

    expect(await owner(snapshots, 2).claim('b')).toEqual(noProgress);
  });

  it('takes bytes that are no progress for nobody’s', async () => {
    const snapshots = store();
    for (const text of [
      '',
      '[]',
      'null',
      '{"token":-1,"consumers":[],"through":0,"open":[]}',
      '{"token":1}',
    ]) {
      const value = new TextEncoder().encode(text);
      expect(decodeProgress(value)).toBeUndefined();
      await snapshots.write({ bucket: 'progress:billing', key: '3', value });
      expect(await owner(snapshots, 1).claim('a')).toMatchObject({ token: 0, through: 0 });
    }
  });
});

describe('MessageLedger', () => {
  it('lets the next owner handle exactly what the one before has not settled', () => {
    const message = fc.record({ gap: fc.integer({ min: 1, max: 9 }), settles: fc.boolean() });
    const messages = fc.array(message, { minLength: 1, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(messages, (drawn) => {
        let last = 0;
        const all = drawn.map(({ gap, settles }) => ({ sequence: (last += gap), settles }));
        const came = all.slice(0, Math.ceil(all.length / 2));
        const first = new MessageLedger();
        for (const { sequence, settles } of came) {
          first.arrived(sequence);
          if (settles) first.settled(sequence);
          else first.givenBack(sequence);
        }
        const kept = first.progress([]);
        const copy = decodeProgress(encodeProgress({ ...noProgress, ...kept }));
        const second = new MessageLedger(copy);
        const start = firstOpen(kept) ?? 0;
        for (const one of all) {
          const { sequence } = one;
          const settled = sequence < start || second.isSettled(sequence);
          expect(settled).toBe(one.settles && came.includes(one));
          if (!settled) {
            second.arrived(sequence);
            second.settled(sequence);
          }
        }
        expect(second.progress([]).open).toEqual([]);
      }),
    );
  });
});

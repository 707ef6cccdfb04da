import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../../actors/define-entity.ts';
import { PartitionPlace } from '../../../src/entities/partition-place.ts';
import { decodePlace, encodePlace, type PlaceRecord } from '../../../src/entities/place-record.ts';
import { noSuspect } from '../../../src/entities/suspect.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import type { SharedEntities } from '../../../src/shared-entities.ts';
import type { SnapshotStore } from '../../../src/snapshot-store.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';

const definition = defineEntity('order', { initial: { n: 0 }, fold: (state) => state }, { on: ['order.*'] });
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const bucket = 'entity-places:order';

function quiet(): void {}

interface World {
  readonly clock: VirtualClock;
  readonly states: SnapshotStore;
  readonly owner: (holds?: () => boolean) => PartitionPlace;
  readonly kept: () => Promise<PlaceRecord | undefined>;
}

function world(): World {
  const clock = createVirtualClock();
  const states = memoryStore()({ clock, random: () => 0.5 }).snapshots;
  const shared = { states, last: () => Promise.resolve(1_000) } as unknown as SharedEntities;
  return {
    clock,
    states,
    owner: (holds = () => true) =>
      new PartitionPlace(definition, { clock, logger, shared, partition: 3, start: 0, holds }),
    kept: async () => {
      const found = await states.read(bucket, '3');
      return found === undefined ? undefined : decodePlace(found.value);
    },
  };
}

describe('PartitionPlace', () => {
  it('suspects what stands there after two owners that did not leave, and counts those that died trying', async () => {
    const { owner, kept } = world();
    const suspected: boolean[] = [];
    for (let died = 0; died < 3; died += 1) {
      const place = owner();
      await place.find();
      suspected.push(place.suspect !== undefined);
    }
    expect(suspected).toEqual([false, false, true]);

    const first = owner();
    await first.find();
    await first.mark(7, 'a', 1);
    const second = owner();
    await second.find();
    // It dies while others are tried.
    const third = owner();
    await third.find();
    expect(third.suspect).toMatchObject({ sequence: 7, key: 'a', deaths: 1 });
    await third.mark(7, 'a', 1);
    const fourth = owner();
    await fourth.find();
    expect(fourth.suspect).toMatchObject({ sequence: 7, key: 'a', deaths: 2 });

    await fourth.mark(7, 'b', 1);
    expect((await kept())?.begun).toMatchObject({ sequence: 7, key: 'b', deaths: 0, tried: true });
  });

  it('has fewer tried together after each death of one of several, and counts only who was alone', async () => {
    const { owner } = world();
    const seen: unknown[] = [];
    for (let died = 0; died < 2; died += 1) await owner().find();
    for (let died = 0; died < 5; died += 1) {
      const place = owner();
      await place.find();
      const { size = 0, deaths } = place.suspect ?? {};
      seen.push([size, deaths]);
      await place.mark(7, 'a', size);
    }
    expect(seen).toEqual([
      [64, 0],
      [8, 0],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
  });

  it('is no more suspicious once all has been tried', async () => {
    const { owner, kept } = world();
    for (let died = 0; died < 4; died += 1) await owner().find();
    const place = owner();
    await place.find();
    await place.mark(7, 'a', 1);
    await place.acquit();

    expect(place.suspect).toBeUndefined();
    expect(await kept()).toMatchObject({ begun: noSuspect, left: false });
  });

  it('forgets one death when its next owner has lived for ten seconds', async () => {
    const { owner, clock, kept } = world();
    await owner().find();
    const place = owner();
    await place.find();
    await clock.advanceBy(9_999);
    place.calm();
    await clock.advanceBy(500);
    const early = (await kept())?.begun.crashes;
    place.calm();
    await clock.advanceBy(500);

    expect(early).toBe(1);
    expect((await kept())?.begun.crashes).toBe(0);
  });

  it('counts no owner that left, nor one whose lease ran out before anybody followed', async () => {
    const { owner, kept } = world();
    for (let life = 0; life < 3; life += 1) {
      const place = owner();
      await place.find();
      await place.leave();
    }
    expect(await kept()).toMatchObject({ left: true, begun: { crashes: 0 } });

    const lease = { holds: true };
    const late = owner(() => lease.holds);
    await late.find();
    late.advance(20, 0);
    lease.holds = false;
    await late.leave();
    // What it did under its lease and had not kept yet, it does not say any more.
    expect(await kept()).toMatchObject({ left: true, position: 0 });
  });

  it('is not written by an owner of before once another one has claimed it', async () => {
    const { owner, kept } = world();
    const [first, second] = [owner(), owner()];
    await first.find();
    await second.find();
    first.advance(50, 1);
    await expect(first.flush()).rejects.toThrow('revision');
    await first.leave();

    expect(await kept()).toMatchObject({ epoch: 2, position: 0, left: false });
  });

  it('is written on though the answer to a write was lost', async () => {
    const { owner, states, kept } = world();
    const place = owner();
    await place.find();
    const own = await states.read(bucket, '3');
    await states.write({ bucket, key: '3', value: own?.value ?? new Uint8Array() });
    place.advance(50, 1);
    await place.flush();
    const after = await kept();
    place.advance(60, 2);
    await place.leave();

    expect(after).toMatchObject({ epoch: 1, position: 50, left: false });
    expect(await kept()).toMatchObject({ epoch: 1, position: 60, left: true });
  });

  it('is claimed though the owner before says its last word at that moment', async () => {
    const { owner, states, kept } = world();
    const first = owner();
    await first.find();
    const second = owner();
    const claimed = second.find();
    await first.leave();
    await claimed;

    expect(await kept()).toMatchObject({ epoch: 2, left: false });
    expect((await states.read(bucket, '3'))?.revision).toBe(3);
  });

  it('takes a record that says nothing of deaths, or nonsense, for one without suspects', () => {
    const record = { position: 5, epoch: 2, published: 1, before: [], begun: noSuspect, left: true };
    const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const { begun, left, ...old } = record;

    expect(decodePlace(encodePlace(record))).toEqual(record);
    expect(decodePlace(bytes(old))).toEqual({ ...old, begun, left });
    for (const forged of [
      1,
      null,
      {},
      { ...begun, deaths: -1 },
      { ...begun, key: 7 },
      { ...begun, tried: 'x' },
      { ...begun, size: 0 },
      { ...begun, size: 65 },
    ]) {
      expect(decodePlace(bytes({ ...record, begun: forged }))).toEqual(record);
    }
  });
});

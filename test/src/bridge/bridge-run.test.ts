import { describe, expect, it } from 'vitest';
import { bridgeBucket, decodeRecord, encodeRecord } from '../../../src/bridge/bridge-record.ts';
import { BridgeWorld, type Fate } from '../../support/bridge-world.ts';
import { logEvent } from '../../support/log-event.ts';

function worldOf(fates: readonly Fate[] = [], maxEvents = 4): BridgeWorld {
  let at = 0;
  const fate = (): Fate => {
    at += 1;
    return fates[at - 1] ?? 'stored';
  };
  return new BridgeWorld({ fate, delayMs: () => 1, maxEvents });
}

const numbers = (world: BridgeWorld): unknown[] =>
  world.stored.map(({ events }) => events.map(({ data }) => data));

describe('a bridge', () => {
  it('takes over what is there, then what comes, those of one type together', async () => {
    const world = worldOf();
    await world.store.log.append([logEvent('a', 1), logEvent('b', 2), logEvent('a', 3)]);
    world.start();
    await world.clock.advanceBy(100);
    expect(numbers(world)).toEqual([[1, 3], [2]]);

    await world.store.log.append([logEvent('a', 4)]);
    await world.clock.advanceBy(100);
    expect(numbers(world)).toEqual([[1, 3], [2], [4]]);
    expect(world.run.status()).toEqual({
      state: 'up',
      reason: undefined,
      position: 4,
      lag: 0,
      forwarded: 4,
      found: 0,
      deadLettered: 0,
      lost: 0,
      forwardedAt: expect.any(Number),
    });
  });

  it('goes on where it was without looking for anything, when it was idle', async () => {
    const world = worldOf();
    await world.store.log.append([logEvent('a', 1)]);
    world.start();
    await world.clock.advanceBy(100);
    world.kill();
    await world.store.log.append([logEvent('a', 2)]);
    world.start();
    await world.clock.advanceBy(100);

    expect(numbers(world)).toEqual([[1], [2]]);
    expect(world.lookups).toBe(0);
  });

  it('finds what it has sent in another life, however long ago, and counts it', async () => {
    // Ready; the first message is stored, and the answer to it lost.
    const world = worldOf(['stored', 'unanswered']);
    await world.store.log.append([logEvent('a', 1), logEvent('b', 2)]);
    world.start();
    await world.clock.advanceBy(100);
    world.kill();
    await world.clock.advanceBy(3_600_000);
    world.start();
    await world.clock.advanceBy(100);

    expect(numbers(world)).toEqual([[1], [2]]);
    expect(world.run.status()).toMatchObject({ forwarded: 2, found: 2, lag: 0 });
    expect(world.lookups).toBe(1);
  });

  it('looks at the whole of a stream that is not the one it has sent to', async () => {
    const world = worldOf(['stored', 'stored', 'stored', 'lost']);
    await world.store.log.append([logEvent('a', 1)]);
    world.start();
    await world.clock.advanceBy(100);
    await world.store.log.append([logEvent('a', 2)]);
    await world.clock.advanceBy(100);
    world.recreate();
    await world.clock.advanceBy(10_000);

    expect(numbers(world)).toEqual([[2]]);
    expect(world.run.status()).toMatchObject({ lag: 0 });
  });

  it('hears of what is appended while it writes down how far it is', async () => {
    const world = worldOf();
    let commits = 0;
    world.afterCommit = () => {
      commits += 1;
      // Where it begins, its wave, and that the wave is over.
      if (commits === 3) void world.store.log.append([logEvent('a', 2)]);
    };
    world.start();
    await world.store.log.append([logEvent('a', 1)]);
    await world.clock.advanceBy(1_000);

    expect(numbers(world)).toEqual([[1], [2]]);
  });

  it('says what is in the way, and goes on when it is gone', async () => {
    const world = worldOf();
    world.away = true;
    await world.store.log.append([logEvent('a', 1)]);
    world.start();
    await world.clock.advanceBy(10_000);
    expect(world.run.status()).toMatchObject({
      state: 'stuck',
      reason: 'TransportError: the server is away',
      lag: 1,
    });

    world.away = false;
    await world.clock.advanceBy(3_000);
    expect(world.run.status()).toMatchObject({ state: 'up', reason: undefined, lag: 0 });
  });

  it('resolves drained when what was there then is over, and rejects it when it is closed before', async () => {
    const world = worldOf();
    world.away = true;
    world.start();
    await world.clock.advanceBy(10);
    await world.run.drained();
    await world.store.log.append([logEvent('a', 1)]);
    const drained = world.run.drained();
    drained.catch(() => {});
    const closing = world.run.close();
    await world.clock.advanceBy(5_000);
    await closing;

    await expect(drained).rejects.toThrow('the bridge far is closed');
    expect(world.run.status()).toMatchObject({ state: 'closed', lag: 1 });
  });

  it('keeps the log from removing what is not over', async () => {
    const world = worldOf();
    let lowest: () => number | Promise<number> = () => 0;
    world.store.protect = (needed) => {
      lowest = needed;
      return () => {};
    };
    world.start();
    await world.store.log.append([logEvent('a', 1), logEvent('a', 2)]);
    await world.clock.advanceBy(100);
    expect(await lowest()).toBe(3);

    world.away = true;
    await world.store.log.append([logEvent('a', 3)]);
    await world.clock.advanceBy(100);
    expect(await lowest()).toBe(3);
  });

  it('counts what was removed from the log before it was over', async () => {
    const world = worldOf();
    await world.store.log.append([logEvent('a', 1), logEvent('a', 2), logEvent('a', 3)]);
    await world.store.log.trim(3);
    world.start();
    await world.clock.advanceBy(100);

    expect(numbers(world)).toEqual([[3]]);
    expect(world.run.status()).toMatchObject({ lost: 2, forwarded: 1, position: 3 });
  });

  it('waits, and says so, when its place cannot be read', async () => {
    const world = worldOf();
    await world.store.commit({
      writes: [{ bucket: bridgeBucket, key: 'far', value: new TextEncoder().encode('{"version":2}') }],
    });
    world.start();
    await world.clock.advanceBy(100);

    expect(world.run.status().reason).toBe(
      'StorageError: how far the bridge far is cannot be read: its version is 2, and 1 is known here',
    );
  });
});

describe('the place of a bridge', () => {
  it.each([{ position: 7 }, { position: 0, wave: { to: 9, end: { stream: '2026', sequence: 12 } } }])(
    'is read as it was written: %j',
    (record) => {
      expect(decodeRecord('far', encodeRecord(record))).toEqual(record);
    },
  );

  it.each(['', '[]', '{"version":1,"position":-1}', '{"version":1,"position":1,"wave":{"to":2}}', 'null'])(
    'is refused when it is %j',
    (text) => {
      expect(() => decodeRecord('far', new TextEncoder().encode(text))).toThrow('how far the bridge far is');
    },
  );
});

import { describe, expect, it } from 'vitest';
import { StorageError } from '../../../streams/event/errors.ts';
import { assignPartitions } from '../../../src/leases/assign-partitions.ts';
import type { SnapshotEntry } from '../../../src/snapshot-store.ts';
import { all, ascending, leaseMs, leaseWorld as world, near, owners } from '../../support/lease-world.ts';

describe('PartitionLeases', () => {
  it('gives all partitions to the only member at once', async () => {
    const { clock, join } = world();
    const a = join('a');
    await clock.advanceBy(100);

    expect(a.leases.owned).toEqual(all);
    expect(a.acquired.map(([, token]) => token)).toEqual(all.map(() => 1));
  });

  it('moves to a member that joins what hashing gives it, and nothing else, within a lease', async () => {
    const { clock, join } = world();
    const a = join('a');
    await clock.advanceBy(1000);
    const b = join('b');
    await clock.advanceBy(leaseMs);

    const expected = assignPartitions(all.length, new Set(['a', 'b']));
    expect(owners([a, b])).toEqual(expected.map((owner) => [owner]));
    expect(b.acquired.every(([, token]) => token === 2)).toBe(true);
  });

  it('waits for what still runs before it hands a partition over', async () => {
    const { clock, join } = world();
    const a = join('a', near, 5000);
    await clock.advanceBy(1000);
    const b = join('b');
    await clock.advanceBy(4000);
    expect(b.leases.owned).toEqual([]);

    await clock.advanceBy(2000);
    expect(b.leases.owned.length).toBeGreaterThan(0);
    expect([...a.working].toSorted(ascending)).toEqual([...a.leases.owned].toSorted(ascending));
  });

  it('hands everything back when it leaves, so that others need not wait for the lease to run out', async () => {
    const { clock, join } = world();
    const [a, b] = [join('a'), join('b')];
    await clock.advanceBy(5000);
    const left = a.leases.close();
    await clock.advanceBy(leaseMs / 2 + 10);
    await left;

    expect(b.leases.owned.toSorted(ascending)).toEqual(all);
    expect(a.leases.owned).toEqual([]);
  });

  it('takes over what a member that was killed owned, after one lease and before two', async () => {
    const { clock, join } = world();
    const [a, b] = [join('a'), join('b')];
    await clock.advanceBy(5000);
    a.process.stop();
    const before = b.leases.owned.length;
    await clock.advanceBy(leaseMs * 0.7);
    expect(b.leases.owned).toHaveLength(before);

    await clock.advanceBy(leaseMs);
    expect(b.leases.owned.toSorted(ascending)).toEqual(all);
  });

  it('owns nothing at the first instruction after it was stopped for longer than its lease', async () => {
    const { clock, join } = world();
    const [a, b] = [join('a'), join('b')];
    await clock.advanceBy(5000);
    a.process.stop();
    await clock.advanceBy(3 * leaseMs);

    expect(a.leases.owned).toEqual([]);
    expect(all.map((partition) => a.leases.token(partition))).toEqual(all.map(() => 0));
    a.process.goOn();
    await clock.advanceBy(leaseMs);
    expect(owners([a, b]).every((names) => names.length === 1)).toBe(true);
    expect(a.leases.owned.length).toBeGreaterThan(0);
  });

  it('keeps its partitions while the store fails for less than its lease, and loses them after', async () => {
    const { clock, join } = world();
    let broken = false;
    const a = join('a', { delayMs: () => (broken ? -10 : 1) });
    await clock.advanceBy(1000);
    broken = true;
    await clock.advanceBy(leaseMs / 2);
    expect(a.leases.owned).toEqual(all);

    await clock.advanceBy(leaseMs / 2);
    expect(a.leases.owned).toEqual([]);
    expect(a.working.size).toBe(0);
    expect(a.failures.length).toBeGreaterThan(0);
    broken = false;
    await clock.advanceBy(1000);
    expect(a.leases.owned).toEqual(all);
  });

  it('does not act on a heartbeat that was answered after its lease had run out', async () => {
    let takenOver = 0;
    for (let offset = 0; offset < 500; offset += 25) {
      const { clock, join } = world();
      const delays: number[] = [];
      const a = join('a', { delayMs: () => delays.shift() ?? 1 });
      await clock.advanceBy(100 + offset);
      const b = join('b');
      await clock.advanceBy(4600 - offset);
      const owned = b.leases.owned.length;
      // The next heartbeat arrives when others may have taken what its sender owned.
      delays.push(leaseMs * 0.775, 1, leaseMs * 0.775, 1);
      for (let passed = 0; passed < 1.5 * leaseMs; passed += 5) {
        await clock.advanceBy(5);
        if (b.leases.owned.length > owned) takenOver += 1;
        expect(owners([a, b]).every((names) => names.length <= 1)).toBe(true);
      }
    }
    expect(takenOver).toBeGreaterThan(0);
  });

  it('proves nobody dead by an answer that it got long before it looked at it', async () => {
    const assigned = assignPartitions(all.length, new Set(['a', 'b']));
    for (let stopAt = 5000; stopAt < 9000; stopAt += 50) {
      const { clock, join } = world();
      const a = join('a', { delayMs: () => 250 });
      const b = join('b', { delayMs: () => 80 });
      await clock.advanceBy(stopAt);
      const mine = all.filter((partition) => assigned[partition] === 'a');
      const tokens = mine.map((partition) => a.leases.token(partition));
      b.process.stop();
      await clock.advanceBy(2 * leaseMs);
      b.process.goOn();
      await clock.advanceBy(2 * leaseMs);
      expect(mine.map((partition) => a.leases.token(partition))).toEqual(tokens);
    }
  });

  it('believes a read when a list of the store lags behind', async () => {
    const { clock, store, join } = world();
    const lagging: SnapshotEntry[] = [];
    const a = join('a');
    const b = join('b', near, 0, {
      ...store,
      read: (bucket, key) => store.read(bucket, key),
      write: (write) => store.write(write),
      list: async (bucket, options) => {
        const fresh = await store.list(bucket, options);
        return fresh.map((entry) => lagging.find(({ key }) => key === entry.key) ?? entry);
      },
    });
    await clock.advanceBy(5000);
    const tokens = all.map((partition) => a.leases.token(partition));
    lagging.push(...(await store.list('leases:billing', { prefix: 'member.a' })));
    await clock.advanceBy(3 * leaseMs);

    expect(all.map((partition) => a.leases.token(partition))).toEqual(tokens);
    expect(b.leases.owned.length).toBeGreaterThan(0);
  });

  it('does not act on what it took before its lease ran out, when the answer comes after it has a new one', async () => {
    const { clock, store, join } = world();
    const answers: (() => void)[] = [];
    let down = false;
    const a = join('a', near, 0, {
      name: store.name,
      read: (bucket, key) => store.read(bucket, key),
      list: (bucket, options) => store.list(bucket, options),
      write: async (write) => {
        if (down) throw new StorageError('no way to the store');
        const revision = await store.write(write);
        if (write.key.startsWith('partition.')) await new Promise<void>((resolve) => answers.push(resolve));
        return revision;
      },
    });
    await clock.advanceBy(100);
    const b = join('b');
    down = true;
    await clock.advanceBy(2 * leaseMs);
    expect(b.leases.owned).toHaveLength(all.length);
    down = false;
    await clock.advanceBy(leaseMs / 4 + 10);
    for (const answer of answers.splice(0)) answer();
    // The next look at the board would find it out, a few milliseconds later: too late for what started meanwhile.
    for (let passed = 0; passed < 10; passed += 1) {
      await clock.advanceBy(1);
      expect(owners([a, b]).every((names) => names.length <= 1)).toBe(true);
    }
    expect(a.acquired).toEqual([]);
  });

  it('takes what a forged entry holds, above every token that there was', async () => {
    const { clock, store, join } = world();
    const forged = new TextEncoder().encode('{"owner": 7, "token": "x"}');
    for (let write = 0; write < 5; write += 1) {
      await store.write({ bucket: 'leases:billing', key: 'partition.3', value: forged });
    }
    await store.write({ bucket: 'leases:billing', key: 'member.ghost', value: forged });
    const a = join('a');
    await clock.advanceBy(1000);

    expect(a.leases.owned).toEqual(all);
    expect(a.leases.token(3)).toBeGreaterThan(5);
  });

  it('takes what is forged for an owner that nobody ever saw, and with a token that no owner can have had', async () => {
    const { clock, store, join } = world();
    const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const entries = [
      { owner: 'ghost', token: 1 },
      { owner: 'ghost', token: Number.MAX_SAFE_INTEGER },
      { owner: undefined, token: Number.MAX_SAFE_INTEGER },
    ];
    for (const [number, entry] of entries.entries()) {
      await store.write({ bucket: 'leases:billing', key: `partition.${number}`, value: text(entry) });
    }
    const a = join('a');
    await clock.advanceBy(4 * leaseMs);

    expect(a.leases.owned.toSorted((x, y) => x - y)).toEqual(all);
    for (const number of entries.keys()) expect(a.leases.token(number)).toBeLessThan(100);
  });

  it('clears the board of members that are long gone', async () => {
    const { clock, store, join } = world();
    const gone = join('gone');
    join('a');
    await clock.advanceBy(1000);
    gone.process.stop();
    await clock.advanceBy(12 * leaseMs);

    const keys = (await store.list('leases:billing', { prefix: 'member.' })).map(({ key }) => key);
    expect(keys).toEqual(['member.a']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPartitions } from '../../../src/leases/assign-partitions.ts';

const someMembers = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
});

describe('assignPartitions', () => {
  it('gives every partition an owner, and no member more than its even share, rounded up', () => {
    fc.assert(
      fc.property(someMembers, fc.integer({ min: 1, max: 256 }), (members, partitions) => {
        const owners = assignPartitions(partitions, new Set(members));

        expect(owners).toHaveLength(partitions);
        const loads = members.map((member) => owners.filter((owner) => owner === member).length);
        expect(loads.reduce((sum, load) => sum + load, 0)).toBe(partitions);
        expect(Math.max(...loads)).toBeLessThanOrEqual(Math.ceil(partitions / members.length));
      }),
    );
  });

  it('decides the same for members in any order', () => {
    fc.assert(
      fc.property(someMembers, fc.integer({ min: 1, max: 64 }), (members, partitions) => {
        const owners = assignPartitions(partitions, new Set(members));
        expect(assignPartitions(partitions, new Set(members.toReversed()))).toEqual(owners);
      }),
    );
  });

  it('moves little more than its share to a member that joins, and back when it leaves', () => {
    // Counted over 200 groups of each size: what hashing does on average, not in one case.
    for (const size of [1, 2, 3, 4, 6, 8]) {
      let moved = 0;
      for (let group = 0; group < 200; group += 1) {
        const members = Array.from({ length: size }, (_, index) => `${group}-${index}`);
        const before = assignPartitions(64, new Set(members));
        const after = assignPartitions(64, new Set([...members, `${group}-joins`]));
        moved += before.filter((owner, partition) => owner !== after[partition]).length;
      }
      const share = 64 / (size + 1);
      expect(moved / 200).toBeGreaterThan(0.9 * share);
      expect(moved / 200).toBeLessThan(1.6 * share);
    }
  });

  it('owns nothing without members', () => {
    expect(assignPartitions(16, new Set())).toEqual([]);
  });
});

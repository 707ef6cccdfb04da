import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedHashes } from '../../../src/log/sorted-hashes.ts';
import '../../support/property-seed.ts';

/** Few low, middle and high digits, so that whole hashes are equal at times, and parts of them often. */
const hash = fc
  .tuple(fc.constantFrom(0, 1, 2_047), fc.constantFrom(0, 5, 2_047), fc.constantFrom(0, 3, 1_023))
  .map(([low, middle, high]) => (high * 2 ** 22 + middle * 2 ** 11 + low) >>> 0);

describe('sorted hashes', () => {
  it('are in ascending order, the places of equal ones in the order in which they came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hash, fc.integer({ min: 0, max: 0xffff_ffff })), { maxLength: 5_000, size: 'max' }),
        (drawn) => {
          const given = Uint32Array.from(drawn);
          const { hashes, places } = sortedHashes(given, Uint16Array.from(drawn.keys()));
          const expected = [...drawn.entries()].toSorted(([at, a], [to, b]) => a - b || at - to);

          expect([...hashes]).toEqual(expected.map(([, value]) => value));
          expect([...places]).toEqual(expected.map(([at]) => at));
          expect([...given]).toEqual(drawn);
        },
      ),
    );
  });
});

import fc from 'fast-check';
import { from, range } from 'rxjs';
import { sample } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';
import { emissionsOf } from '../../support/run-pipeline.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';

const chosen = (count: number, share: number): number[] =>
  emissionsOf(range(0, count).pipe(sample({ share, key: (n) => `user-${n}` })));

describe('sample', () => {
  it('passes all values of a key, or none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (names, share) => {
          const kept = new Set(emissionsOf(from(names).pipe(sample({ share, key: (name) => name }))));
          expect(emissionsOf(from(names).pipe(sample({ share, key: (name) => name })))).toEqual(
            names.filter((name) => kept.has(name)),
          );
        },
      ),
    );
  });

  it('passes about the share of the keys, and with a larger share those of a smaller one too', () => {
    const some = chosen(20_000, 0.1);
    expect(Math.abs(some.length / 20_000 - 0.1)).toBeLessThan(0.01);
    const more = new Set(chosen(20_000, 0.3));
    expect(some.every((n) => more.has(n))).toBe(true);
    expect([chosen(1_000, 0).length, chosen(1_000, 1).length]).toEqual([0, 1_000]);
  });

  it('passes about the share at random', () => {
    const random = seededRandom(7);
    const kept = emissionsOf(range(0, 20_000).pipe(sample({ share: 0.25, random })));
    expect(Math.abs(kept.length / 20_000 - 0.25)).toBeLessThan(0.02);
  });

  it.each<[Parameters<typeof sample>[0], RegExp]>([
    [{ share: 1.5, random: () => 0 }, /share must be a number from 0 to 1, got 1.5/],
    [{ share: NaN, random: () => 0 }, /share must be a number from 0 to 1, got NaN/],
    [{ share: 0.5 }, /sample needs a key or a random source/],
    [{ share: 0.5, key: () => 'a', random: () => 0 }, /not by both/],
  ])('refuses %j', (options, message) => {
    expect(() => sample(options)).toThrow(message);
  });
});

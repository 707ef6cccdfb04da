import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LaneRounds, type LaneWeights } from '../../../streams/queue/lane-rounds.ts';

const all = 0b1111;
const weight = fc.integer({ min: 1, max: 20 });
const someWeights: fc.Arbitrary<LaneWeights> = fc.tuple(weight, weight, weight, weight);
const occupancies = fc.array(fc.integer({ min: 1, max: all }), { minLength: 1, maxLength: 400, size: 'max' });

describe('LaneRounds', () => {
  it('spends 8, 4, 2 and 1 picks of a round on full lanes', () => {
    const rounds = new LaneRounds([8, 4, 2, 1]);
    const picks = Array.from({ length: 30 }, () => rounds.pick(all)).join('');

    expect(picks).toBe('000000001111223'.repeat(2));
  });

  it('begins a new round rather than pick nothing', () => {
    const rounds = new LaneRounds([8, 4, 2, 1]);

    expect(Array.from({ length: 5 }, () => rounds.pick(0b1000))).toEqual([3, 3, 3, 3, 3]);
    expect(rounds.pick(all)).toBe(0);
  });

  it('never picks an empty lane', () => {
    fc.assert(
      fc.property(someWeights, occupancies, (weights, history) => {
        const rounds = new LaneRounds(weights);
        for (const occupied of history) expect(occupied & (1 << rounds.pick(occupied))).not.toBe(0);
      }),
    );
  });

  it('picks an occupied lane after at most 2 · (W − w) picks of others, for every history', () => {
    fc.assert(
      fc.property(someWeights, occupancies, fc.nat(3), (weights, history, lane) => {
        const rounds = new LaneRounds(weights);
        for (const occupied of history) rounds.pick(occupied);
        const sum = weights.reduce((total, each) => total + each, 0);
        const bound = 2 * (sum - (weights[lane] ?? 0));
        for (let others = 0; others <= bound; others += 1) {
          if (rounds.pick((history[others % history.length] ?? 0) | (1 << lane)) === lane) return;
        }
        expect.fail(`lane ${lane} still waits after ${bound} picks of others`);
      }),
    );
  });

  it('is plain priority with infinite weights', () => {
    fc.assert(
      fc.property(occupancies, (history) => {
        const rounds = new LaneRounds([Infinity, Infinity, Infinity, Infinity]);
        for (const occupied of history) {
          expect(rounds.pick(occupied)).toBe([0, 1, 2, 3].find((lane) => (occupied & (1 << lane)) !== 0));
        }
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, '8'])(
    'refuses a weight of %j, which would starve its lane or mean nothing',
    (bad) => {
      expect(() => new LaneRounds([8, 4, 2, bad as number])).toThrow(RangeError);
    },
  );

  it('refuses anything but four weights', () => {
    const three = [8, 4, 2] as unknown as LaneWeights;

    expect(() => new LaneRounds(three)).toThrow('weights must be four numbers, got an array of 3');
  });
});

import { describe, expect, it } from 'vitest';
import { Aging } from '../../../streams/queue/aging.ts';

describe('Aging', () => {
  it('lifts by one lane for every agingMs waited, up to the ceiling', () => {
    const aging = new Aging(10, 'high');

    expect([0, 9, 10, 19, 20, 1_000].map((waitedMs) => aging.level(3, waitedMs))).toEqual([3, 3, 2, 2, 1, 1]);
    expect([0, 1_000].map((waitedMs) => aging.level(1, waitedMs))).toEqual([1, 1]);
  });

  it('leaves what is above the ceiling where it is', () => {
    const aging = new Aging(10, 'normal');

    expect([aging.level(0, 1_000), aging.level(1, 1_000), aging.level(3, 1_000)]).toEqual([0, 1, 2]);
  });

  it('sinks nothing when time has gone back', () => {
    expect(new Aging(10, 'critical').level(2, -50)).toBe(2);
  });

  it('carries what waiting has earned into a more urgent lane, and no more than that', () => {
    const aging = new Aging(10, 'critical');
    // 25 in lane 3 make it count as lane 1; in lane 2 that takes 15, in lane 1 none.
    expect(aging.carry(0, 3, 2, 25)).toBe(10);
    expect(aging.carry(0, 3, 1, 25)).toBe(20);
    expect(aging.carry(0, 3, 0, 25)).toBe(25);
  });

  it('adds no waiting for a step down', () => {
    expect(new Aging(10, 'critical').carry(20, 0, 3, 25)).toBe(20);
  });
});

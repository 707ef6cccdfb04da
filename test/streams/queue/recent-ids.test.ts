import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentIds } from '../../../streams/queue/recent-ids.ts';
import { bytesInUse } from '../../support/heap.ts';

type Step =
  | { readonly do: 'add' | 'has' | 'forget'; readonly id: string; readonly ms: number }
  | { readonly do: 'clear'; readonly id: ''; readonly ms: number };

const ms = fc.integer({ min: -5, max: 20 });
// Of the UUIDs the first two meet in one bucket, the third is the first in another writing.
const uuids = [
  '0199aa5f-3c2e-7000-8000-00000000000a',
  '0199aa5f-3c2e-7000-8000-10000000000a',
  '0199AA5F-3C2E-7000-8000-00000000000A',
  '0199aa5f-3c2e-7000-8000-00000000000b',
];
const id = fc.constantFrom('a', 'b', '__proto__', '', ...uuids);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('add' as const, 'has' as const), id, ms }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('forget' as const), id, ms }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('clear' as const), id: fc.constant('' as const), ms }),
    },
  ),
  { maxLength: 200, size: 'max' },
);

describe('RecentIds', () => {
  it('may be bounded by its window alone', () => {
    const recent = new RecentIds({ windowMs: 10, maxIds: Infinity });
    for (let n = 0; n < 1_000; n += 1) recent.add(`id ${n}`, 0);

    expect(recent.size).toBe(1_000);
    expect(recent.has('id 0', 9)).toBe(true);
    expect(recent.has('id 0', 10)).toBe(false);
  });

  it('is exact within both bounds, for every history', () => {
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom(1, 10, 50),
        fc.constantFrom(1, 2, 3, 100),
        (plan, windowMs, maxIds) => {
          const recent = new RecentIds({ windowMs, maxIds });
          let added: { readonly id: string; readonly at: number; forgotten: boolean }[] = [];
          let now = 0;
          let latest = -Infinity;
          for (const step of plan) {
            now += step.ms;
            // Only these are told the time; what goes back is taken to stand still.
            if (step.do === 'add' || step.do === 'has') latest = Math.max(latest, now);
            if (step.do === 'clear') {
              recent.clear();
              added = [];
              continue;
            }
            const live = added.filter(({ at }) => latest - at < windowMs).slice(-maxIds);
            const known = live.find((addition) => addition.id === step.id && !addition.forgotten);
            if (step.do === 'has') {
              expect(recent.has(step.id, now)).toBe(known !== undefined);
            } else if (step.do === 'add') {
              expect(recent.add(step.id, now)).toBe(known === undefined);
              if (known === undefined) added.push({ id: step.id, at: latest, forgotten: false });
            } else {
              recent.forget(step.id);
              for (const addition of added) if (addition.id === step.id) addition.forgotten = true;
            }
          }
          expect(recent.size).toBeLessThanOrEqual(maxIds);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not remember an id for longer because it came again', () => {
    const recent = new RecentIds({ windowMs: 1_000 });
    recent.add('a', 0);
    recent.add('a', 900);

    expect([recent.has('a', 999), recent.has('a', 1_000)]).toEqual([true, false]);
  });

  it('remembers an id that was forgotten and came again for its full time', () => {
    const recent = new RecentIds({ windowMs: 1_000 });
    recent.add('a', 0);
    recent.forget('a');
    recent.add('a', 900);

    expect([recent.has('a', 1_000), recent.has('a', 1_899), recent.has('a', 1_900)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('remembers an id for its full time that comes when thousands have been forgotten', () => {
    const recent = new RecentIds({ windowMs: 100 });
    const ids = Array.from(
      { length: 5_000 },
      (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    );
    for (const id of ids.slice(0, 4_000)) recent.add(id, 0);
    for (const id of ids.slice(0, 4_000)) recent.forget(id);
    const later = ids.slice(4_000);
    for (const id of later) recent.add(id, 50);

    expect(later.every((id) => recent.has(id, 149))).toBe(true);
    expect(later.some((id) => recent.has(id, 150))).toBe(false);
  });

  it('is bounded in memory, and gives it back', () => {
    const recent = new RecentIds({ windowMs: 1_000, maxIds: 10_000 });
    const before = bytesInUse();
    for (let i = 0; i < 500_000; i += 1) recent.add(`event ${i}`, 0);
    expect(recent.size).toBe(10_000);
    expect(bytesInUse() - before).toBeLessThan(3_000_000);

    recent.has('', 1_000);
    expect(recent.size).toBe(0);
    expect(bytesInUse() - before).toBeLessThan(500_000);
  });

  it('keeps no text of UUIDs', () => {
    const recent = new RecentIds({ windowMs: 1_000, maxIds: 10_000 });
    const before = bytesInUse();
    for (let i = 0; i < 100_000; i += 1) recent.add(uuidOf(i), 0);
    expect(recent.size).toBe(10_000);
    expect(bytesInUse() - before).toBeLessThan(800_000);
    expect([recent.has(uuidOf(89_999), 0), recent.has(uuidOf(90_000), 0)]).toEqual([false, true]);

    recent.has('', 1_000);
    expect(recent.size).toBe(0);
    expect(bytesInUse() - before).toBeLessThan(100_000);
  });

  it.each([
    [262_144, 36],
    [262_145, 72],
  ])('takes for %i UUIDs %i bytes each', (count, bytes) => {
    const before = bytesInUse();
    const recent = new RecentIds({ maxIds: Infinity });
    for (let i = 0; i < count; i += 1) recent.add(uuidOf(i), 0);
    const each = (bytesInUse() - before) / count;
    expect(Math.abs(each - bytes)).toBeLessThan(12);
    expect(recent.size).toBe(count);
  });

  it('is exact for ids that were chosen to meet in one bucket', () => {
    const recent = new RecentIds({ windowMs: 1_000, maxIds: 1_000 });
    const met = (i: number): string => uuidOf(i * 2 ** 16);
    for (let i = 0; i < 3_000; i += 1) expect(recent.add(met(i), 0)).toBe(true);

    expect(recent.size).toBe(1_000);
    for (let i = 0; i < 3_000; i += 1) expect(recent.has(met(i), 0)).toBe(i >= 2_000);
    recent.forget(met(2_500));
    expect([recent.has(met(2_500), 0), recent.add(met(2_500), 0)]).toEqual([false, true]);
  });

  it.each([
    [{ windowMs: 0 }, 'windowMs must be above 0, got 0'],
    [{ windowMs: NaN }, 'windowMs must be above 0, got NaN'],
    [{ windowMs: '1000' as never }, 'windowMs must be above 0, got "1000"'],
    [{ maxIds: 0 }, 'maxIds must be an integer of at least 1, or Infinity, got 0'],
    [{ maxIds: 2.5 }, 'maxIds must be an integer of at least 1, or Infinity, got 2.5'],
    [{ maxIds: '3' as never }, 'maxIds must be an integer of at least 1, or Infinity, got "3"'],
  ])('refuses %j', (options, message) => {
    expect(() => new RecentIds(options)).toThrow(message);
  });
});

function uuidOf(n: number): string {
  return `0199aa5f-3c2e-7000-8000-0000${n.toString(16).padStart(8, '0')}`;
}

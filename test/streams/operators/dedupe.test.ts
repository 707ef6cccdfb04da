import fc from 'fast-check';
import { from, of, Subject } from 'rxjs';
import { dedupe } from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { emissionsOf } from '../../support/run-pipeline.ts';

describe('dedupe', () => {
  it('passes exactly what has not passed within the window, nor among the last maxIds', () => {
    const values = fc
      .array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), after: fc.nat(40) }))
      .map((drawn) => {
        let time = 0;
        return drawn.map(({ id, after }) => ({ id, time: (time += after) }));
      });
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 3 }),
        (all, windowMs, maxIds) => {
          const passed: { id: string; time: number }[] = [];
          const naive = all.filter(({ id, time }) => {
            const recent = passed.slice(-maxIds).filter((one) => time - one.time < windowMs);
            if (recent.some((one) => one.id === id)) return false;
            passed.push({ id, time });
            return true;
          });
          const duplicates: unknown[] = [];
          const operator = dedupe<(typeof all)[number]>({
            windowMs,
            maxIds,
            time: ({ time }) => time,
            duplicates: { next: (one) => duplicates.push(one) },
          });
          expect(emissionsOf(from(all).pipe(operator))).toEqual(naive);
          expect(duplicates).toEqual(all.filter((one) => !naive.includes(one)));
        },
      ),
    );
  });

  it('measures its window by the clock', () => {
    const clock = createVirtualClock();
    const source = new Subject<string>();
    const seen: string[] = [];
    source.pipe(dedupe({ id: (name) => name, windowMs: 100, clock })).subscribe((name) => seen.push(name));
    source.next('a');
    clock.advanceBySync(99);
    source.next('a');
    clock.advanceBySync(1);
    source.next('a');
    expect(seen).toEqual(['a', 'a']);
  });

  it('fails for an id that is no text', () => {
    expect(() => emissionsOf(of({ id: 3 }).pipe(dedupe({ windowMs: Infinity })))).toThrow(
      'the id of a value must be a string, got 3',
    );
  });

  it.each([
    [{}, /dedupe needs a clock or a time selector/],
    [{ clock: createVirtualClock(), time: () => 1 }, /not by both/],
    [{ windowMs: 0 }, /windowMs must be above 0, got 0/],
    [{ windowMs: Infinity, maxIds: 0 }, /maxIds must be/],
  ])('refuses %j', (options, message) => {
    expect(() => dedupe(options)).toThrow(message);
  });
});

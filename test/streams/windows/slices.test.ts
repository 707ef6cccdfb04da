import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forEachSlice, sliceAt, windowsOf } from '../../../streams/windows/slices.ts';

const grids = fc
  .record({ hopMs: fc.integer({ min: 1, max: 20 }), more: fc.nat(40), offsetMs: fc.nat(19) })
  .map(({ hopMs, more, offsetMs }) => ({ hopMs, sizeMs: hopMs + more, offsetMs: offsetMs % hopMs }));

describe('slices', () => {
  it('hold their times, and no window cuts one', () => {
    fc.assert(
      fc.property(grids, fc.nat(200), (grid, time) => {
        const slice = sliceAt(grid, time);
        expect(slice.start).toBeLessThanOrEqual(time);
        expect(slice.end).toBeGreaterThan(time);
        for (let at = slice.start; at < slice.end; at += 1) expect(sliceAt(grid, at)).toEqual(slice);
        const { first, last } = windowsOf(grid, slice);
        const holding: number[] = [];
        for (let start = time - 70; start <= time; start += 1) {
          const onGrid = (start - grid.offsetMs) % grid.hopMs === 0;
          if (onGrid && start <= time && time < start + grid.sizeMs) holding.push(start);
        }
        expect([first, last]).toEqual([holding[0], holding.at(-1)]);
      }),
    );
  });

  it('make up each window without a gap', () => {
    fc.assert(
      fc.property(grids, fc.nat(10), (grid, hops) => {
        const start = grid.offsetMs + hops * grid.hopMs;
        let at = start;
        forEachSlice(grid, start, (slice) => {
          expect(slice).toBe(at);
          at = sliceAt(grid, slice).end;
        });
        expect(at).toBe(start + grid.sizeMs);
      }),
    );
  });
});

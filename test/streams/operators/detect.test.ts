import { from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { detectAbsence, detectCount, detectSequence, Watermark, withoutWatermarks } from 'breakwater/streams';
import { is, type Letter, letterAt as at, letters } from '../../support/letters.ts';
import { itIsAnOperator, type Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

const times = ({ events }: { readonly events: readonly Letter[] }): number[] =>
  events.map(({ time }) => time);

describe('detectSequence', () => {
  itIsAnOperator({ operator: () => detectSequence<Timed>([() => true]) });

  function sequencesIn(text: string, options: Parameters<typeof detectSequence<Letter>>[1]): number[][] {
    const found = from(letters(text)).pipe(
      detectSequence([is('a'), is('b'), is('c')], { order: 'arrival', ...options }),
      withoutWatermarks(),
      map(times),
    );
    return emissionsOf(found);
  }

  it('skips events that do not fit, unless it is strict', () => {
    expect(sequencesIn('axbcabc', {})).toEqual([
      [1, 3, 4],
      [5, 6, 7],
    ]);
    expect(sequencesIn('axbcabc', { strict: true })).toEqual([[5, 6, 7]]);
  });

  it('gives what has timed out as far as it came', () => {
    const timedOut: number[][] = [];
    const options = {
      withinMs: 3,
      timedOut: { next: (run: { events: readonly Letter[] }) => timedOut.push(times(run)) },
    };

    expect(sequencesIn('ab  c', options)).toEqual([]);
    expect(timedOut).toEqual([[1, 2]]);
  });

  it('refuses to look for nothing', () => {
    expect(() => detectSequence([])).toThrow(new TypeError('detectSequence needs a condition at least'));
  });
});

describe('detectCount', () => {
  itIsAnOperator({ operator: () => detectCount<Timed>(() => true, { count: 1, withinMs: 10 }) });

  function countsIn(text: string, options: { overlapping?: boolean; count?: number }): number[][] {
    const found = from(letters(text)).pipe(
      detectCount(is('a'), { count: 2, withinMs: 3, order: 'arrival', ...options }),
      withoutWatermarks(),
      map(times),
    );
    return emissionsOf(found);
  }

  it('begins anew after a match, unless matches may overlap', () => {
    expect(countsIn('aaaa', {})).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(countsIn('aaaa', { overlapping: true })).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  it('counts no event as old as the time allowed', () => {
    expect(countsIn('a xa', {})).toEqual([]);
    expect(countsIn('a a', {})).toEqual([[1, 3]]);
  });

  it('counts further than patterns have runs by default', () => {
    const many = Array.from({ length: 1_500 }, (_, time) => ({ what: 'a', time }));
    const found = from(many).pipe(detectCount(is('a'), { count: 1_500, withinMs: 1e6, order: 'arrival' }));

    expect(emissionsOf(found)).toHaveLength(1);
  });

  it('refuses a count of 0 and no time', () => {
    expect(() => detectCount(is('a'), { count: 0, withinMs: 1 })).toThrow(/count must be a whole number/u);
    expect(() => detectCount(is('a'), { count: 1, withinMs: 0 })).toThrow(/withinMs must be milliseconds/u);
  });
});

describe('detectAbsence', () => {
  itIsAnOperator({ operator: () => detectAbsence<Timed>(() => true, { forMs: 10 }) });

  it('finds silence after any event, or after those of one kind', () => {
    const items = [at(10, 'a'), at(20, 'b'), at(25, 'x'), new Watermark(100)];
    const silences = (options: { forMs: number; after?: (letter: Letter) => boolean }): unknown[] =>
      emissionsOf(
        from(items).pipe(
          detectAbsence(is('b'), options),
          withoutWatermarks(),
          map(({ after, end }) => [after.what, after.time, end]),
        ),
      );

    expect(silences({ forMs: 30 })).toEqual([['b', 20, 50]]);
    expect(silences({ forMs: 10, after: is('a') })).toEqual([['a', 10, 20]]);
    expect(silences({ forMs: 11, after: is('a') })).toEqual([]);
  });

  it('refuses no wait', () => {
    expect(() => detectAbsence(is('a'), { forMs: 0 })).toThrow(/forMs must be milliseconds/u);
  });
});

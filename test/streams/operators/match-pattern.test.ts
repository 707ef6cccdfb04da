import { from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type FailedValue,
  matchPattern,
  type MatchPatternOptions,
  type PartialMatch,
  pattern,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import {
  aThenB as ab,
  is,
  type Letter,
  letterAt as at,
  type LetterItem as Item,
  matchesIn,
  shown,
} from '../../support/letters.ts';
import { itIsAnOperator, marbles, type Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

const until = (time: number): Watermark => new Watermark(time);

describe('matchPattern', () => {
  const any = pattern<Timed>().begin('any');
  itIsAnOperator({ operator: () => matchPattern(any, { key: (value) => value.key }) });

  it('emits a match when the watermark has passed its last event, and the watermark after it', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot<Item>('ba-v-w---|', { b: at(4, 'b'), a: at(2, 'a'), v: until(4), w: until(5) });
      const matches = source.pipe(matchPattern(ab, { key: ({ key }) => key }));

      const events = { a: [at(2, 'a')], b: [at(4, 'b')] };
      const match = { key: 'k', events, start: 2, end: 4, time: 4, late: 0, id: 'matchPattern/k#0:1;1:2' };
      expectObservable(matches).toBe('---v-(mw)|', {
        m: match,
        v: until(4),
        w: until(5),
      });
    });
  });

  it('looks at events as they come when told to trust their order', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot<Item>('ab|', { b: at(4, 'b'), a: at(9, 'a') });
      const matches = source.pipe(matchPattern(ab, { order: 'arrival' }), withoutWatermarks(), map(shown));

      expectObservable(matches).toBe('-m|', { m: 'a:a9 b:b4' });
    });
  });

  it('keeps keys apart', () => {
    const events = [at(1, 'a', 'x'), at(2, 'b', 'y'), at(3, 'b', 'x')];
    const matches = from(events).pipe(
      withWatermarks(),
      matchPattern(ab, { key: ({ key }) => key }),
      withoutWatermarks(),
    );

    expect(emissionsOf(matches).map(({ key, end }) => [key, end])).toEqual([['x', 3]]);
  });

  it('waits from the first watermark for what is not to come, unless keys are kept apart', () => {
    const quiet = pattern<Letter>().absentFor(5, is('x')).begin('a', is('a'));
    const starts = (items: readonly Item[], keyed: boolean): number[] =>
      emissionsOf(
        from(items).pipe(
          matchPattern(quiet, keyed ? { key: ({ key }) => key } : {}),
          withoutWatermarks(),
          map(({ end }) => end),
        ),
      );

    expect(starts([until(10), at(14, 'a'), at(15, 'a')], false)).toEqual([15]);
    expect(starts([until(10), at(14, 'a'), at(15, 'a')], true)).toEqual([]);
    expect(starts([at(14, 'a'), at(15, 'a')], false)).toEqual([]);
  });

  it('shows conditions what earlier stages have taken', () => {
    const echo = pattern<Letter>()
      .begin('first', is('a'))
      .times(2)
      .next('last', (letter, so) => letter.time === so.first[0].time + 3 && so.last.length === 0);

    expect(matchesIn('aa aa b', echo)).toEqual([
      'first:a1,a2 last:a4',
      'first:a2,a4 last:a5',
      'first:a4,a5 last:b7',
    ]);
  });

  it('asks a condition without a second parameter once an event', () => {
    let asked = 0;
    const costly = (letter: Letter): boolean => {
      asked += 1;
      return letter.what === 'b';
    };
    matchesIn('aaaab', pattern<Letter>().begin('a', is('a')).followedBy('b', costly));

    expect(asked).toBe(4);
  });
});

describe('what matchPattern gives up', () => {
  it('is late, and goes to the side output or is counted on the next match', () => {
    const late: Letter[] = [];
    const items = [until(5), at(4, 'a'), at(6, 'a'), at(7, 'b')];

    emissionsOf(from(items).pipe(matchPattern(ab, { late: { next: (letter) => late.push(letter) } })));
    expect(late).toEqual([at(4, 'a')]);
    expect(
      emissionsOf(from([until(6), at(6, 'a'), at(7, 'b')]).pipe(matchPattern(ab), withoutWatermarks())),
    ).toMatchObject([{ start: 6, late: 0 }]);
    const [match] = emissionsOf(from(items).pipe(matchPattern(ab), withoutWatermarks()));
    expect(match).toMatchObject({ start: 6, late: 1 });
  });

  it('is timed out, with what it had taken', () => {
    const timedOut: PartialMatch<object>[] = [];
    matchesIn('a    b', ab.within(3), { timedOut: { next: (partial) => timedOut.push(partial) } });

    expect(timedOut.map((partial) => [shown(partial), partial.end, partial.reason])).toEqual([
      ['a:a1 b:', 4, 'timed-out'],
    ]);
  });

  it('is unfinished when the source ends', () => {
    const ended: string[] = [];
    matchesIn('xa', ab, { timedOut: { next: ({ reason, start }) => ended.push(`${reason} ${start}`) } });

    expect(ended).toEqual(['ended 2']);
  });

  it('has failed, and leaves the runs as they were', () => {
    const failed: FailedValue<Letter>[] = [];
    const touchy = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy('b', (letter, _so) => {
        if (letter.what === '!') throw new Error('no');
        return letter.what === 'b';
      });
    const options = { errors: { next: (value: FailedValue<Letter>) => failed.push(value) } };

    expect(matchesIn('aa!b', touchy, options)).toEqual(['a:a1 b:b4', 'a:a2 b:b4']);
    expect(failed).toEqual([{ value: { what: '!', time: 3 }, error: new Error('no') }]);
    expect(() => matchesIn('a!', touchy)).toThrow('no');
  });

  it('has no usable time or key, and goes to errors', () => {
    const failed: unknown[] = [];
    const bad = [{ what: 'a', time: Number.NaN }, { what: 'a', time: -1 }, { what: 'a' } as Letter];
    const options: MatchPatternOptions<Letter, object, string> = {
      key: (letter) => (letter.key ?? '').trim(),
      errors: { next: ({ error }) => failed.push(error) },
    };
    emissionsOf(from<Item[]>([...bad, at(1, 'a', 5 as unknown as string)]).pipe(matchPattern(ab, options)));

    expect(failed).toHaveLength(4);
    expect(failed.slice(0, 3)).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'ERR_VALIDATION' })));
  });
});

describe('the options of matchPattern', () => {
  it.each(['maxPartials', 'maxEvents', 'maxKeys', 'maxBuffered'])('refuse a %s below 1', (name) => {
    expect(() => matchPattern(ab, { [name]: 0 })).toThrow(
      new RangeError(`${name} must be a whole number of at least 1, or Infinity, got 0`),
    );
  });

  it('refuse another order, and take the default by its name', () => {
    expect(matchesIn('ab', ab, { order: 'event-time' })).toEqual(['a:a1 b:b2']);
    expect(() => matchPattern(ab, { order: 'any' as 'arrival' })).toThrow(
      new TypeError('order must be event-time or arrival, got "any"'),
    );
  });
});

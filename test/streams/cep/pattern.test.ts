import { from, map, type Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern, pattern, Watermark, withoutWatermarks } from 'breakwater/streams';
import {
  aThenB as ab,
  is,
  type Letter,
  letterAt as at,
  type LetterItem as Item,
  matchesIn,
  shown,
} from '../../support/letters.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

const until = (time: number): Watermark => new Watermark(time);

describe('the repetition of a stage', () => {
  const many = pattern<Letter>().begin('a', is('a')).oneOrMore();
  const thenB = <S>(sought: { followedBy: (name: 'b', condition: (letter: Letter) => boolean) => S }): S =>
    sought.followedBy('b', is('b'));

  it('tries every number by default', () => {
    expect(matchesIn('aab', thenB(many).once())).toEqual(['a:a1 b:b3', 'a:a1,a2 b:b3'].toReversed());
  });

  it('takes as many as it can when greedy, also of what the next stage wants', () => {
    const sought = many
      .greedy()
      .followedBy('x', (letter) => letter.what !== 'c')
      .once();

    expect(matchesIn('aab', sought)).toEqual(['a:a1,a2 x:b3']);
  });

  it('gives way to the next stage when reluctant', () => {
    const sought = many
      .reluctant()
      .followedBy('x', (letter) => letter.time > 2)
      .once();

    expect(matchesIn('aaab', sought)).toEqual(['a:a1,a2 x:a3']);
  });

  it('leaves an optional reluctant stage out where the next fits', () => {
    const sought = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy('maybe')
      .reluctant()
      .optional()
      .followedBy('b', is('b'))
      .once();

    expect(matchesIn('ab', sought)).toEqual(['a:a1 maybe: b:b2']);
    expect(matchesIn('axb', sought)).toEqual(['a:a1 maybe:x2 b:b3']);
  });

  it('leaves an optional reluctant first stage out where the next fits', () => {
    const sought = pattern<Letter>().begin('any').reluctant().optional().followedBy('b', is('b'));

    expect(matchesIn('bb', sought)).toEqual(['any: b:b1', 'any: b:b2']);
    expect(matchesIn('ab', sought)).toEqual(['any:a1 b:b2', 'any: b:b2']);
  });

  it('is complete at its least when it is reluctant and last', () => {
    expect(matchesIn('aaaa', pattern<Letter>().begin('a', is('a')).times(2, 9).reluctant().once())).toEqual([
      'a:a1,a2',
    ]);
  });

  it('takes no more after until', () => {
    const sought = many.until(is('x')).followedBy('b', is('b')).once();

    expect(matchesIn('aaxab', sought)).toEqual(['a:a1,a2 b:b5', 'a:a1 b:b5']);
  });

  it('ends a run that until leaves with too few', () => {
    const sought = pattern<Letter>().begin('a', is('a')).times(2).until(is('x')).followedBy('b', is('b'));

    expect(matchesIn('axaab', sought)).toEqual(['a:a3,a4 b:b5']);
  });
});

describe('a stage of several conditions', () => {
  it('takes the event under the first that it fits, for either', () => {
    const sought = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy({ either: { b: is('b'), late: ({ time }: Letter) => time > 3 } });

    expect(matchesIn('a  b', sought)).toEqual(['a:a1 b:b4 late:']);
    expect(matchesIn('a  c', sought)).toEqual(['a:a1 b: late:c4']);
  });

  it('waits for each in any order, for all; one event may serve several', () => {
    const sought = pattern<Letter>()
      .begin({ all: { a: is('a'), early: ({ time }: Letter) => time < 3 } })
      .followedBy('b', is('b'))
      .once();

    expect(matchesIn('axb', sought)).toEqual(['a:a1 early:a1 b:b3']);
    expect(matchesIn('xab', sought)).toEqual(['a:a2 early:x1 b:b3']);
    expect(matchesIn('xxxab', sought)).toEqual(['a:a4 early:x1 b:b5']);
  });
});

describe('where runs start', () => {
  it('is the first event only, with once', () => {
    expect(matchesIn('aabab', ab.once())).toEqual(['a:a1 b:b3']);
  });

  it('is a new group only when the last is through, with every', () => {
    const pairs = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy('second', is('a'))
      .followedBy('b', is('b'));

    expect(matchesIn('aaaab', pairs.every('a', 'second'))).toEqual([
      'a:a1 second:a2 b:b5',
      'a:a3 second:a4 b:b5',
    ]);
  });

  it('is a new group when the last has expired, with every', () => {
    const pairs = ab.within(3).every('a', 'b');

    expect(matchesIn('aa   ab', pairs)).toEqual(['a:a6 b:b7']);
  });

  it('is each event once, with every after a stage that is left out', () => {
    const lost: string[] = [];
    const each = pattern<Letter>()
      .begin('x', is('x'))
      .optional()
      .followedBy('b', is('b'))
      .followedBy('c', is('c'))
      .within(10)
      .every('b');

    expect(matchesIn('  bbc', each, { timedOut: { next: (run) => lost.push(shown(run)) } })).toEqual([
      'x: b:b3 c:c5',
      'x: b:b4 c:c5',
    ]);
    expect(lost).toEqual([]);
  });

  it('begins anew without another silence, with every after an absence', () => {
    const each = pattern<Letter>()
      .absentFor(5, is('x'))
      .begin('b', is('b'))
      .followedBy('c', is('c'))
      .within(10)
      .every('b');

    expect(matchesIn('xb      b b c', each)).toEqual(['b:b9 c:c13', 'b:b11 c:c13']);
  });

  it('is within a run, with every over later stages', () => {
    const rest = pattern<Letter>()
      .begin('x', is('x'))
      .followedBy('a', is('a'))
      .followedBy('b', is('b'))
      .once();

    expect(matchesIn('xabab', rest)).toEqual(['x:x1 a:a2 b:b3']);
    expect(matchesIn('xabab', rest.every('a', 'b'))).toEqual(['x:x1 a:a2 b:b3', 'x:x1 a:a4 b:b5']);
  });
});

describe('absence', () => {
  const alone = pattern<Letter>().begin('a', is('a')).absentFor(10, is('b'));

  function endsOf(items: readonly Item[], sought: typeof alone): number[] {
    const matches: Observable<{ readonly end: number }> = from(items).pipe(
      matchPattern(sought),
      withoutWatermarks(),
    );
    const ends: number[] = [];
    matches.subscribe((match) => ends.push(match.end));
    return ends;
  }

  it('is a match when the watermark passes the wait, without a further event', () => {
    const source = new Subject<Item>();
    const ends: (number | undefined)[] = [];
    source.pipe(matchPattern(alone), withoutWatermarks()).subscribe((match) => ends.push(match.end));
    source.next(at(5, 'a'));
    source.next(until(14));
    expect(ends).toEqual([]);
    source.next(until(15));

    expect(ends).toEqual([15]);
  });

  it('is ended by an event before the wait is over, not by one at its end', () => {
    expect(endsOf([at(5, 'a'), at(14, 'b'), until(99)], alone)).toEqual([]);
    expect(endsOf([at(5, 'a'), at(15, 'b'), until(99)], alone)).toEqual([15]);
  });

  it('comes in the order of time, however long a step the watermark takes', () => {
    const renewed = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy('c', is('c'))
      .optional()
      .absentFor(10, is('b'));
    const matches = from<Item[]>([at(1, 'a'), at(2, 'a'), at(5, 'c'), until(99)]).pipe(
      matchPattern(renewed),
      withoutWatermarks(),
      map(({ end }) => end),
    );

    expect(emissionsOf(matches)).toEqual([11, 12, 15, 15]);
  });

  it('may lie between stages, and events during it are not taken', () => {
    const quiet = pattern<Letter>().begin('a', is('a')).absentFor(3, is('b')).followedBy('c', is('c'));

    expect(matchesIn('acxc', quiet)).toEqual(['a:a1 c:c4']);
    expect(matchesIn('abxc', quiet)).toEqual([]);
  });

  it('may come first, from the first sign of the key, and begins anew with what was to be absent', () => {
    const after = pattern<Letter>().absentFor(3, is('x')).begin('a', is('a')).once();

    expect(matchesIn('za a', after)).toEqual(['a:a4']);
    expect(matchesIn('zx aa', after)).toEqual(['a:a5']);
  });
});

describe('a pattern', () => {
  const begun = pattern<Letter>().begin('a', is('a'));

  it('is not changed by what is added to it', () => {
    begun.followedBy('b', is('b')).within(1).once();

    expect(matchesIn('aa', begun)).toEqual(['a:a1', 'a:a2']);
  });

  it.each([
    ['two stages of one name', () => begun.next('a'), 'two stages of a pattern are named "a"'],
    ['an empty name', () => begun.next(''), 'the name of a stage must be a word, got ""'],
    ['no alternatives', () => begun.next({ either: {} }), 'a stage must have 1 to 30 conditions, got 0'],
    ['a condition that is none', () => begun.next('b', 1 as never), 'a condition must be a function, got 1'],
    [
      'a count of 0',
      () => begun.times(0),
      'min must be a whole number, 1 or more, got 0; for none, use optional()',
    ],
    ['a count that shrinks', () => begun.times(3, 2), 'max must be a whole number, 3 or more, got 2'],
    ['no time', () => begun.within(0), 'withinMs must be a number of milliseconds above 0, got 0'],
    [
      'no silence',
      () => begun.absentFor(-1, is('b')),
      'forMs must be a number of milliseconds above 0, got -1',
    ],
    ['skipping to nowhere', () => begun.skip({ toFirst: 'b' as 'a' }), 'the pattern has no stage "b" so far'],
    ['skipping oddly', () => begun.skip('all' as 'none'), 'skip must be one of none, next, pastLast'],
    ['repeating what is forbidden', () => begun.notNext(is('b')).times(2), 'times must come after a stage'],
    [
      'leaving out what is forbidden',
      () => begun.notNext(is('b')).optional(),
      'optional must come after a stage',
    ],
    ['a last stage for ever', () => begun.notFollowedBy(is('b')).spec, 'needs within()'],
    [
      'more stages than bits',
      () => Array.from({ length: 31 }).reduce<typeof begun>((built) => built.notNext(is('b')), begun).spec,
      'a pattern has at most 30 stages',
    ],
  ])('refuses %s', (_what, build, message) => {
    expect(build).toThrow(message);
  });
});

import { from, map, range, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  matchPattern,
  type MatchPatternOptions,
  pattern,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { bytesInUse } from '../../support/heap.ts';
import { is, type Letter, letterAt as at, letters, shown } from '../../support/letters.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

/** A+ B* A+ in every combination: the runs double with each event. */
const explosive = pattern<Letter>()
  .begin('some', is('a'))
  .oneOrMore()
  .allowCombinations()
  .followedByAny('between', is('b'))
  .oneOrMore()
  .allowCombinations()
  .optional()
  .followedByAny('more', is('a'))
  .oneOrMore()
  .allowCombinations();

interface Tally {
  readonly matches: number;
  readonly evicted: number;
}

function tally(events: number, options: MatchPatternOptions<Letter, object>): Tally {
  let [matches, evicted] = [0, 0];
  range(1, events)
    .pipe(
      map((time) => at(time, 'a')),
      matchPattern<Letter, object>(explosive, {
        order: 'arrival',
        ...options,
        evicted: { next: () => (evicted += 1) },
      }),
    )
    .subscribe(() => (matches += 1));
  return { matches, evicted };
}

describe('H24: a pattern whose runs explode', () => {
  it('has at most so many runs alive, so that an event costs no more however many came before', () => {
    const [short, long] = [tally(400, { maxPartials: 50 }), tally(800, { maxPartials: 50 })];

    // An event can end in a match at most once for each run, and can evict no more than it makes.
    expect(long.matches - short.matches).toBeLessThanOrEqual(400 * 50);
    expect(long.evicted - short.evicted).toBeLessThanOrEqual(400 * 150);
    expect(short.evicted).toBeGreaterThan(0);
  });

  it('ends the stream when nobody takes what is given up, and says which key and limit it was', () => {
    const events = Array.from({ length: 30 }, (_, index) => at(index, 'a', 'the key'));
    const matches = from(events).pipe(
      matchPattern(explosive, { order: 'arrival', key: ({ key }) => key, maxPartials: 10 }),
    );

    expect(() => emissionsOf(matches)).toThrow(
      expect.objectContaining({
        code: 'ERR_QUEUE_FULL',
        message: expect.stringContaining('matchPattern reached maxPartials 10 at key "the key"'),
      }),
    );
  });
});

describe('the limits of matchPattern', () => {
  const ab = pattern<Letter>().begin('a', is('a')).followedBy('b', is('b'));

  it('give up the runs that began first', () => {
    const evicted: string[] = [];
    const matches = from(letters('aaab')).pipe(
      matchPattern(ab, {
        order: 'arrival',
        maxPartials: 2,
        evicted: { next: (run) => evicted.push(shown(run)) },
      }),
      withoutWatermarks(),
    );

    expect(emissionsOf(matches).map(shown)).toEqual(['a:a2 b:b4', 'a:a3 b:b4']);
    expect(evicted).toEqual(['a:a1 b:']);
  });

  it('give up a run that holds too many events', () => {
    const many = pattern<Letter>().begin('a', is('a')).oneOrMore().greedy().followedBy('b', is('b')).once();
    const evicted: string[] = [];
    const matches = from(letters('aaaab')).pipe(
      matchPattern(many, {
        order: 'arrival',
        maxEvents: 3,
        evicted: { next: (run) => evicted.push(shown(run)) },
      }),
    );

    expect(emissionsOf(matches)).toEqual([]);
    expect(evicted).toEqual(['a:a1,a2,a3 b:']);
  });

  it('give up the key that has had runs longest', () => {
    const evicted: unknown[] = [];
    const events = [at(1, 'a', 'x'), at(2, 'a', 'y'), at(3, 'a', 'z'), at(4, 'b', 'x'), at(5, 'b', 'y')];
    const matches = from(events).pipe(
      matchPattern(ab, {
        order: 'arrival',
        key: ({ key }) => key,
        maxKeys: 2,
        evicted: { next: ({ key, reason }) => evicted.push([key, reason]) },
      }),
      withoutWatermarks(),
    );

    expect(emissionsOf(matches).map(({ key }) => key)).toEqual(['y']);
    expect(evicted).toEqual([['x', 'evicted']]);
  });

  it('give up the key whose runs expire first, where runs expire', () => {
    const evicted: unknown[] = [];
    const events = [
      at(1, 'a', 'x'),
      at(2, 'a', 'y'),
      at(3, 'b', 'x'),
      at(4, 'a', 'x'),
      at(5, 'a', 'z'),
      at(6, 'b', 'y'),
      at(7, 'b', 'x'),
    ];
    const matches = from(events).pipe(
      matchPattern(ab.within(100), {
        order: 'arrival',
        key: ({ key }) => key,
        maxKeys: 2,
        evicted: { next: ({ key }) => evicted.push(key) },
      }),
      withoutWatermarks(),
    );

    expect(emissionsOf(matches).map(({ key, start }) => [key, start])).toEqual([
      ['x', 1],
      ['x', 4],
    ]);
    expect(evicted).toEqual(['y']);
  });

  it('end a stream that waits for a watermark that never comes', () => {
    const waiting = from(letters('abab')).pipe(matchPattern(ab, { maxBuffered: 3 }));

    expect(() => emissionsOf(waiting)).toThrow(/maxBuffered = 3 events that wait for a watermark/u);
  });

  it('are not reached by keys that come and go', () => {
    const source = new Subject<Letter | Watermark>();
    let matches = 0;
    source
      .pipe(
        matchPattern(ab.within(1e6), { order: 'arrival', key: ({ key }) => key, maxKeys: 1 }),
        withoutWatermarks(),
      )
      .subscribe({
        next: () => (matches += 1),
        error: (error: unknown) => {
          throw error;
        },
      });
    for (let key = 0; key < 5_000; key += 1) {
      source.next(at(key, 'a', `${key}`));
      source.next(at(key, 'b', `${key}`));
    }

    expect(matches).toBe(5_000);
  });

  it('forget keys that come and go, and their deadlines', () => {
    const source = new Subject<Letter | Watermark>();
    const options = { order: 'arrival', key: ({ key }: Letter) => key } as const;
    const subscription = source.pipe(matchPattern(ab.within(1e9), options)).subscribe();
    const before = bytesInUse();
    for (let key = 0; key < 100_000; key += 1) {
      source.next(at(key, 'a', `${key}`));
      source.next(at(key, 'b', `${key}`));
    }
    const grown = bytesInUse() - before;
    subscription.unsubscribe();

    // What is kept of a key that is done would be more than ten bytes.
    expect(grown).toBeLessThan(1_000_000);
  });

  it('hold a match back only while an earlier run may still skip it', () => {
    const source = new Subject<Letter | Watermark>();
    const seen: string[] = [];
    const longer = pattern<Letter>()
      .begin('a', is('a'))
      .followedBy('b', (letter, so) => letter.what === 'b' && letter.time - so.a[0].time < 3)
      .within(5)
      .skip('pastLast');
    source
      .pipe(matchPattern(longer, { order: 'arrival' }), withoutWatermarks())
      .subscribe((m) => seen.push(shown(m)));
    for (const letter of [at(1, 'a'), at(2, 'a'), at(4, 'b')]) source.next(letter);
    expect(seen).toEqual([]);
    source.next(new Watermark(6));

    expect(seen).toEqual(['a:a2 b:b4']);
  });

  it('leave events in turn that a reader of the matches sends', () => {
    const source = new Subject<Letter | Watermark>();
    const seen: string[] = [];
    const anyB = pattern<Letter>().begin('a', is('a')).followedByAny('b', is('b'));
    source.pipe(matchPattern(anyB, { order: 'arrival' }), withoutWatermarks()).subscribe((match) => {
      seen.push(shown(match));
      if (seen.length === 1) source.next(at(4, 'b'));
    });
    for (const letter of letters('aab')) source.next(letter);

    expect(seen).toEqual(['a:a1 b:b3', 'a:a2 b:b3', 'a:a1 b:b4', 'a:a2 b:b4']);
  });
});

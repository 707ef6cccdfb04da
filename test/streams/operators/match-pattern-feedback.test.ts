import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  matchPattern,
  type MatchPatternOptions,
  pattern,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { is, type Letter, letterAt as at, shown } from '../../support/letters.ts';

const ab = pattern<Letter>().begin('a', is('a')).followedBy('b', is('b'));
type Options = MatchPatternOptions<Letter, object, string | undefined>;

/** Plays letters of keys, as `what + key` one after the other; `end` ends the source from wherever it is called. */
function play(
  sought: typeof ab,
  text: string,
  options: (end: () => void) => Options,
  onMatch?: 'ends',
): string[] {
  const source = new Subject<Letter>();
  const told: string[] = [];
  const end = (): void => source.complete();
  source
    .pipe(
      matchPattern(sought, { order: 'arrival', key: ({ key }) => key, ...options(end) }),
      withoutWatermarks(),
    )
    .subscribe({
      next: (match) => {
        told.push(shown(match));
        if (onMatch === 'ends') end();
      },
      complete: () => told.push('complete'),
      error: (error: unknown) => told.push(String(error)),
    });
  for (const [index, letter] of text.split(' ').entries()) {
    source.next(at(index + 1, letter.charAt(0), letter.slice(1)));
  }
  source.complete();
  return told;
}

describe('a reader of matches', () => {
  it('may feed its source and end it: what was fed is looked at first', () => {
    const source = new Subject<Letter>();
    const told: string[] = [];
    source.pipe(matchPattern(ab, { order: 'arrival' }), withoutWatermarks()).subscribe({
      next: (match) => {
        told.push(shown(match));
        if (told.length > 1) return;
        for (const letter of [at(3, 'a'), at(4, 'b'), at(5, 'a'), at(6, 'b')]) source.next(letter);
        source.complete();
      },
      complete: () => told.push('complete'),
    });
    source.next(at(1, 'a'));
    source.next(at(2, 'b'));

    expect(told).toEqual(['a:a1 b:b2', 'a:a3 b:b4', 'a:a5 b:b6', 'complete']);
  });

  it('may feed a watermark: what the event brings beside it comes first', () => {
    const source = new Subject<Letter | Watermark>();
    const told: unknown[] = [];
    source.pipe(matchPattern(ab, { order: 'arrival' })).subscribe((item) => {
      if (item instanceof Watermark) {
        told.push(item.time);
        return;
      }
      told.push(shown(item));
      if (told.length === 1) source.next(new Watermark(9));
    });
    for (const letter of [at(1, 'a'), at(2, 'a'), at(3, 'b')]) source.next(letter);

    expect(told).toEqual(['a:a1 b:b3', 'a:a2 b:b3', 9]);
  });

  it('may feed something at each event, so long as little of it waits at once', () => {
    const source = new Subject<Letter>();
    const told: string[] = [];
    source.pipe(matchPattern(ab, { order: 'arrival', maxBuffered: 2 }), withoutWatermarks()).subscribe({
      next: (match) => {
        told.push(shown(match));
        source.next(at(match.end, 'x'));
      },
      error: (error: unknown) => told.push(String(error)),
    });
    for (let time = 1; time < 20; time += 2) {
      source.next(at(time, 'a'));
      source.next(at(time + 1, 'b'));
    }

    expect(told).toHaveLength(10);
    expect(told.at(-1)).toBe('a:a19 b:b20');
  });

  it('must not feed more than may wait', () => {
    const source = new Subject<Letter>();
    const told: string[] = [];
    source.pipe(matchPattern(ab, { order: 'arrival', maxBuffered: 3 })).subscribe({
      next: () => {
        for (let more = 0; more < 4; more += 1) source.next(at(3, 'a'));
      },
      error: (error: unknown) => told.push(String(error)),
    });
    source.next(at(1, 'a'));
    source.next(at(2, 'b'));

    expect(told).toEqual([expect.stringContaining('3 events that wait for a reader that feeds them in')]);
  });

  it('may end its source at a match, whatever waits for that match', () => {
    expect(play(ab, 'ax ay bx by', () => ({}), 'ends')).toEqual(['a:a1 b:b3', 'complete']);
    expect(play(ab.skip('next'), 'ax ax ay bx by', () => ({}), 'ends')).toEqual([
      'a:a1 b:b4',
      'a:a2 b:b4',
      'complete',
    ]);
  });
});

describe('a reader of what matchPattern gives up', () => {
  it('may end its source at a run that has timed out', () => {
    const lost: string[] = [];
    const told = play(ab.within(2), 'ax ay ax bx', (end) => ({
      timedOut: {
        next: (run) => {
          lost.push(`${shown(run)} ${run.reason}`);
          end();
        },
      },
    }));

    expect(told).toEqual(['complete']);
    expect(lost).toEqual(['a:a1 b: timed-out', 'a:a2 b: timed-out']);
  });

  it.each([
    ['a key', { maxKeys: 1 }, 'ax ay bx by', ['a:a1 b: evicted x']],
    ['a run', { maxPartials: 1 }, 'ax ax bx', ['a:a1 b: evicted x']],
  ])('may end its source at %s that was one too many', (_what, limits, text, evictions) => {
    const lost: string[] = [];
    const told = play(ab, text, (end) => ({
      ...limits,
      evicted: {
        next: (run) => {
          lost.push(`${shown(run)} ${run.reason} ${String(run.key)}`);
          end();
        },
      },
    }));

    expect(told).toEqual(['complete']);
    expect(lost).toEqual(evictions);
  });
});

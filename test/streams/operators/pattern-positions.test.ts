import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern, pattern, type PatternResumePoint, withoutWatermarks } from 'breakwater/streams';

/** A letter with a key, and where it lies in its source. */
interface Stored {
  readonly what: string;
  readonly key: string;
  readonly time: number;
  readonly position: number;
}

const is = (what: string) => (letter: Stored) => letter.what === what;
const ab = pattern<Stored>().begin('a', is('a')).followedBy('b', is('b'));

describe('the id of a match', () => {
  const positions = { position: (letter: Stored) => letter.position };
  const letters = ['a', 'a', 'b'].map((what, n) => ({ what, key: 'k', time: n, position: 10 * n }));
  const idsOf = (options: { name?: string; position?: (letter: Stored) => number; key?: () => string }) => {
    const ids: string[] = [];
    const source = new Subject<Stored>();
    source
      .pipe(matchPattern(ab, { ...options, order: 'arrival' }), withoutWatermarks())
      .subscribe(({ id }) => ids.push(id));
    for (const letter of letters) source.next(letter);
    return ids;
  };

  it('names the pipeline, the key, and the events of each stage by their positions', () => {
    expect(idsOf({ ...positions, name: 'retries', key: () => 'k' })).toEqual([
      'retries/k#0:0;1:20',
      'retries/k#0:10;1:20',
    ]);
  });

  it('numbers the events as they are looked at where they have no position', () => {
    expect(idsOf({})).toEqual(['matchPattern/#0:1;1:3', 'matchPattern/#0:2;1:3']);
  });
});

describe('what cannot resume', () => {
  const resumeFrom = { next: () => {} };
  const position = (letter: Stored): number => letter.position;

  it('is a pattern that needs all that ever came', () => {
    expect(() => matchPattern(ab.once(), { position, resumeFrom })).toThrow(
      new TypeError('a pattern that starts once cannot resume: it needs all events that ever came'),
    );
    const quiet = pattern<Stored>().absentFor(5, is('x')).begin('a');
    expect(() => matchPattern(quiet, { position, resumeFrom })).toThrow(
      new TypeError('a pattern that begins with absentFor cannot resume: it needs all events that ever came'),
    );
  });

  it('is a matcher that is not told positions, or a point that is none', () => {
    expect(() => matchPattern(ab, { resumeFrom })).toThrow(
      new TypeError('resumeFrom and resumeAt need a position'),
    );
    expect(() => matchPattern(ab, { resumeAt: whole })).toThrow(
      new TypeError('resumeFrom and resumeAt need a position'),
    );
  });

  const whole = { position: 0, watermark: 0, told: 0, seen: 0 };
  it.each(['position', 'watermark', 'told', 'seen'])('is a point whose %s is no number', (part) => {
    expect(() => matchPattern(ab, { position, resumeAt: whole })).not.toThrow();
    for (const [value, shown] of [
      [Number.NaN, 'NaN'],
      ['0', '"0"'],
      [undefined, 'undefined'],
    ]) {
      const resumeAt = { ...whole, [part]: value } as PatternResumePoint;
      expect(() => matchPattern(ab, { position, resumeAt })).toThrow(
        new TypeError(`resumeAt.${part} must be a number, got ${String(shown)}`),
      );
    }
  });
});

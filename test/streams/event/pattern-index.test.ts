import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, glob, type GlobPattern } from '../../../streams/event/glob.ts';
import { PatternIndex } from '../../../streams/event/pattern-index.ts';
import { matchesByTokens, patterns, types } from '../../support/patterns.ts';

const globs = fc.constantFrom('*', 'a*', '*.error.*', 'a.*', '*b', 'a.b', 'a.*.42').map(glob);
const anyPattern: fc.Arbitrary<string | GlobPattern> = fc.oneof(
  { weight: 4, arbitrary: patterns },
  { weight: 1, arbitrary: globs },
);

function reference(pattern: string | GlobPattern, type: string): boolean {
  return typeof pattern === 'string' ? matchesByTokens(pattern, type) : compileGlob(pattern)(type);
}

describe('PatternIndex', () => {
  it('answers as a list of all patterns would, in the order of adding, through every history (I21)', () => {
    const step = fc.oneof(
      fc.record({ add: anyPattern }),
      fc.record({ remove: fc.nat() }),
      fc.record({ ask: fc.constantFrom('a', 'a.b', 'a.error.42', 'b.b') }),
      fc.record({ ask: types }),
    );

    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 4 }),
        (steps, cacheSize) => {
          const index = new PatternIndex<number>({ cacheSize });
          const model: { pattern: string | GlobPattern; value: number; remove: () => void }[] = [];
          const answers: unknown[] = [];
          const expected: unknown[] = [];
          let added = 0;
          for (const action of steps) {
            if ('add' in action) {
              model.push({ pattern: action.add, value: added, remove: index.add(action.add, added) });
              added += 1;
            } else if ('remove' in action) {
              model.splice(action.remove % (model.length || 1), 1)[0]?.remove();
            } else {
              answers.push(index.match(action.ask));
              expected.push(
                model.filter(({ pattern }) => reference(pattern, action.ask)).map(({ value }) => value),
              );
            }
            answers.push(index.size);
            expected.push(model.length);
          }
          expect(answers).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not change an answer that was given, whatever is added and removed while it is read (H22)', () => {
    const index = new PatternIndex<string>();
    const removeFirst = index.add('order.>', 'first');
    index.add('order.*', 'second');
    const answer = index.match('order.placed');

    const seen: string[] = [];
    for (const value of answer) {
      seen.push(value);
      removeFirst();
      index.add('>', `late ${seen.length}`);
    }

    expect(seen).toEqual(['first', 'second']);
    expect(index.match('order.placed')).toEqual(['second', 'late 1', 'late 2']);
  });

  it('answers anew when a pattern that matches is added', () => {
    const index = new PatternIndex<string>();
    const answers = [index.match('a.b')];
    for (const pattern of ['a.b', 'a.*', '>']) {
      index.add(pattern, pattern);
      answers.push(index.match('a.b'));
    }

    expect(answers).toEqual([[], ['a.b'], ['a.b', 'a.*'], ['a.b', 'a.*', '>']]);
  });

  it('forgets the answers that it knows when there are more than it may keep', () => {
    const index = new PatternIndex<string>({ cacheSize: 2 });
    index.add('>', 'all');
    const first = index.match('a');
    index.match('b');

    expect(index.match('a')).toBe(first);
    index.match('c');
    expect(index.match('a')).not.toBe(first);
  });

  it('gives the same array while nothing changes that concerns the type', () => {
    const index = new PatternIndex<string>();
    index.add('order.*', 'a');
    const answer = index.match('order.placed');
    index.add('payment.made', 'b');

    expect(index.match('order.placed')).toBe(answer);
  });

  it('takes one value out for each call of its remove function, once', () => {
    const index = new PatternIndex<string>();
    const remove = index.add('a.>', 'same');
    index.add('a.>', 'same');
    remove();
    remove();

    expect(index.match('a.b')).toEqual(['same']);
    expect(index.size).toBe(1);
  });

  it('takes out the right one of several under one pattern, in whatever order they go', () => {
    const index = new PatternIndex<number>();
    const removals = [0, 1, 2, 3].map((value) => index.add('a.*', value));

    removals[0]?.();
    removals[3]?.();
    expect(index.match('a.b')).toEqual([1, 2]);
    removals[1]?.();
    expect(index.match('a.b')).toEqual([2]);
  });

  it('holds 50 000 subscriptions of one pattern and lets them go again (H21)', () => {
    const index = new PatternIndex<number>();
    const removals = Array.from({ length: 50_000 }, (_, n) => index.add('>', n));

    expect(index.match('a.b')).toHaveLength(50_000);
    for (const remove of removals) remove();
    expect(index.match('a.b')).toEqual([]);
  });

  it('matches a type that reads like a wildcard once at most', () => {
    const index = new PatternIndex<string>();
    index.add('*', 'star');
    index.add('>', 'rest');

    expect(index.match('*')).toEqual(['star', 'rest']);
    expect(index.match('>')).toEqual(['star', 'rest']);
  });

  it('refuses patterns that can never match, globs that came as data included', () => {
    const index = new PatternIndex<string>();

    expect(() => index.add('foo*', 'x')).toThrow(TypeError);
    expect(() => index.add({ kind: 'glob', source: 'a b' }, 'x')).toThrow(TypeError);
    expect(index.size).toBe(0);
  });

  it('refuses a cache that cannot hold an answer', () => {
    expect(() => new PatternIndex({ cacheSize: 0 })).toThrow(
      new RangeError('cacheSize must be an integer of at least 1, got 0'),
    );
  });
});

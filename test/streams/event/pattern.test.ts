import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLiteralPattern,
  isPattern,
  isSubset,
  matches,
  overlaps,
  parsePattern,
} from '../../../streams/event/pattern.ts';
import { hasData, readJson } from '../../support/data.ts';
import { matchesByTokens, patterns, types } from '../../support/patterns.ts';

interface Vectors {
  readonly match: readonly { subject: string; pattern: string; match: boolean }[];
  readonly live_match: Vectors['match'];
  readonly valid_subscription: readonly { subject: string; valid: boolean }[];
  readonly valid_literal: Vectors['valid_subscription'];
  readonly is_literal: readonly { subject: string; literal: boolean }[];
  readonly pattern_subset: readonly { pattern: string; of: string; subset: boolean }[];
  readonly patterns_overlap: readonly { a: string; b: string; overlap: boolean }[];
}

const file = 'nats-subjects/vectors.json';

describe.skipIf(!hasData(file))('patterns, by the vectors of nats-server', () => {
  const vectors = (hasData(file) ? readJson(file) : {}) as Vectors;

  it('match what the server matches, by its tests and by what a running one did', () => {
    const cases = [...vectors.match, ...vectors.live_match];

    expect(cases.map((row) => ({ ...row, match: matches(row.pattern, row.subject) }))).toEqual(cases);
  });

  it('are valid when the server takes them in a subscription', () => {
    const cases = vectors.valid_subscription;

    expect(cases.map((row) => ({ ...row, valid: isPattern(row.subject) }))).toEqual(cases);
  });

  it('are valid literals when the server takes them as a subject', () => {
    const cases = vectors.valid_literal;

    expect(cases.map((row) => ({ ...row, valid: isLiteralPattern(row.subject) }))).toEqual(cases);
  });

  it('are literal when no token is a wildcard', () => {
    const cases = vectors.is_literal;

    expect(cases.map((row) => ({ ...row, literal: parsePattern(row.subject).literal }))).toEqual(cases);
  });

  it('are subsets of what the server says', () => {
    const cases = vectors.pattern_subset;

    expect(cases.map((row) => ({ ...row, subset: isSubset(row.pattern, row.of) }))).toEqual(cases);
  });

  it('overlap as the server says, both ways round', () => {
    const cases = vectors.patterns_overlap;

    expect(cases.map((row) => ({ ...row, overlap: overlaps(row.a, row.b) }))).toEqual(cases);
    expect(cases.map((row) => ({ ...row, overlap: overlaps(row.b, row.a) }))).toEqual(cases);
  });
});

describe('matches', () => {
  it('agrees with comparing token by token, for every pattern and type', () => {
    fc.assert(
      fc.property(patterns, types, (pattern, type) => {
        expect(matches(pattern, type)).toBe(matchesByTokens(pattern, type));
      }),
      { numRuns: 2000 },
    );
  });

  it('lets no wildcard stand for an empty token', () => {
    expect(matches('a.*', 'a.')).toBe(false);
    expect(matches('a.>', 'a.')).toBe(false);
    expect(matches('*.a', '.a')).toBe(false);
    expect(matches('>', '')).toBe(false);
  });

  it('takes every character that is no wildcard literally', () => {
    expect(matches('a(b.[c]+$', 'a(b.[c]+$')).toBe(true);
    expect(matches('a?c', 'abc')).toBe(false);
    expect(matches('foo*', 'foobar')).toBe(false);
  });
});

describe('isSubset and overlaps', () => {
  it('agree with matching: a subset matches nothing that the whole does not', () => {
    fc.assert(
      fc.property(patterns, patterns, types, (inner, outer, type) => {
        fc.pre(isSubset(inner, outer) && matches(inner, type));

        expect(matches(outer, type)).toBe(true);
      }),
    );
  });

  it('agree with matching: patterns that share a type overlap', () => {
    fc.assert(
      fc.property(patterns, patterns, types, (a, b, type) => {
        fc.pre(matches(a, type) && matches(b, type));

        expect(overlaps(a, b)).toBe(true);
        expect(overlaps(b, a)).toBe(true);
      }),
    );
  });

  it('agree with each other: a pattern overlaps whatever it is a subset of', () => {
    fc.assert(
      fc.property(patterns, patterns, (a, b) => {
        fc.pre(isSubset(a, b));

        expect(overlaps(a, b)).toBe(true);
      }),
    );
  });
});

describe('parsePattern', () => {
  it('gives the tokens', () => {
    expect(parsePattern('order.*.>')).toEqual({
      source: 'order.*.>',
      tokens: ['order', '*', '>'],
      literal: false,
    });
  });

  it.each(['', '.', 'a.', '.a', 'a..b', '>.a', 'a.>.b'])('refuses %j', (source) => {
    expect(() => parsePattern(source)).toThrow(TypeError);
    expect(isPattern(source)).toBe(false);
  });
});

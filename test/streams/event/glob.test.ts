import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, coveringPattern, glob, isGlob } from '../../../streams/event/glob.ts';
import { matches } from '../../../streams/event/pattern.ts';
import { types } from '../../support/patterns.ts';

const sources = fc
  .array(fc.constantFrom('a', 'b', 'error', '42', '.', '*', '*', '**'), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''))
  .filter((source) => !source.startsWith('.') && !source.endsWith('.') && !source.includes('..'));

/** A regular expression is the plain reference here; the texts are short. */
function matchesByExpression(source: string, type: string): boolean {
  return new RegExp(`^${source.replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`).test(type);
}

describe('glob', () => {
  it.each([
    [
      '002-13',
      'validation.*',
      ['validation.started', 'validation.phase.completed'],
      ['validation', 'prevalidation.x'],
    ],
    [
      '002-14',
      '*.error.*',
      ['system.error.raised', 'a.b.error.c.d'],
      ['error.raised', 'system.error', 'system.errors.x'],
    ],
    ['002-15', 'validation.started', ['validation.started'], ['validation.started.late', 'validation']],
    ['002-16', 'validation.phase.*', ['validation.phase.completed'], ['validation.started']],
    [
      'a star inside a token',
      'order-*.pl*d',
      ['order-eu.placed', 'order-.a.pld'],
      ['order.placed', 'order-eu.place'],
    ],
  ])('%s: matches as %s says', (_, source, yes, no) => {
    const accepts = compileGlob(glob(source));

    expect(yes.filter((type) => !accepts(type))).toEqual([]);
    expect(no.filter((type) => accepts(type))).toEqual([]);
  });

  it('does not let its first and last piece share characters', () => {
    expect(compileGlob(glob('ab*ba'))('aba')).toBe(false);
    expect(compileGlob(glob('ab*b*ba'))('abba')).toBe(false);
  });

  it('agrees with a regular expression, for every glob and type', () => {
    fc.assert(
      fc.property(sources, types, (source, type) => {
        expect(compileGlob(glob(source))(type)).toBe(matchesByExpression(source, type));
      }),
      { numRuns: 2000 },
    );
  });

  it('is covered by its covering pattern, for every glob and type', () => {
    fc.assert(
      fc.property(sources, types, (source, type) => {
        fc.pre(compileGlob(glob(source))(type));

        expect(matches(coveringPattern(glob(source)), type)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('is plain data that survives JSON', () => {
    const copy: unknown = JSON.parse(JSON.stringify(glob('a.*')));

    expect(isGlob(copy)).toBe(true);
    expect(copy).toEqual(glob('a.*'));
  });

  it.each([
    ['', 'must not be empty'],
    ['a b', 'not " "'],
    ['a.?', 'not "?"'],
    ['[ab].*', 'not "["'],
    ['.a', 'Remove the stray dot'],
    ['a..*', 'Remove the stray dot'],
    ['a'.repeat(256), 'at most 255'],
  ])('refuses %j', (source, message) => {
    expect(() => glob(source)).toThrow(TypeError);
    expect(() => glob(source)).toThrow(message);
  });

  it('refuses what is no text', () => {
    expect(() => glob(7 as unknown as string)).toThrow(new TypeError('glob 7 must be a string'));
  });
});

describe('coveringPattern', () => {
  it.each([
    ['validation.*', 'validation.>'],
    ['*.error.*', '>'],
    ['a.b.c*', 'a.b.>'],
    ['validation*', '>'],
    ['a.b', 'a.b'],
  ])('of %s is %s', (source, expected) => {
    expect(coveringPattern(glob(source))).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import {
  count,
  detectSequence,
  laneMap,
  matchPattern,
  mergeWatermarked,
  sum,
  tumblingWindow,
} from 'breakwater/streams';
import { operatorOptions } from '../../support/operator-options.ts';

const aggregates = { aggregate: { n: count() } };

/** Those whose options hold others, for whoever calls them with all of its own. */
const lenient = ['backoff', 'failureWindow', 'trialWindow'];
const strict = operatorOptions.filter(([name]) => !lenient.includes(name));

/** Options that are functions, or take values: of each operator some. */
const callable = (
  'key time position leftKey rightTime removes when id sizeOf lookUp combine source random retryable priority after ' +
  'late errors evicted resumeFrom timedOut dropped duplicates invalid retries changes'
).split(' ');

describe('an option that is none', () => {
  it.each(strict)('is refused by %s, for it would be lost in silence', (name, make, options) => {
    const misspelt = { ...options, colour: 1 };
    expect(() => make(misspelt as never)).toThrow(`"colour" is not an option of ${name}; there are `);
    expect(() => make(null as never)).toThrow(`${name} must be an object of options, got null`);
    expect(() => make('fast' as never)).toThrow(`${name} must be an object of options, got "fast"`);
  });

  it.each(strict.filter(([name]) => name !== 'mergeWatermarked'))(
    'is refused by %s where it cannot be called, with its name and value',
    (_name, make, options) => {
      const exists = (option: string): boolean => {
        try {
          make({ ...options, [option]: undefined } as never);
          return true;
        } catch (error) {
          return !String(error).includes('is not an option');
        }
      };
      const own = callable.filter(exists);
      expect(own).not.toEqual([]);
      for (const option of own) {
        for (const value of ['user', {}, null]) {
          const attempt = (): unknown => make({ ...options, [option]: value } as never);
          expect(attempt).toThrow(new RegExp(`^${option} must (?:be a function|have a function next)`, 'u'));
        }
      }
    },
  );

  it.each<readonly [string, () => unknown, string]>([
    ['figures', () => tumblingWindow({ sizeMs: 5 } as never), 'aggregate must be an object such as'],
    [
      'a trigger',
      () => tumblingWindow({ ...aggregates, sizeMs: 5, early: { every: 5 } } as never),
      '"every"',
    ],
    ['a pattern', () => matchPattern(undefined as never), 'matchPattern needs a pattern'],
    ['conditions', () => detectSequence(undefined as never), 'conditions must be an array of functions'],
    ['sources', () => mergeWatermarked(undefined as never), 'mergeWatermarked needs an array of sources'],
    ['a projection', () => laneMap(undefined as never), 'laneMap needs a function'],
    ['a selector', () => sum('bytes' as never), 'sum needs a function that reads a number, got "bytes"'],
  ])('names what is missing: %s', (_what, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

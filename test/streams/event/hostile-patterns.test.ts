import { describe, expect, it } from 'vitest';
import { compileGlob, glob } from '../../../streams/event/glob.ts';
import { matches } from '../../../streams/event/pattern.ts';
import { checkSubscriptionPattern } from '../../../streams/event/subscription-pattern.ts';

const tokens = (count: number, token = 'a'): string => Array.from({ length: count }, () => token).join('.');

describe('hostile patterns', () => {
  // Each of these takes seconds to years where a matcher goes back; here they end before the test's limit.
  it('H16: ten double stars against 61 tokens without a match end at once', () => {
    const accepts = compileGlob(glob(`${tokens(10, '**')}.x`));

    for (let n = 0; n < 10_000; n += 1) expect(accepts(tokens(61))).toBe(false);
  });

  it('H17: many stars inside one token end at once', () => {
    const accepts = compileGlob(glob('a*a*a*a*a*a*b'));

    for (let n = 0; n < 10_000; n += 1) expect(accepts('a'.repeat(255))).toBe(false);
    expect(accepts(`${'a'.repeat(254)}b`)).toBe(true);
  });

  it('H18: 64 tokens of which 32 are stars match 1 024 tokens in one pass', () => {
    const pattern = Array.from({ length: 32 }, () => 'a.*').join('.');

    for (let n = 0; n < 1_000; n += 1) expect(matches(pattern, tokens(1024))).toBe(false);
    expect(matches(`${pattern}.>`, tokens(1024))).toBe(true);
  });

  it('H19: characters that mean something in regular expressions are literal, or refused', () => {
    for (const source of ['a(', 'a[b', 'a\\d', 'a$', '^a', 'a+', 'a|b']) {
      expect(matches(source, source)).toBe(true);
      expect(matches(source, 'a')).toBe(false);
      expect(() => glob(source)).toThrow(TypeError);
      expect(() => checkSubscriptionPattern(source)).toThrow(TypeError);
    }
  });

  it.each([
    ['>.a', "use '*' for one token"],
    ['a.>.b', "use '*' for one token"],
    ['a*', 'Use glob()'],
    ['a.b*.c', 'Use glob()'],
    ['a.>>', "'>' must be a whole token"],
    ['', 'must not be empty'],
    ['a..b', 'remove the stray dot'],
    ['a.', 'remove the stray dot'],
    ['a b', 'not " "'],
    ['a.\r\nPUB x 0', String.raw`not "\r"`],
    [tokens(17), 'at most 16 tokens'],
    [`${tokens(16)}.>`, 'at most 16 tokens'],
    ['a'.repeat(256), 'at most 255 characters'],
  ])('H20: a subscription to %j is refused with a remedy', (pattern, message) => {
    expect(() => checkSubscriptionPattern(pattern)).toThrow(TypeError);
    expect(() => checkSubscriptionPattern(pattern)).toThrow(message);
  });

  it('H20: 300 KB of pattern are refused without being repeated in the message', () => {
    expect(() => checkSubscriptionPattern('a.'.repeat(150_000))).toThrow(/^.{0,300}$/);
    expect(() => checkSubscriptionPattern('a'.repeat(300_000))).toThrow(/^.{0,300}$/);
  });

  it.each([[undefined], [null], [7], [{}], [['a']]])('H20: %j as a pattern is refused', (pattern) => {
    expect(() => checkSubscriptionPattern(pattern)).toThrow(TypeError);
  });

  it.each(['>', '*', 'order.placed', 'order.*', '*.error.>', `${tokens(15)}.>`, 'breakwater.>'])(
    'a subscription to %s is accepted',
    (pattern) => {
      expect(checkSubscriptionPattern(pattern)).toBe(pattern);
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kvToken, textOfKvToken } from '../../../src/nats/kv-token.ts';

describe('kvToken', () => {
  it.each([
    ['order-42_A', 'order-42_A'],
    ['entity:order', 'entity=3Aorder'],
    ['a.b', 'a=2Eb'],
    ['=', '=3D'],
    ['*', '=2A'],
    ['日本', '=_5pel5pys'],
  ])('writes %j as %j', (value, token) => {
    expect(kvToken(value)).toBe(token);
    expect(textOfKvToken(token)).toBe(value);
  });

  it('gives back every text, as letters that NATS takes, at most a third and 2 longer than its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 512, size: 'max' }), (value) => {
        const token = kvToken(value);
        expect(textOfKvToken(token)).toBe(value);
        expect(token).toMatch(/^[-A-Za-z0-9_=]+$/);
        expect(token.length).toBeLessThanOrEqual(2 + Math.ceil((Buffer.byteLength(value) * 4) / 3));
      }),
    );
  });

  it.each(['=4', '=zz', '=41', 'a b', '=_*', '=C3', '==', '=2e', ''])(
    'takes %j for none of its own',
    (token) => {
      expect(token === '' ? textOfKvToken('=') : textOfKvToken(token)).toBeUndefined();
    },
  );
});

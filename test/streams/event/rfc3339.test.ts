import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../streams/event/base64.ts';
import { formatRfc3339, parseRfc3339 } from '../../../streams/event/rfc3339.ts';

describe('parseRfc3339', () => {
  it('undoes formatRfc3339, for every moment of the years 0 to 9999', () => {
    const moments = fc.integer({
      min: Date.parse('0000-01-01T00:00:00Z'),
      max: Date.parse('9999-12-31T23:59:59.999Z'),
    });

    fc.assert(
      fc.property(moments, (ms) => {
        expect(parseRfc3339(formatRfc3339(ms))).toEqual({ ms, exact: true });
      }),
    );
  });

  it.each([
    ['2018-04-05T03:56:24+00:00', '2018-04-05T03:56:24Z', true],
    ['2018-04-05t03:56:24z', '2018-04-05T03:56:24Z', true],
    ['2018-04-05T03:56:24.5-05:30', '2018-04-05T09:26:24.500Z', true],
    ['2018-04-05T03:56:24.123400Z', '2018-04-05T03:56:24.123Z', false],
    ['2018-04-05T03:56:24.123000Z', '2018-04-05T03:56:24.123Z', true],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z', false],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z', true],
    ['2000-02-29T23:59:59Z', '2000-02-29T23:59:59Z', true],
  ])('reads %s', (text, expected, exact) => {
    expect(parseRfc3339(text)).toEqual({ ms: Date.parse(expected), exact });
  });

  it.each([
    '',
    '2018-04-05',
    '2018-04-05 03:56:24Z',
    '2018-04-05T03:56:24',
    '2018-04-05T24:00:00Z',
    '2018-04-05T03:60:00Z',
    '2018-04-05T03:56:61Z',
    '2018-13-01T00:00:00Z',
    '2018-00-01T00:00:00Z',
    '2018-04-31T00:00:00Z',
    '2018-04-00T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2018-04-05T03:56:24+24:00',
    '2018-04-05T03:56:24+01:60',
    `2018-04-05T03:56:24.${'1'.repeat(100_000)}Z`,
  ])('refuses %.40s', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });
});

describe('base64', () => {
  it('is what Node makes of it, for every array of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AA', 'AAA', 'AA=A', '====', 'A===', 'AA-_', 'AA\n=', 'ÀAAA', 'AB==', 'AAB='])(
    'refuses %j',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});

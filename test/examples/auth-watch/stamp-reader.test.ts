import { describe, expect, it } from 'vitest';
import { createStampReader } from '../../../examples/1-auth-watch/parse/stamp-reader.ts';

function timesOf(...lines: readonly string[]): (string | undefined)[] {
  const reader = createStampReader();
  return lines.map((line) => (reader.read(line) ? new Date(reader.time).toISOString() : undefined));
}

describe('createStampReader', () => {
  it('takes a stamp without a year as UTC of the year 2000', () => {
    expect(
      timesOf('Mar 27 13:06:56 host a: b', 'Mar  7 00:00:00 host a: b', 'Mar 8 23:59:60 host a: b'),
    ).toEqual(['2000-03-27T13:06:56.000Z', '2000-03-07T00:00:00.000Z', '2000-03-09T00:00:00.000Z']);
  });

  it('says where the text after the stamp begins, also where the second repeats', () => {
    const reader = createStampReader();
    const rests = ['Mar 27 13:06:56 one', 'Mar 27 13:06:56 two', '2024-05-01T12:00:00Z three'].map((line) =>
      reader.read(line) ? line.slice(reader.end) : undefined,
    );

    expect(rests).toEqual(['one', 'two', 'three']);
  });

  it('rolls the year over when December turns into January', () => {
    expect(
      timesOf(
        'Dec 31 23:59:59 h a: b',
        'Jan  1 00:00:01 h a: b',
        'Dec 31 23:59:58 h a: b',
        'Jan  1 00:00:02 h a: b',
      ),
    ).toEqual([
      '2000-12-31T23:59:59.000Z',
      '2001-01-01T00:00:01.000Z',
      '2000-12-31T23:59:58.000Z',
      '2001-01-01T00:00:02.000Z',
    ]);
  });

  it('keeps the year when the log steps back by less than half a year', () => {
    expect(timesOf('Jun 10 00:00:00 h a: b', 'Mar 10 00:00:00 h a: b', 'Jun  9 23:00:00 h a: b')).toEqual([
      '2000-06-10T00:00:00.000Z',
      '2000-03-10T00:00:00.000Z',
      '2000-06-09T23:00:00.000Z',
    ]);
  });

  it('reads stamps of RFC 3339 with fractions and zones', () => {
    expect(
      timesOf(
        '2024-05-01T12:00:00.123456+02:00 h a: b',
        '2024-02-29 12:00:00,5Z h a: b',
        '2024-05-01T00:30:00-0130 h a: b',
      ),
    ).toEqual(['2024-05-01T10:00:00.123Z', '2024-02-29T12:00:00.500Z', '2024-05-01T02:00:00.000Z']);
  });

  it.each([
    '',
    'Mar',
    'Mar 27',
    'Mar 32 13:06:56 h a: b',
    'Feb 30 13:06:56 h a: b',
    'Mar 27 24:06:56 h a: b',
    'Mar 27 13:60:56 h a: b',
    'Mar 27 13:06:61 h a: b',
    'Mar 27 13:06:56',
    'Mar 27 13-06-56 h a: b',
    'mar 27 13:06:56 h a: b',
    'Mrz 27 13:06:56 h a: b',
    ' Mar 27 13:06:56 h a: b',
    '2023-02-29T12:00:00Z h a: b',
    '2024-13-01T12:00:00Z h a: b',
    '2024-05-01T24:00:00Z h a: b',
    '1969-12-31T23:59:59Z h a: b',
    '2024-05-01T12:00:00 h a: b',
    '2024-05-01T12:00:00Z',
  ])('finds no time stamp in %j', (line) => {
    expect(timesOf(line)).toEqual([undefined]);
  });
});

import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { codecRefusal } from '../../support/codec-refusal.ts';

const event: EventEnvelope = {
  id: 'a',
  type: 'b',
  source: 'c',
  time: 1,
  priority: 'critical',
  schemaVersion: 1,
  data: 'marker',
};

const codec = msgpackCodec();

/** The bytes of a message whose payload is written by hand. */
function message(payload: readonly number[], shape = 0xc0): Uint8Array {
  const whole = [...codec.encode([event])];
  const start = whole.length - 'marker'.length - 2;
  return Uint8Array.from([...whole.slice(0, start), shape, ...payload]);
}

function payloadOf(bytes: Uint8Array): unknown {
  return codec.decode(bytes)[0]?.data;
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const text = (value: string): number[] => [0xa0 | bytesOf(value).length, ...bytesOf(value)];
const repeat = (count: number, ...bytes: number[]): number[] =>
  Array.from({ length: count }, () => bytes).flat();
const huge = [0xff, 0xff, 0xff, 0xff];

describe('hostile messages', () => {
  it('are made right by this test: a sound one decodes', () => {
    expect(payloadOf(message(text('hello')))).toBe('hello');
    expect(payloadOf(message([0x81, ...text('a'), 0x07]))).toEqual({ a: 7 });
  });

  it.each([
    ['H26: an array of 2^32-1 elements without data', [0xdd, ...huge], 'goes beyond the end'],
    ['H26: a map of 2^32-1 members without data', [0xdf, ...huge], 'goes beyond the end'],
    ['H26: text of 2^32-1 bytes without data', [0xdb, ...huge], 'ends too early'],
    ['H26: bytes of 2^32-1 without data', [0xc6, ...huge], 'ends too early'],
    ['H26: an extension of 2^32-1 bytes without data', [0xc9, ...huge, 0], 'code 0xc9'],
    ['H27: arrays nested 1 000 000 deep', repeat(1_000_000, 0x91), 'deeper than 64'],
    ['H27: arrays nested 3 000 deep', [...repeat(3_000, 0x91), 0xc0], 'deeper than 64'],
    ['H27: arrays nested 65 deep', [...repeat(65, 0x91), 0xc0], 'deeper than 64'],
    ['H28: maps nested 4 394 deep', [...repeat(4_394, 0x81, 0xa1, 97), 0xc0], 'deeper than 64'],
    ['H29: the name __proto__', [0x81, ...text('__proto__'), 0x80], '__proto__'],
    ['H30: a name twice', [0x82, ...text('a'), 1, ...text('a'), 2], 'comes twice'],
    ['H30: an index twice', [0x82, ...text('1'), 1, ...text('1'), 2], 'comes twice'],
    ['H31: a name that is an array', [0x81, 0x90, 1], 'text is expected'],
    ['H31: a name that is a map', [0x81, 0x80, 1], 'text is expected'],
    ['H31: a name that is nil', [0x81, 0xc0, 1], 'text is expected'],
    ['H31: a name that is a number', [0x81, 0x07, 1], 'text is expected'],
    ['H32: a record definition', [0xd4, 0x72, 0x40, 0x92, ...text('a'), ...text('b'), 1, 2], 'code 0xd4'],
    [
      'H32: a record definition with code for a name',
      [0xd4, 0x72, 0x40, 0x91, ...text('"a":1,"b'), 1],
      'code 0xd4',
    ],
    ['H34: a wide bigint', [0xc8, 0x10, 0x00, 0x42, ...repeat(4096, 1)], 'code 0xc8'],
    [
      'H35: a timestamp after the last Date',
      [0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, ...repeat(7, 0xff)],
      'no moment',
    ],
    [
      'H35: a timestamp with a second of nanoseconds',
      [0xc7, 12, 0xff, 0x3b, 0x9a, 0xca, 0, ...repeat(8, 0)],
      'no moment',
    ],
    ['H35: a timestamp between milliseconds', [0xc7, 12, 0xff, 0, 0, 0, 1, ...repeat(8, 0)], 'no moment'],
    ['H35: a timestamp of 32 bits', [0xd6, 0xff, 0, 0, 0, 0], 'code 0xd6'],
    ['H36: the code that is never used', [0xc1], 'code 0xc1'],
    ['H37: a byte that no text has', [0xa1, 0xff], 'not valid UTF-8'],
    ['H37: an overlong slash', [0xa2, 0xc0, 0xaf], 'not valid UTF-8'],
    ['H37: a surrogate', [0xa3, 0xed, 0xa0, 0x80], 'not valid UTF-8'],
    ['H37: text cut off in a letter', [0xa1, 0xc3], 'not valid UTF-8'],
    ['H37: a wrong byte late in long text', [0xd9, 40, ...repeat(39, 97), 0xff], 'not valid UTF-8'],
    ['H38: bytes after the end', [0x01, 0x00], '1 bytes follow'],
    ['H38: another message after the end', [0x01, 0x01, 0x90], '2 bytes follow'],
    [
      'H40: an array of 1 000 000 zeros',
      [0xdd, 0, 0x0f, 0x42, 0x40, ...repeat(1_000_000, 0)],
      'more than 16384',
    ],
    [
      'H40: a map of 120 000 members',
      [0xdf, 0, 1, 0xd4, 0xc0, ...repeat(120_000, 0xa1, 97, 0)],
      'more than 16384',
    ],
    ['H42: compressed data, which no message is', [0x1f, 0x8b, 0x08, 0x00], 'bytes follow'],
  ])('%s is refused', (_, payload, reason) => {
    expect(codecRefusal(() => codec.decode(message(payload)))).toContain(reason);
  });

  it.each([
    ['H30: a name twice in a shape', [0x92, ...text('a'), ...text('a'), 0x92, 1, 2], 'comes twice'],
    ['H30: a name twice in a shape of many', [0xdc, 0, 18, ...repeat(18, 0xa1, 97), 0xc0], 'comes twice'],
    ['H29: the name __proto__ in a shape', [0x91, ...text('__proto__'), 0x91, 1], '__proto__'],
    ['a shape that was not given', [0x05, 0x90], 'a shape is named'],
    ['fewer values than names', [0x92, ...text('a'), ...text('b'), 0x91, 1], 'does not fit'],
    ['no array of values', [0x91, ...text('a'), 0x01], 'an array is expected'],
    ['a value for undefined', [0xc2, 0x01], 'undefined data'],
  ])('%s is refused', (_, payload, reason) => {
    const whole = message([]);

    expect(codecRefusal(() => codec.decode(Uint8Array.from([...whole.slice(0, -1), ...payload])))).toContain(
      reason,
    );
  });

  it.each([
    ['H33: a RegExp', /a+/],
    ['H33: a Set', new Set([1])],
    ['H33: an Error', new Error('x')],
    ['H33: a typed array', new Float64Array([1])],
    ['H33: an object that holds itself', cyclicObject()],
    ['H34: a bigint of 100 bits', 2n ** 100n],
  ])('%s, as msgpackr writes it, is refused', (_, value) => {
    const others = new Packr({
      useRecords: false,
      moreTypes: true,
      structuredClone: true,
      useBigIntExtension: true,
    });

    expect(codecRefusal(() => codec.decode(message([...others.pack(value)])))).toMatch(
      /code 0x|an extension is not allowed/,
    );
  });

  it.each([
    ['H39: no bytes at all', [], 'ends too early'],
    ['a version that is not known', [0x02, 0x90], 'version 2 is not known'],
    ['no array of rows', [0x01, 0x80], 'an array is expected'],
    ['a row that is none', [0x01, 0x91, 0x01], 'an array is expected'],
    ['an id that shares what is not there', [0x01, 0x91, 0x99, 0x01, 0xa0, ...repeat(9, 0)], 'shares more'],
    ['an id that is no text', [0x01, 0x91, 0x99, 0x00, 0x01, ...repeat(9, 0)], 'text is expected'],
    [
      'a type that was not given',
      [0x01, 0x91, 0x99, 0x00, 0xa1, 97, 0x03, ...repeat(9, 0)],
      'a text is named',
    ],
    ['a time that is a fraction', rowWith({ time: [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0] }), 'no integer'],
    ['a time that is NaN', rowWith({ time: [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0] }), 'no integer'],
    ['flags that are unknown', rowWith({ flags: [0xcd, 0x02, 0x00] }), 'flags are unknown'],
    ['negative flags', rowWith({ flags: [0xff] }), 'flags are unknown'],
    [
      'flags that are a fraction',
      rowWith({ flags: [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0] }),
      'flags are unknown',
    ],
    ['a field that is flagged but not there', rowWith({ flags: [0x04] }), 'ends too early'],
    ['a length that does not fit the flags', rowWith({ header: [0x9a] }), 'a row has 10 values'],
    [
      'metadata that is no map',
      [...rowWith({ header: [0x9a], flags: [0xcd, 1, 0] }), 0x01],
      'a map is expected',
    ],
    [
      'H30: a name twice in the metadata',
      [
        ...rowWith({ header: [0x9a], flags: [0xcd, 1, 0] }),
        0x82,
        ...text('a'),
        ...text('b'),
        ...text('a'),
        ...text('c'),
      ],
      'comes twice',
    ],
    [
      'metadata that is no text',
      [...rowWith({ header: [0x9a], flags: [0xcd, 1, 0] }), 0x81, ...text('a'), 0x01],
      'text is expected',
    ],
  ])('%s is refused', (_, bytes, reason) => {
    expect(codecRefusal(() => codec.decode(Uint8Array.from(bytes)))).toContain(reason);
  });

  it('cannot share half a character of an id', () => {
    const [first, second] = ['🌎', '🌍'].map((id) => ({ ...event, id }));

    expect(codec.decode(codec.encode([first ?? event, second ?? event])).map(({ id }) => id)).toEqual([
      '🌎',
      '🌍',
    ]);
    expect(
      codecRefusal(() =>
        codec.decode(
          Uint8Array.from([
            0x01,
            0x92,
            ...rowWith({ id: text('🌎') }).slice(2),
            0x99,
            1,
            0xa0,
            ...repeat(9, 0),
          ]),
        ),
      ),
    ).toContain('half a character');
  });

  it('that are no bytes are refused', () => {
    expect(codecRefusal(() => codec.decode('text' as unknown as Uint8Array))).toBe(
      'message must be a Uint8Array, got "text"',
    );
    expect(codecRefusal(() => codec.decode(new Uint8Array(1_048_577)))).toContain(
      '1048577 bytes, more than 1048576',
    );
  });

  it('may hold 64 levels, and names that only look dangerous', () => {
    expect(payloadOf(message([...repeat(64, 0x91), 0xc0]))).toEqual(nested(64));
    expect(payloadOf(message([0x82, ...text('constructor'), 1, ...text('toString'), 2]))).toEqual({
      constructor: 1,
      toString: 2,
    });
  });

  it('read numbers as others may write them', () => {
    expect(payloadOf(message([0xca, 0x3f, 0x80, 0, 0]))).toBe(1);
    expect(Object.is(payloadOf(message([0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0])), 0)).toBe(true);
    expect(payloadOf(message([0xd1, 0xff, 0xff]))).toBe(-1);
    expect(payloadOf(message([0xd2, 0xff, 0xff, 0xff, 0xfe]))).toBe(-2);
  });
});

/** The bytes of a message of one row, some of its values replaced. */
function rowWith(parts: { header?: number[]; id?: number[]; time?: number[]; flags?: number[] }): number[] {
  const { header = [0x99], id = [0xa1, 97], time = [0x01], flags = [0x00] } = parts;
  return [0x01, 0x91, ...header, 0x00, ...id, 0xa1, 98, 0xa1, 99, ...time, ...flags, 0x01, 0xc0, 0xc0];
}

function nested(levels: number): unknown {
  let value: unknown = null;
  for (let n = 0; n < levels; n += 1) value = [value];
  return value;
}

function cyclicObject(): object {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}

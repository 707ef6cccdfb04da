import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { CodecError } from '../../../streams/event/errors.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';

const codec = msgpackCodec();
const event: EventEnvelope = {
  id: 'a',
  type: 'b',
  source: 'c',
  time: 1,
  priority: 'low',
  schemaVersion: 1,
  data: null,
};

function refusalOf(data: unknown, changes: Record<string, unknown> = {}): string {
  try {
    codec.encode([{ ...event, data, ...changes }]);
  } catch (error) {
    if (error instanceof CodecError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

function cyclic(): unknown {
  const value: Record<string, unknown> = {};
  value['children'] = [value, value];
  return value;
}

function sparse(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  return array;
}

function nested(levels: number): unknown {
  let value: unknown = null;
  for (let n = 0; n < levels; n += 1) value = { a: value };
  return value;
}

class Money {
  readonly amount = 5;
}

describe('hostile payloads (H41)', () => {
  it.each<[string, unknown, string]>([
    ['a function', { a: [{ b: () => 1 }] }, 'data.a[0].b is a function; pass what it gives'],
    ['a function as the payload', () => 1, 'data is a function'],
    ['a symbol', { a: Symbol('x') }, 'data.a is a symbol'],
    ['a bigint above 64 bits', { a: 2n ** 64n }, 'data.a is a bigint of more than 64 bits'],
    ['a bigint below 64 bits', { a: -(2n ** 63n) - 1n }, 'data.a is a bigint of more than 64 bits'],
    ['an invalid Date', { at: new Date(Number.NaN) }, 'data.at is an invalid Date'],
    ['an instance of a class', { price: new Money() }, 'data.price is neither plain object'],
    ['a Map', { a: new Map() }, 'data.a is neither plain object'],
    ['a Set', [new Set()], 'data[0] is neither plain object'],
    ['a RegExp', { a: /x/ }, 'data.a is neither plain object'],
    ['an Error', new Error('x'), 'data is neither plain object'],
    ['a promise', { a: Promise.resolve() }, 'data.a is neither plain object'],
    ['a typed array other than of bytes', { a: new Float64Array(1) }, 'data.a is neither plain object'],
    ['a cycle', cyclic(), 'deeper than 64 levels; is it cyclic?'],
    ['65 levels', nested(65), 'deeper than 64 levels'],
    ['the name __proto__', JSON.parse('{"__proto__":1}'), 'data has a member named __proto__'],
    ['the name __proto__ below', JSON.parse('{"a":{"__proto__":1}}'), 'data.a has a member named __proto__'],
    ['a lone surrogate', { a: 'x\ud800' }, 'data.a has a lone surrogate'],
    ['a lone surrogate in a name', { a: { '\udc00': 1 } }, 'has a lone surrogate'],
    ['a lone surrogate in the name of a member', { '\ud83c': 1 }, 'has a lone surrogate'],
    ['a surrogate pair the wrong way round', ['\udc00\ud800'], 'data[0] has a lone surrogate'],
    ['100 MB of text', { a: 'x'.repeat(100_000_000) }, 'data.a goes beyond the 1048576 bytes'],
    ['100 MB of bytes', { a: new Uint8Array(100_000_000) }, 'data.a goes beyond the 1048576 bytes'],
    ['one byte too many', new Uint8Array(1_048_576 - 10), 'goes beyond the 1048576 bytes'],
    ['an array of 2^32-1 holes', sparse(2 ** 32 - 1), 'data makes more than 16384'],
    [
      '16 385 elements on two levels',
      [Array.from({ length: 16_384 }, () => 0)],
      'data[0] makes more than 16384',
    ],
  ])('%s is refused, saying where', (_, data, message) => {
    expect(refusalOf(data)).toContain(message);
  });

  it('a getter that throws is refused, saying where and why', () => {
    const data = {
      deep: {
        get price(): number {
          throw new Error('boom');
        },
      },
    };

    expect(refusalOf(data)).toBe('data.deep.price could not be read: it threw');
  });

  it('a getter that throws at the top is refused', () => {
    const data = {
      get price(): number {
        throw new Error('boom');
      },
    };

    expect(refusalOf(data)).toContain('could not be read: it threw');
  });

  it('a proxy that was revoked is refused', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(refusalOf({ a: proxy })).toBe('data.a could not be read: it threw');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an id that is no text', { id: 7 }, 'id must be text, is 7'],
    ['a priority that is none', { priority: 'urgent' }, 'priority must be one of four, is "urgent"'],
    ['a time that is a fraction', { time: 1.5 }, 'time must be an integer, is 1.5'],
    ['a time that is NaN', { time: Number.NaN }, 'time must be an integer, is NaN'],
    ['a key that is no text', { key: {} }, 'key must be text, is an object'],
    ['metadata that is no text', { metadata: { a: 1 } }, 'metadata must be text, is 1'],
    ['a lone surrogate in the id', { id: '\ud800' }, 'id has a lone surrogate'],
  ])('%s is refused, naming the field', (_, changes, message) => {
    expect(refusalOf(null, changes)).toBe(
      message.startsWith('id has') ? `${message}, which UTF-8 cannot carry` : message,
    );
  });

  it('the error names the event of a batch', () => {
    expect(() => codec.encode([event, { ...event, data: { a: Symbol('x') } }])).toThrow(
      'event 1: data.a is a symbol',
    );
  });

  it('a refusal leaves nothing behind: the next message is as the first', () => {
    const sound = { ...event, data: { a: 1, b: { c: 'é' } } };
    const before = codec.encode([sound, sound]);
    for (const data of [cyclic(), { a: { b: Symbol('x') } }, nested(70), '\ud800', 'x'.repeat(2_000_000)]) {
      expect(() => codec.encode([sound, { ...event, data }])).toThrow(CodecError);
    }

    expect(codec.encode([sound, sound])).toEqual(before);
  });

  it('16 384 elements, 64 levels and undefined members are fine', () => {
    const data = { list: Array.from({ length: 16_383 }, () => 0), none: undefined };

    expect(codec.decode(codec.encode([{ ...event, data }]))[0]?.data).toEqual({ list: data.list });
    expect(codec.decode(codec.encode([{ ...event, data: nested(64) }]))[0]?.data).toEqual(nested(64));
  });

  it('loses undefined members of a record of more than 15, whose header then shrinks', () => {
    const wide = Object.fromEntries(Array.from({ length: 18 }, (_, n) => [`m${n}`, n < 4 ? undefined : n]));

    expect(codec.decode(codec.encode([{ ...event, data: [wide, 'after'] }]))[0]?.data).toEqual([
      wide,
      'after',
    ]);
  });
});

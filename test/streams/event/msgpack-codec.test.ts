import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { canonical, canonicalEvent } from '../../../streams/event/canonical.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { CodecError } from '../../../streams/event/errors.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { envelopes, payloads } from '../../support/payloads.ts';
import { placedOrder } from '../../support/placed-order.ts';

const event = { ...placedOrder, data: { orderId: 'ord-1', total: 99.5 } };

describe('msgpackCodec', () => {
  const codec = msgpackCodec();
  const withData = (data: unknown): EventEnvelope => ({ ...event, data });

  const hexOf = (data: unknown): string => Buffer.from(codec.encode([withData(data)])).toString('hex');

  it('gives back the canonical form of every batch of events (I23)', () => {
    fc.assert(
      fc.property(fc.array(envelopes, { maxLength: 8 }), (events) => {
        // Vitest's own comparison stumbles over members named constructor.
        expect(isDeepStrictEqual(codec.decode(codec.encode(events)), events.map(canonicalEvent))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same bytes for canonical forms of equal payloads, in whatever order their members came (I23)', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), payloads), (record) => {
        fc.pre(!Object.hasOwn(record, '__proto__'));
        const reversed = Object.fromEntries(Object.entries(record).toReversed());
        const bytes = hexOf(canonical(record));
        const [decoded] = codec.decode(Buffer.from(bytes, 'hex'));

        expect(hexOf(canonical(reversed)) === bytes).toBe(true);
        expect(hexOf(canonical(decoded?.data)) === bytes).toBe(true);
      }),
    );
  });

  it('writes every NaN alike, whatever bits it has', () => {
    const [odd] = new Float64Array(new BigUint64Array([0x7ff8_dead_beef_0001n]).buffer);

    expect(hexOf([odd])).toBe(hexOf([Number.NaN]));
  });

  it('writes MessagePack that another reader reads (after the version)', () => {
    const others = new Unpackr({ useRecords: false });
    const [first, second] = [
      event,
      { ...event, time: event.time + 5, key: 'k', data: { orderId: 'ord-2', total: 7 } },
    ];

    const rows: unknown = others.unpack(codec.encode([first, second]).subarray(1));

    expect(rows).toEqual([
      [0, event.id, 'order.placed', 'shop', event.time, 2, 1, ['orderId', 'total'], ['ord-1', 99.5]],
      [36, '', 0, 1, 5, 6, 1, 0, ['ord-2', 7], 'k'],
    ]);
  });

  it('reads the MessagePack that another writer writes', () => {
    const others = new Packr({ useRecords: false });
    const whole = codec.encode([withData(7)]);

    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('"__proto__"'));
        const message = Buffer.concat([whole.subarray(0, -1), others.pack(value)]);

        expect(isDeepStrictEqual(codec.decode(message)[0]?.data, canonical(value))).toBe(true);
      }),
    );
  });

  it('keeps a byte order mark that text begins with', () => {
    const text = ['\ufeffshort', `\ufeff${'long'.repeat(10)}`];

    expect(codec.decode(codec.encode([withData(text)]))[0]?.data).toEqual(text);
  });

  it('takes a small part of the space for an event in a batch', () => {
    const events = Array.from({ length: 64 }, (_, n) => ({
      ...event,
      id: event.id.slice(0, 32) + (0x1000 + n).toString(16),
      time: event.time + n,
      data: { orderId: `ord-${n}`, total: n },
    }));

    expect(codec.encode(events).length / 64).toBeLessThan(codec.encode([event]).length / 3);
  });

  it('tells no data from null', () => {
    const [first, second] = codec.decode(codec.encode([withData(undefined), withData(null)]));

    expect(first?.data).toBeUndefined();
    expect(second?.data).toBeNull();
  });

  it('gives binary data that does not share memory with the message', () => {
    const message = Buffer.from(codec.encode([withData({ bytes: new Uint8Array([1, 2, 3]) })]));
    const [decoded] = codec.decode(message);
    message.fill(0);

    expect(decoded?.data).toEqual({ bytes: new Uint8Array([1, 2, 3]) });
  });

  it('never writes to a message again that it gave, wherever the memory that they share ends', () => {
    const padding = (n: number): string => (n % 2 === 0 ? 'x' : 'é').repeat(n % 40);

    const messages = Array.from({ length: 3000 }, (_, n) => codec.encode([withData({ n, pad: padding(n) })]));

    expect(messages.map((message) => codec.decode(message)[0]?.data)).toEqual(
      messages.map((_, n) => ({ n, pad: padding(n) })),
    );
  });

  it('encodes an event while another is encoded, from inside a getter', () => {
    const data = {
      get inner(): number {
        return codec.encode([event, event]).length;
      },
      after: 1,
    };
    const [decoded] = codec.decode(codec.encode([withData(data)]));

    expect(decoded?.data).toEqual({ inner: codec.encode([event, event]).length, after: 1 });
  });

  it('carries no events', () => {
    expect(codec.decode(codec.encode([]))).toEqual([]);
  });

  it('obeys other limits', () => {
    const strict = msgpackCodec({ maxBytes: 200, maxEvents: 2, maxItems: 3 });

    expect(() => strict.encode([withData({ text: 'x'.repeat(200) })])).toThrow(
      'data.text goes beyond the 200 bytes',
    );
    expect(() => strict.encode([event, event, event])).toThrow('message has 3 events, more than 2');
    expect(() => strict.encode([withData([1, 2, 3, 4])])).toThrow('more than 3 elements and members');
    expect(() => strict.decode(new Uint8Array(201))).toThrow('message has 201 bytes, more than 200');
    expect(() => strict.decode(codec.encode([event, event, event]))).toThrow('it has 3 events, more than 2');
    expect(() => strict.decode(codec.encode([withData([[1, 2], 3])]))).toThrow(
      'more than 3 elements and members',
    );
    expect(strict.decode(strict.encode([withData([1, 2, 3])]))).toHaveLength(1);
  });

  it('refuses limits that are none', () => {
    expect(() => msgpackCodec({ maxItems: 0 })).toThrow(
      new RangeError('maxItems must be an integer of at least 1, got 0'),
    );
  });
});

describe('canonical', () => {
  it('has one spelling for each value', () => {
    const value = { b: -0, a: undefined, c: [undefined, Number.NaN], d: new Date(5) };

    expect(canonical(value)).toStrictEqual({ b: 0, c: [null, Number.NaN], d: new Date(5) });
    expect(Object.keys(canonical({ b: 1, a: 2, 1: 3 }) as object)).toEqual(['1', 'a', 'b']);
  });

  it('is its own canonical form, for every payload', () => {
    fc.assert(
      fc.property(payloads, (value) => {
        expect(isDeepStrictEqual(canonical(canonical(value)), canonical(value))).toBe(true);
      }),
    );
  });

  it.each([
    ['a function', () => 1],
    ['an instance', new Map()],
    ['a wide bigint', 2n ** 64n],
    ['a lone surrogate', '\ud800'],
    ['a name with a lone surrogate', { '\ud800': 1 }],
    ['a prototype name', JSON.parse('{"__proto__":1}')],
    ['an invalid Date', new Date(Number.NaN)],
  ])('refuses %s', (_, value) => {
    expect(() => canonical({ value })).toThrow(CodecError);
  });
});

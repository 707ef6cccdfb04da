import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { jsonCodec } from '../../../streams/event/json-codec.ts';
import { codecRefusal } from '../../support/codec-refusal.ts';
import { jsonEnvelopes } from '../../support/json-envelopes.ts';
import { placedOrder as event } from '../../support/placed-order.ts';

const codec = jsonCodec();
const utf8 = new TextEncoder();

/** A batch of one CloudEvent whose payload is this text. */
function batch(data: string): Uint8Array {
  return utf8.encode(
    `[{"specversion":"1.0","id":"e","source":"s","type":"a","time":"2026-01-01T00:00:00Z","data":${data}}]`,
  );
}

describe('jsonCodec', () => {
  it('gives back every batch of events whose payload JSON can carry (I23)', () => {
    fc.assert(
      fc.property(fc.array(jsonEnvelopes, { maxLength: 4 }), (events) => {
        expect(isDeepStrictEqual(codec.decode(codec.encode(events)), events)).toBe(true);
      }),
    );
  });

  it('writes a batch of CloudEvents', () => {
    expect(JSON.parse(new TextDecoder().decode(codec.encode([event])))).toEqual([
      {
        specversion: '1.0',
        id: event.id,
        source: 'shop',
        type: 'order.placed',
        time: '2023-11-14T22:13:20Z',
        data: { total: 1 },
      },
    ]);
  });

  it("carries Breakwater's own events, also from a clock far ahead", () => {
    const own = { ...event, type: 'breakwater.subscriber.failed', time: 9e12 };

    expect(codec.decode(codec.encode([own]))).toEqual([own]);
  });

  it.each([
    ['H27: arrays nested 1 000 000 deep', batch('['.repeat(1_000_000)), 'deeper than 64'],
    ['H27: arrays nested 65 deep', batch('['.repeat(65) + ']'.repeat(65)), 'deeper than 64'],
    ['H29: the name __proto__', batch('{"__proto__":{"admin":true}}'), '__proto__'],
    ['H37: bytes that are no text', Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), 'not valid UTF-8'],
    ['H37: a lone surrogate', batch(String.raw`"\ud800"`), 'lone surrogate'],
    ['H38: bytes after the end', utf8.encode('[]x'), 'not valid JSON'],
    ['H39: no bytes at all', new Uint8Array(), 'not valid JSON'],
    ['H40: an array of 400 000 zeros', batch(`[${'0,'.repeat(400_000)}0]`), 'more than 16384'],
    ['a number beyond all', batch('1e999'), 'is Infinity'],
    ['an object in place of the batch', utf8.encode('{}'), 'must be a JSON array'],
    ['an event that is null', utf8.encode('[null]'), 'must be an object'],
    [
      'an event without a time',
      utf8.encode('[{"specversion":"1.0","id":"e","source":"s","type":"a"}]'),
      'have a time',
    ],
    ['more than 1 MiB', new Uint8Array(1_048_577), '1048577 bytes'],
    ['5 000 events', utf8.encode(`[${'0,'.repeat(5_000)}0]`), '5001 events'],
  ])('%s is refused', (_, bytes, reason) => {
    expect(codecRefusal(() => codec.decode(bytes))).toContain(reason);
  });

  it('takes brackets in text for text', () => {
    const data = { text: '['.repeat(100), quoted: `\\"${'{'.repeat(100)}` };

    expect(codec.decode(codec.encode([{ ...event, data }]))[0]?.data).toEqual(data);
  });

  it.each<[string, Partial<EventEnvelope>, string]>([
    ['what JSON cannot carry', { data: { at: new Date(0) } }, 'event 1: event data.at is a Date'],
    ['too many bytes', { data: 'x'.repeat(1_048_576) }, 'beyond the 1048576 bytes'],
    ['too many elements', { data: Array.from({ length: 16_385 }, () => 0) }, 'more than 16384'],
  ])('%s is refused', (_, changes, reason) => {
    expect(codecRefusal(() => codec.encode([event, { ...event, ...changes }]))).toContain(reason);
  });

  it('is refused what is no message', () => {
    expect(codecRefusal(() => codec.decode('[]' as unknown as Uint8Array))).toContain('must be a Uint8Array');
    expect(codecRefusal(() => jsonCodec({ maxEvents: 1 }).encode([event, event]))).toContain(
      '2 events, more than 1',
    );
  });
});

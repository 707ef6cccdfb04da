import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { protobufCodec } from '../../../src/protobuf/protobuf-codec.ts';
import { codecRefusal } from '../../support/codec-refusal.ts';
import { placedOrder as event } from '../../support/placed-order.ts';

const codec = protobufCodec();

type Write = (writer: BinaryWriter) => BinaryWriter;

/** Bytes of a message inside another. */
function inner(field: number, write: Write): Write {
  return (writer) => write(writer.tag(field, WireType.LengthDelimited).fork()).join();
}

function text(field: number, value: string): Write {
  return (writer) => writer.tag(field, WireType.LengthDelimited).string(value);
}

function attribute(name: string, value: Write): Write {
  return inner(5, (entry) => inner(2, value)(text(1, name)(entry)));
}

const time = attribute('time', text(3, '2026-01-01T00:00:00Z'));
const json = attribute('datacontenttype', text(3, 'application/json'));
const required: readonly Write[] = [
  text(1, event.id),
  text(2, 'shop'),
  text(3, '1.0'),
  text(4, 'order.placed'),
];

/** A batch of one event of these fields. */
function batch(...fields: readonly Write[]): Uint8Array {
  return inner(1, (writer) => fields.reduce((into, field) => field(into), writer))(
    new BinaryWriter(),
  ).finish();
}

const sound = (...fields: readonly Write[]): Uint8Array => batch(...required, time, ...fields);
const raw =
  (...bytes: readonly number[]): Write =>
  (writer) =>
    writer.raw(Uint8Array.from(bytes));

describe('protobufCodec against hostile messages', () => {
  it('is tested with messages that are right but for their fault', () => {
    expect(codec.decode(sound(json, text(7, '{"total":1}')))).toEqual([
      { ...event, time: Date.UTC(2026, 0, 1) },
    ]);
  });

  it('skips fields that it does not know, and known ones of another kind', () => {
    const unknown: Write = (writer) =>
      writer
        .tag(1, WireType.Varint)
        .uint32(7)
        .tag(99, WireType.Bit64)
        .fixed64(1n)
        .tag(536_870_911, WireType.Bit32)
        .fixed32(1)
        .tag(98, WireType.LengthDelimited)
        .string('x');
    const odd = attribute('odd', (value) => text(3, 'kept')(unknown(value)));

    expect(codec.decode(sound(unknown, odd))[0]).toMatchObject({ id: event.id, metadata: { odd: 'kept' } });
    expect(codec.decode(new BinaryWriter().tag(2, WireType.Varint).uint32(1).finish())).toEqual([]);
  });

  it('takes the last of fields that come twice', () => {
    const twice = sound(
      text(7, 'a'),
      text(7, 'b'),
      attribute('a', text(3, '1')),
      attribute('a', text(3, '2')),
    );

    expect(codec.decode(twice)[0]).toMatchObject({ data: 'b', metadata: { a: '2' } });
  });

  it.each([
    [
      'H26: an event of 2^32-1 bytes without data',
      Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      'too early',
    ],
    ['H26: text of 2^31 bytes without data', sound(raw(0x3a, 0xff, 0xff, 0xff, 0xff, 0x07)), 'premature EOF'],
    ['H27: JSON nested 65 deep', sound(json, text(7, '['.repeat(65) + ']'.repeat(65))), 'deeper than 64'],
    ['H27: JSON nested 500 000 deep', sound(json, text(7, '['.repeat(500_000))), 'deeper than 64'],
    ['H27: groups nested 1 000 000 deep', new Uint8Array(1_000_000).fill(0x0b), 'has a group'],
    ['the end of a group', Uint8Array.of(0x0c), 'has a group'],
    ['H29: the name __proto__ in JSON', sound(json, text(7, '{"__proto__":1}')), '__proto__'],
    ['H29: the attribute __proto__', sound(attribute('__proto__', text(3, 'x'))), '__proto__'],
    ['an attribute without a name', sound(attribute('', text(3, 'x'))), 'no name of a CloudEvents attribute'],
    ['a second id as attribute', sound(attribute('id', text(3, 'x'))), 'a field of its own'],
    ['a payload as attribute', sound(attribute('data', text(3, 'x'))), 'a field of its own'],
    ['a payload in base64 as attribute', sound(attribute('data_base64', text(3, 'x'))), 'a field of its own'],
    ['H37: bytes that are no text', sound(raw(0x3a, 1, 0xff)), 'not valid UTF-8'],
    ['H40: an array of 200 000 zeros', sound(json, text(7, `[${'0,'.repeat(200_000)}0]`)), 'more than 16384'],
    ['no JSON where JSON is declared', sound(json, text(7, '[1')), 'data is not valid JSON'],
    ['a tag of 0', Uint8Array.of(0), 'message cannot be read'],
    ['a kind that there is not', Uint8Array.of(0x0f), 'message cannot be read'],
    ['a number that does not end', new Uint8Array(20).fill(0xff), 'message cannot be read'],
    ['a skipped field that goes beyond the end', Uint8Array.of(0x12, 9, 1), 'message cannot be read'],
    ['a field that goes beyond its event', Uint8Array.of(0x0a, 2, 0x0a, 3, 1, 2, 3), 'beyond its end'],
    ['an event without an id', batch(...required.slice(1), time), 'id must be text'],
    [
      'an event without a version',
      batch(...required.slice(0, 2), ...required.slice(3), time),
      'specversion must',
    ],
    ['an event without a time', batch(...required), 'must have a time'],
    [
      'a time of no value',
      batch(
        ...required,
        attribute('time', (value) => value),
      ),
      'must have a time',
    ],
    [
      'a time after the year 9999',
      batch(
        ...required,
        attribute(
          'time',
          inner(7, (at) => at.tag(1, WireType.Varint).int64(2n ** 62n)),
        ),
      ),
      'outside the years 1 to 9999',
    ],
    [
      'a time of -1 ns',
      batch(
        ...required,
        attribute(
          'time',
          inner(7, (at) => at.tag(2, WireType.Varint).int32(-1)),
        ),
      ),
      'outside the years 1 to 9999',
    ],
    ['more than 1 MiB', new Uint8Array(1_048_577), '1048577 bytes'],
    [
      '4 097 events',
      protobufCodec({ maxEvents: 4_097 }).encode(Array.from({ length: 4_097 }, () => event)),
      '4096',
    ],
  ])('%s is refused', (_, bytes, reason) => {
    expect(codecRefusal(() => codec.decode(bytes))).toContain(reason);
    expect(codec.decode(codec.encode([event]))).toEqual([event]);
  });

  it('says which event it was', () => {
    const one = codec.encode([event]);
    const two = batch(...required);

    expect(codecRefusal(() => codec.decode(Uint8Array.from([...one, ...two])))).toMatch(/^event 1: /);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a Date', { data: { at: new Date(0) } }, 'event 1: data.at is a Date'],
    ['too many elements', { data: Array.from({ length: 16_385 }, () => 0) }, 'more than 16384'],
    ['too many bytes', { data: new Uint8Array(1_048_576) }, 'beyond the 1048576 bytes'],
    ['a lone surrogate', { source: '\uD800' }, 'source has a lone surrogate'],
    ['a lone surrogate in metadata', { metadata: { a: '\uD800' } }, 'a has a lone surrogate'],
    [
      'a lone surrogate in plain text',
      { data: '\uD800', metadata: { datacontenttype: 'text/plain' } },
      'surrogate',
    ],
    ['an id that is no text', { id: 7 }, 'id must be text, got 7'],
    ['a key that is no text', { key: {} }, 'partitionkey must be text, got an object'],
    ['a version that is no integer', { schemaVersion: 1.5 }, 'schemaversion must be an integer'],
    ['a version that is too large', { schemaVersion: 1e10 }, 'schemaversion must be an integer'],
    ['a time that is none', { time: Number.NaN }, 'time must lie'],
    ['metadata that is null', { metadata: null }, 'event 1: '],
  ])('%s is refused', (_, changes, reason) => {
    const wrong = { ...event, ...changes } as EventEnvelope;

    expect(codecRefusal(() => codec.encode([event, wrong]))).toContain(reason);
  });

  it('stops to write where the bytes are too many', () => {
    let asked = 0;
    const counting = {
      ...event,
      get data() {
        asked += 1;
        return 'x'.repeat(600);
      },
    };
    const small = protobufCodec({ maxBytes: 1_000 });

    expect(codecRefusal(() => small.encode(Array.from({ length: 9 }, () => counting)))).toContain(
      '1000 bytes',
    );
    expect(asked).toBe(2);
  });

  it('counts the bytes between events', () => {
    const size = codec.encode([event]).length;

    expect(protobufCodec({ maxBytes: size }).encode([event])).toHaveLength(size);
    expect(codecRefusal(() => protobufCodec({ maxBytes: size - 1 }).encode([event]))).toContain('bytes');
  });

  it('is refused what is no message and no event', () => {
    expect(codecRefusal(() => codec.decode('[]' as unknown as Uint8Array))).toContain('must be a Uint8Array');
    expect(codecRefusal(() => codec.encode(null as unknown as EventEnvelope[]))).toContain(
      'must be an array',
    );
    expect(codecRefusal(() => codec.encode([null as unknown as EventEnvelope]))).toContain('event 0: ');
    expect(codecRefusal(() => protobufCodec({ maxEvents: 1 }).encode([event, event]))).toContain('2 events');
    expect(() => protobufCodec({ maxItems: 0 })).toThrow(RangeError);
  });
});

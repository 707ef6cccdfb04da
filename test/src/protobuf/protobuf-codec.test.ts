import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { protobufCodec } from '../../../src/protobuf/protobuf-codec.ts';
import { readProtoBatch, writeProtoBatch } from '../../support/cloud-events-proto.ts';
import { jsonEnvelopes } from '../../support/json-envelopes.ts';

const codec = protobufCodec();
const event: EventEnvelope = {
  id: '0199aa5f-3c2e-7abc-8def-0123456789ab',
  type: 'order.placed',
  source: 'shop',
  time: 1_700_000_000_500,
  priority: 'normal',
  schemaVersion: 1,
  data: { total: 1 },
};

/** What comes of an event on its way through the codec. */
function sent(changes: Partial<EventEnvelope>): EventEnvelope | undefined {
  return codec.decode(codec.encode([{ ...event, ...changes }]))[0];
}

/** An event of another publisher, with what the schema calls its fields. */
function foreign(attributes: Record<string, unknown>, data?: unknown): Uint8Array {
  const time = { attr: { case: 'ceString', value: '2026-01-01T00:00:00Z' } };
  const { id, source, type } = event;
  const plain = { id, source, type, specVersion: '1.0', attributes: { time, ...attributes } };
  return writeProtoBatch([data === undefined ? plain : { ...plain, data }]);
}

/** Metadata that says what the payload or the attributes are, as the codec does itself. */
const declared = fc.record(
  {
    datacontenttype: fc.constantFrom(
      'application/json',
      'application/problem+json',
      'Application/JSON; charset=utf-8',
      'application/protobuf',
      'text/plain',
    ),
    dataschema: fc.constant('https://example.com/schema'),
    'cloudevents.time': fc.constant('2023-11-14T22:13:20.500000001Z'),
  },
  { noNullPrototype: true },
);

/** The same with a line break, which the metadata keeps under another name. */
const contentTypes = fc.oneof(
  declared,
  fc.constant({ 'cloudevents.text.datacontenttype': '"application/json\\n"' }),
);

describe('protobufCodec', () => {
  it('gives back every batch of events whose payload JSON can carry (I23)', () => {
    fc.assert(
      fc.property(fc.array(jsonEnvelopes, { maxLength: 4 }), (events) => {
        expect(isDeepStrictEqual(codec.decode(codec.encode(events)), events)).toBe(true);
      }),
    );
  });

  it('keeps what the metadata says of the payload, whatever the payload is', () => {
    fc.assert(
      fc.property(jsonEnvelopes, contentTypes, (base, metadata) => {
        const one = { ...base, metadata: { ...base.metadata, region: 'eu', ...metadata } };
        expect(codec.decode(codec.encode([one]))).toEqual([one]);
      }),
    );
  });

  it('writes the message that its schema describes', () => {
    const metadata = { region: 'eu', 'not a name': 'x' };
    const full = {
      ...event,
      priority: 'high',
      schemaVersion: 3,
      key: 'k',
      causationDepth: 4,
      metadata,
    } as const;

    expect(readProtoBatch(codec.encode([full, { ...event, data: Uint8Array.of(1, 2) }]))).toEqual({
      events: [
        {
          id: event.id,
          source: 'shop',
          specVersion: '1.0',
          type: 'order.placed',
          attributes: {
            time: { ceTimestamp: '2023-11-14T22:13:20.500Z' },
            priority: { ceString: 'high' },
            schemaversion: { ceInteger: 3 },
            partitionkey: { ceString: 'k' },
            causationdepth: { ceInteger: 4 },
            datacontenttype: { ceString: 'application/json' },
            region: { ceString: 'eu' },
            metadata: { ceString: '{"not a name":"x"}' },
          },
          textData: '{"total":1}',
        },
        {
          id: event.id,
          source: 'shop',
          specVersion: '1.0',
          type: 'order.placed',
          attributes: { time: { ceTimestamp: '2023-11-14T22:13:20.500Z' } },
          binaryData: 'AQI=',
        },
      ],
    });
  });

  it('reads every kind of attribute that its schema has', () => {
    const bytes = foreign({
      time: { attr: { case: 'ceTimestamp', value: { seconds: 1_700_000_000n, nanos: 123_456_789 } } },
      flag: { attr: { case: 'ceBoolean', value: true } },
      count: { attr: { case: 'ceInteger', value: -7 } },
      blob: { attr: { case: 'ceBytes', value: Uint8Array.of(1, 2) } },
      dataschema: { attr: { case: 'ceUri', value: 'https://example.com' } },
      subject: { attr: { case: 'ceUriRef', value: '/orders/1' } },
      when: { attr: { case: 'ceTimestamp', value: { seconds: -1n, nanos: 0 } } },
      schemaversion: { attr: { case: 'ceInteger', value: 2 } },
      nothing: {},
    });

    expect(codec.decode(bytes)).toEqual([
      {
        ...event,
        time: 1_700_000_000_123,
        data: undefined,
        schemaVersion: 2,
        metadata: {
          'cloudevents.time': '2023-11-14T22:13:20.123456789Z',
          flag: 'true',
          count: '-7',
          blob: 'AQI=',
          dataschema: 'https://example.com',
          subject: '/orders/1',
          when: '1969-12-31T23:59:59Z',
        },
      },
    ]);
  });

  it.each([
    ['text of no declared kind', {}, { case: 'textData', value: '[1]' }, '[1]'],
    ['JSON', { datacontenttype: 'application/json' }, { case: 'textData', value: '[1]' }, [1]],
    [
      'JSON in capitals',
      { datacontenttype: 'Application/Problem+JSON ; charset=utf-8' },
      { case: 'textData', value: '[1]' },
      [1],
    ],
    ['plain text', { datacontenttype: 'text/plain' }, { case: 'textData', value: '[1]' }, '[1]'],
    [
      'bytes',
      { datacontenttype: 'application/json' },
      { case: 'binaryData', value: Uint8Array.of(1) },
      Uint8Array.of(1),
    ],
    [
      'a message that is not known',
      {},
      { case: 'protoData', value: { typeUrl: 'x/y.Z', value: Uint8Array.of(1) } },
      Uint8Array.of(1),
    ],
  ])('reads a payload that is %s', (_, texts, data, payload) => {
    const attributes = Object.entries(texts).map(([name, value]) => [
      name,
      { attr: { case: 'ceString', value } },
    ]);

    expect(codec.decode(foreign(Object.fromEntries(attributes), data))[0]?.data).toEqual(payload);
  });

  it('says in the metadata which message it did not know, and of what kind text is', () => {
    const message = { case: 'protoData', value: { typeUrl: 'x/y.Z', value: Uint8Array.of(1) } };
    const plain = { datacontenttype: { attr: { case: 'ceString', value: 'text/plain' } } };

    expect(codec.decode(foreign({}, message))[0]?.metadata).toEqual({
      datacontenttype: 'application/protobuf',
      dataschema: 'x/y.Z',
    });
    const [text] = codec.decode(foreign(plain, { case: 'textData', value: 'hi' }));
    expect(text?.metadata).toEqual({ datacontenttype: 'text/plain' });
    expect(readProtoBatch(codec.encode(text === undefined ? [] : [text]))).toMatchObject({
      events: [{ textData: 'hi', attributes: { datacontenttype: { ceString: 'text/plain' } } }],
    });
  });

  it('writes times that a timestamp cannot tell as text', () => {
    const metadata = { 'cloudevents.time': '2023-11-14T23:13:20.500000001+01:00' };

    expect(sent({ metadata })).toEqual({ ...event, metadata });
    expect(readProtoBatch(codec.encode([{ ...event, metadata }]))).toMatchObject({
      events: [{ attributes: { time: { ceString: metadata['cloudevents.time'] } } }],
    });
  });

  it('carries integers that 32 bits cannot hold', () => {
    expect(sent({ schemaVersion: 9_999_999_999 })?.schemaVersion).toBe(9_999_999_999);
    expect(sent({ causationDepth: 2_147_483_648 })?.causationDepth).toBe(2_147_483_648);
  });

  it("carries Breakwater's own events, also from a clock far ahead, and byte order marks", () => {
    const own = { type: 'breakwater.subscriber.failed', time: 9e12, source: '\uFEFFshop' };

    expect(sent(own)).toEqual({ ...event, ...own });
  });

  it('keeps no hold of the message it has read', () => {
    const bytes = Buffer.from(codec.encode([{ ...event, data: Uint8Array.of(1, 2, 3) }]));
    const [read] = codec.decode(bytes);
    bytes.fill(0);

    expect(read?.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('writes no events as no bytes, and reads them', () => {
    expect(codec.encode([])).toEqual(new Uint8Array());
    expect(codec.decode(new Uint8Array())).toEqual([]);
  });
});

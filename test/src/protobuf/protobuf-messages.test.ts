import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type { ProtobufMessage } from '../../../src/protobuf/message.ts';
import { protobufCodec } from '../../../src/protobuf/protobuf-codec.ts';
import { readProtoBatch } from '../../support/cloud-events-proto.ts';
import { codecRefusal } from '../../support/codec-refusal.ts';

// A message that every generator of code has: what a user generates is used the same way.
const typeUrl = 'type.googleapis.com/google.protobuf.Duration';
const duration: ProtobufMessage = {
  encode: (data) => toBinary(DurationSchema, create(DurationSchema, data as Duration)),
  decode: (bytes) => fromBinary(DurationSchema, bytes),
};
const codec = protobufCodec({ messages: { 'job.done': duration } });
const named = protobufCodec({ messages: { 'job.done': { ...duration, typeUrl } } });
const event: EventEnvelope = {
  id: '0199aa5f-3c2e-7abc-8def-0123456789ab',
  type: 'job.done',
  source: 'shop',
  time: 1_700_000_000_000,
  priority: 'normal',
  schemaVersion: 1,
  data: { seconds: 5n, nanos: 7 },
};
const wire = Uint8Array.of(0x08, 5, 0x10, 7);

/** A codec whose message is made of these two functions. */
function codecOf(encode: unknown, decode: unknown): ReturnType<typeof protobufCodec> {
  return protobufCodec({ messages: { 'job.done': { encode, decode } as ProtobufMessage } });
}

describe('protobufCodec with messages', () => {
  it.each([
    ['without a type URL', codec],
    ['with one', named],
  ])('gives a payload back that is a message %s', (_, either) => {
    const metadata = { datacontenttype: 'application/json', dataschema: 'https://example.com', a: 'b' };

    expect(either.decode(either.encode([event]))).toEqual([
      { ...event, data: create(DurationSchema, { seconds: 5n, nanos: 7 }) },
    ]);
    expect(either.decode(either.encode([{ ...event, metadata }]))[0]?.metadata).toEqual(metadata);
  });

  it('writes a message as binary_data, or as proto_data when it has a type URL', () => {
    const contentType = { ceString: 'application/protobuf' };

    expect(readProtoBatch(codec.encode([event]))).toMatchObject({
      events: [{ binaryData: 'CAUQBw==', attributes: { datacontenttype: contentType } }],
    });
    expect(readProtoBatch(named.encode([event]))).toMatchObject({
      events: [
        {
          protoData: { '@type': typeUrl, value: '5.000000007s' },
          attributes: { datacontenttype: contentType, dataschema: { ceUri: typeUrl } },
        },
      ],
    });
    expect(protobufCodec().decode(named.encode([event]))[0]).toEqual({
      ...event,
      data: wire,
      metadata: { datacontenttype: 'application/protobuf', dataschema: typeUrl },
    });
  });

  it('reads a message either way it travels', () => {
    expect(named.decode(codec.encode([event]))).toEqual(named.decode(named.encode([event])));
    expect(codec.decode(named.encode([event]))).toEqual(named.decode(named.encode([event])));
  });

  it('leaves other types, bytes that are not declared to be a message, and no payload alone', () => {
    const others = [
      { ...event, type: 'job.started', data: { a: 1 } },
      { ...event, type: 'constructor', data: { a: 1 } },
      { ...event, data: undefined },
    ];

    expect(codec.decode(codec.encode(others))).toEqual(others);
    expect(codec.decode(protobufCodec().encode([{ ...event, data: wire }]))[0]?.data).toEqual(wire);
  });

  it('refuses a message of another type than its own', () => {
    const other = protobufCodec({ messages: { 'job.done': { ...duration, typeUrl: 'x/y.Other' } } });

    expect(codecRefusal(() => other.decode(named.encode([event])))).toContain('expected x/y.Other');
  });

  it('says of what a message throws, and of what is no bytes, which event it was', () => {
    const fails = (): never => {
      throw new Error('no such field');
    };
    const throwing = codecOf(fails, fails);

    expect(codecRefusal(() => throwing.encode([event]))).toBe('event 0: no such field');
    expect(codecRefusal(() => throwing.decode(codec.encode([event])))).toBe('event 0: no such field');
    expect(codecRefusal(() => codecOf(() => 'text', fails).encode([event]))).toContain('return a Uint8Array');
    expect(
      codecRefusal(() =>
        codec.decode(
          protobufCodec().encode([
            { ...event, data: Uint8Array.of(0x08), metadata: { datacontenttype: 'application/protobuf' } },
          ]),
        ),
      ),
    ).toContain('event 0: ');
  });

  it.each([
    ['null', null, 'messages["job.done"] must be an object'],
    ['without decode', { encode: () => wire }, 'messages["job.done"].decode must be a function'],
    [
      'with a type URL of no form',
      { ...duration, typeUrl: 'Duration' },
      'messages["job.done"].typeUrl must be',
    ],
  ])('refuses at once a message that is %s', (_, message, reason) => {
    const messages = { 'job.done': message as ProtobufMessage };

    expect(() => protobufCodec({ messages })).toThrow(TypeError);
    expect(() => protobufCodec({ messages })).toThrow(reason);
  });
});

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromCloudEvent, toCloudEvent } from '../../../streams/event/cloud-events.ts';
import { type EventEnvelope, ValidEnvelope } from '../../../streams/event/envelope.ts';
import { isEventId } from '../../../streams/event/event-id.ts';
import { sha1 } from '../../../streams/event/sha1.ts';
import { hasData, readJson } from '../../support/data.ts';
import { jsonEnvelopes } from '../../support/json-envelopes.ts';
import { refusal } from '../../support/refusal.ts';

interface Fixture {
  readonly ContextAttributes: {
    readonly specversion: number;
    readonly datacontenttype?: string;
    readonly time?: string;
    readonly Extensions?: Record<string, string>;
  };
  readonly Data: string;
}

const now = 1_800_000_000_000;
const limits = { now };
const file = 'cloudevents/events.json';
const fixtures = hasData(file) ? (readJson(file) as Fixture[]) : [];

/** The fixture in the JSON format: extensions beside the attributes, JSON data as JSON. */
function inJsonFormat({ ContextAttributes, Data }: Fixture): Record<string, unknown> {
  const { Extensions = {}, ...attributes } = ContextAttributes;
  const isJson = /json/.test(attributes.datacontenttype ?? 'json');
  return {
    ...attributes,
    ...Extensions,
    specversion: '1.0',
    data: isJson ? (JSON.parse(Data) as unknown) : Data,
  };
}

const minimal = { specversion: '1.0', id: 'e-1', source: '/shop', type: 'order.placed' } as const;

describe.skipIf(fixtures.length === 0)('CloudEvents, by the conformance events', () => {
  it.each(fixtures.map((fixture, at) => [at, fixture] as const))(
    'event %i comes back as it was',
    (_, fixture) => {
      const given = inJsonFormat(fixture);

      const back = toCloudEvent(fromCloudEvent(given, limits));

      // An absent time becomes the time of reading, and an offset of zero is written as Z.
      const { time: text = new Date(now).toISOString() } = fixture.ContextAttributes;
      expect({ ...back, time: Date.parse(back.time ?? '') }).toEqual({ ...given, time: Date.parse(text) });
    },
  );

  it('get ids that are unique here', () => {
    const ids = fixtures.map((fixture) => fromCloudEvent(inJsonFormat(fixture), limits).id);

    expect(ids.every(isEventId)).toBe(true);
    expect(new Set(ids).size).toBe(new Set(fixtures.map((fixture) => inJsonFormat(fixture)['id'])).size);
  });
});

describe('toCloudEvent and fromCloudEvent', () => {
  it('give every event back through JSON', () => {
    fc.assert(
      fc.property(jsonEnvelopes, (event) => {
        const text = JSON.stringify(toCloudEvent(event));

        expect(isDeepStrictEqual(fromCloudEvent(JSON.parse(text), { now: event.time }), event)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('put fields into the attributes that CloudEvents has for them', () => {
    const event: EventEnvelope = {
      id: '0199aa5f-3c2e-7abc-8def-0123456789ab',
      type: 'order.placed',
      source: 'shop',
      time: 1_700_000_000_000,
      priority: 'high',
      schemaVersion: 2,
      data: { total: 1 },
      key: 'c-42',
      correlationId: 'r-1',
      causationId: 'x',
      causationDepth: 3,
      traceparent: '00-12345678901234567890123456789012-1234567890123456-01',
      tracestate: 'a=b',
      metadata: { region: 'eu', 'http.agent': 'curl', subject: 's', priority: 'other' },
    };

    expect(toCloudEvent(event)).toEqual({
      specversion: '1.0',
      id: event.id,
      type: 'order.placed',
      source: 'shop',
      time: '2023-11-14T22:13:20Z',
      priority: 'high',
      schemaversion: 2,
      data: { total: 1 },
      partitionkey: 'c-42',
      correlationid: 'r-1',
      causationid: 'x',
      causationdepth: 3,
      traceparent: event.traceparent,
      tracestate: 'a=b',
      region: 'eu',
      subject: 's',
      metadata: '{"http.agent":"curl","priority":"other"}',
    });
    expect(fromCloudEvent(toCloudEvent(event), limits)).toEqual(event);
  });

  it('carry a Uint8Array as base64, and no data as none', () => {
    const event = fromCloudEvent({ ...minimal, data_base64: 'AQID' }, limits);

    expect(event.data).toEqual(new Uint8Array([1, 2, 3]));
    expect(toCloudEvent(event)).toHaveProperty('data_base64', 'AQID');
    expect(fromCloudEvent(minimal, limits).data).toBeUndefined();
    expect(toCloudEvent(fromCloudEvent(minimal, limits))).not.toHaveProperty('data');
    expect(fromCloudEvent({ ...minimal, data: null }, limits).data).toBeNull();
  });

  it('keep an id that is no UUID, and give it back only while it belongs to the event', () => {
    const event = fromCloudEvent(minimal, limits);

    expect(event.metadata).toEqual({ 'cloudevents.id': 'e-1' });
    expect(toCloudEvent(event)).toMatchObject({ id: 'e-1' });
    expect(toCloudEvent({ ...event, source: 'other' })).toMatchObject({ id: event.id });
    expect(fromCloudEvent({ ...minimal, source: '/bank' }, limits).id).not.toBe(event.id);
    expect(fromCloudEvent(minimal, limits).id).toBe(event.id);
  });

  it('make the id of RFC 9562, version 5', () => {
    const { id } = fromCloudEvent({ ...minimal, source: 'http://www.example.com', id: 'x' }, limits);
    const hash = createHash('sha1')
      .update(Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex'))
      .update('http://www.example.com#x')
      .digest('hex');

    expect(id.replaceAll('-', '').slice(0, 12)).toBe(hash.slice(0, 12));
    expect(id[14]).toBe('5');
    expect(isEventId(id)).toBe(true);
  });

  it('keep a time that is finer than a millisecond', () => {
    const event = fromCloudEvent({ ...minimal, time: '2026-01-02T03:04:05.123456+02:00' }, limits);

    expect(event.time).toBe(Date.parse('2026-01-02T01:04:05.123Z'));
    expect(toCloudEvent(event).time).toBe('2026-01-02T03:04:05.123456+02:00');
    expect(toCloudEvent({ ...event, time: event.time + 1 }).time).toBe('2026-01-02T01:04:05.124Z');
  });

  it('keep an attribute with line breaks as text without', () => {
    const event = fromCloudEvent({ ...minimal, note: 'a\nb' }, limits);

    expect(event.metadata).toMatchObject({ 'cloudevents.text.note': String.raw`"a\nb"` });
    expect(toCloudEvent(event)).toMatchObject({ note: 'a\nb' });
  });

  it('take metadata of others for what it is', () => {
    expect(fromCloudEvent({ ...minimal, metadata: 'not json' }, limits).metadata).toMatchObject({
      metadata: 'not json',
    });
    expect(fromCloudEvent({ ...minimal, metadata: '[1]' }, limits).metadata).toMatchObject({
      metadata: '[1]',
    });
    expect(fromCloudEvent({ ...minimal, metadata: '{"a":1}' }, limits).metadata).toMatchObject({
      metadata: '{"a":1}',
    });
    expect(toCloudEvent(fromCloudEvent({ ...minimal, metadata: '[1]' }, limits))).toMatchObject({
      metadata: '{"metadata":"[1]"}',
    });
  });

  it('read integers that came as text, and write booleans and integers of others as text', () => {
    const event = fromCloudEvent(
      { ...minimal, schemaversion: '7', retries: 5, vip: true, gone: null },
      limits,
    );

    expect(event.schemaVersion).toBe(7);
    expect(event.metadata).toEqual({ retries: '5', vip: 'true', 'cloudevents.id': 'e-1' });
  });

  it('give a plain event, which is validated again when it is published', () => {
    expect(fromCloudEvent(minimal, limits)).not.toBeInstanceOf(ValidEnvelope);
  });
});

describe('hostile CloudEvents', () => {
  const throwing = {
    get id(): string {
      throw new Error('boom');
    },
  };

  it.each<[string, unknown, string]>([
    ['text', 'x', 'must be an object'],
    ['null', null, 'must be an object'],
    ['another version', { ...minimal, specversion: '0.3' }, "specversion must be '1.0'"],
    ['no version', { ...minimal, specversion: undefined }, "specversion must be '1.0'"],
    ['a getter that throws', throwing, 'could not be read'],
    ['no id', { ...minimal, id: undefined }, 'event id must be text'],
    ['H7: an id of 1 MB', { ...minimal, id: 'x'.repeat(1e6) }, 'event id must be text'],
    ['H12: an id with a line break', { ...minimal, id: 'a\nb' }, 'event id must have no control'],
    ['no source', { ...minimal, source: '' }, 'event source must be text'],
    ['H5: a reserved type', { ...minimal, type: '$SYS.x' }, 'event type'],
    ['H13: a system type', { ...minimal, type: 'breakwater.alert' }, 'reserved for'],
    ['H8: a time that is none', { ...minimal, time: 'yesterday' }, 'RFC 3339'],
    ['H8: a time as number', { ...minimal, time: 5 }, 'RFC 3339'],
    ['H8: the 30th of February', { ...minimal, time: '2026-02-30T00:00:00Z' }, 'RFC 3339'],
    ['H8: a time in the future', { ...minimal, time: '2100-01-01T00:00:00Z' }, 'in the future'],
    ['H9: a priority that is none', { ...minimal, priority: 5 }, 'event priority'],
    ['H10: a depth that is none', { ...minimal, causationdepth: 'deep' }, 'event causationDepth'],
    ['H11: 100 000 attributes', manyAttributes(100_000), 'at most 64 keys'],
    [
      'H11: the name __proto__',
      JSON.parse('{"specversion":"1.0","__proto__":{"id":"x"}}'),
      'no name of a CloudEvents',
    ],
    [
      'H11: the name __proto__ in the metadata',
      { ...minimal, metadata: '{"__proto__":"x"}' },
      'metadata key',
    ],
    ['H12: an attribute with a lone surrogate', { ...minimal, a: 'x\ud800' }, 'metadata.a'],
    ['H12: a name with capital letters', { ...minimal, userAgent: 'x' }, 'no name of a CloudEvents'],
    ['H14: a version that is none', { ...minimal, schemaversion: '1.0' }, 'schemaVersion'],
    ['an attribute that is an object', { ...minimal, a: {} }, '"a" must be text'],
    ['an attribute that is a fraction', { ...minimal, a: 1.5 }, '"a" must be text'],
    ['data twice', { ...minimal, data: 1, data_base64: 'AQID' }, 'beside data_base64'],
    ['base64 that is none', { ...minimal, data_base64: 'A*ID' }, 'data_base64 must be base64'],
    ['base64 without padding', { ...minimal, data_base64: 'AQI' }, 'data_base64 must be base64'],
    ['base64 with bits left over', { ...minimal, data_base64: 'AR==' }, 'data_base64 must be base64'],
    ['a traceparent that is none', { ...minimal, traceparent: '00-x' }, 'traceparent'],
  ])('%s is refused', (_, value, message) => {
    const error = refusal(() => fromCloudEvent(value, limits));

    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(400);
  });

  it.each<[string, unknown, string]>([
    ['a Date', { at: new Date(0) }, 'data.at is a Date'],
    ['a bigint', [1n], 'data[0] is a bigint'],
    ['NaN', { a: Number.NaN }, 'data.a is NaN'],
    ['bytes below the top', { a: new Uint8Array(1) }, 'data.a is a Date or Uint8Array'],
    ['a function', { a: () => 1 }, 'data.a is a function'],
    ['a lone surrogate in a name', { a: { '\ud800': 1 } }, 'data.a has a member whose name'],
    ['a cycle', cyclic(), 'is it cyclic?'],
  ])('%s cannot be written', (_, data, message) => {
    const event = { ...fromCloudEvent(minimal, limits), data };

    expect(refusal(() => toCloudEvent(event)).message).toContain(message);
  });

  it('a time beyond the year 9999 cannot be written', () => {
    const event = { ...fromCloudEvent(minimal, limits), time: 8.64e15 };

    expect(refusal(() => toCloudEvent(event)).message).toContain('years 1970 to 9999');
  });
});

describe('sha1', () => {
  it('agrees with OpenSSL, for every message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Buffer.from(sha1(bytes)).toString('hex')).toBe(createHash('sha1').update(bytes).digest('hex'));
      }),
    );
  });
});

function manyAttributes(count: number): Record<string, unknown> {
  const attributes = Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, 'v']));
  return { ...minimal, ...attributes };
}

function cyclic(): unknown {
  const value: unknown[] = [];
  value.push(value, value);
  return value;
}

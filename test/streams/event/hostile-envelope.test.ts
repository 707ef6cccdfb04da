import { describe, expect, it } from 'vitest';
import { checkEnvelope, checkFields } from '../../../streams/event/envelope-check.ts';
import { ValidEnvelope } from '../../../streams/event/envelope.ts';
import type { ValidationError } from '../../../streams/event/errors.ts';
import { refusal } from '../../support/refusal.ts';

const now = 1_700_000_000_000;
const limits = { now };
const id = '0199aa5f-3c2e-7abc-8def-0123456789ab';
const sound = {
  id,
  type: 'order.placed',
  source: 'shop',
  time: now,
  priority: 'normal',
  schemaVersion: 1,
  data: { total: 5 },
} as const;

function refusalOf(changes: Record<string, unknown>): ValidationError {
  return refusal(() => checkEnvelope({ ...sound, ...changes }, limits));
}

describe('checkEnvelope', () => {
  it('gives a copy with all fields', () => {
    const full = {
      ...sound,
      key: 'customer 42',
      correlationId: 'request-1',
      causationId: id,
      causationDepth: 3,
      traceparent: '00-12345678901234567890123456789012-1234567890123456-01',
      tracestate: 'foo=1',
      metadata: { region: 'eu', 'http.user-agent': 'Ünïcode 🌎' },
    };

    const copy = checkEnvelope(full, limits);

    expect(copy).toBeInstanceOf(ValidEnvelope);
    expect(copy).toEqual(full);
    expect(copy.metadata).not.toBe(full.metadata);
  });

  it('gives absent fields their defaults, and takes undefined for absent', () => {
    const copy = checkEnvelope(
      { type: 'a.b', data: 1, key: undefined, metadata: undefined },
      { now, id: () => id, source: 'here' },
    );

    expect(copy).toEqual({
      id,
      type: 'a.b',
      source: 'here',
      time: now,
      priority: 'normal',
      schemaVersion: 1,
      data: 1,
    });
  });

  it('requires an id and a source where the limits name none', () => {
    expect(refusal(() => checkEnvelope({ type: 'a', source: 's', data: 1 }, limits)).message).toContain(
      'event id',
    );
    expect(refusal(() => checkEnvelope({ id, type: 'a', data: 1 }, limits)).message).toContain(
      'event source',
    );
  });

  it.each([
    ['H7: an id of 1 MB', { id: 'x'.repeat(1_000_000) }, 'id'],
    ['H7: an id that is no text', { id: 7 }, 'id'],
    ['H7: the id __proto__', { id: '__proto__' }, 'id'],
    ['H8: a time that is no number', { time: Number.NaN }, 'time'],
    ['H8: a time before 1970', { time: -1 }, 'time'],
    ['H8: a time of 1e308', { time: 1e308 }, 'time'],
    ['H8: a time as text', { time: '2026-01-01' }, 'time'],
    ['H8: a fraction of a millisecond', { time: 1.5 }, 'time'],
    ['H9: priority 99', { priority: 99 }, 'priority'],
    ['H9: priority -1', { priority: -1 }, 'priority'],
    ['H9: a priority that says it is one', { priority: { valueOf: (): string => 'high' } }, 'priority'],
    ['H9: an array', { priority: ['high'] }, 'priority'],
    ['H10: a negative depth', { causationDepth: -1 }, 'causationDepth'],
    ['H10: a correlation id of 1 MB', { correlationId: 'c'.repeat(1_000_000) }, 'correlationId'],
    ['H10: a causation id that is no text', { causationId: {} }, 'causationId'],
    ['H11: 100 000 keys', { metadata: manyKeys(100_000) }, 'metadata'],
    ['H11: 17 KB', { metadata: { a: 'x'.repeat(17_000) } }, 'metadata'],
    ['H11: 17 KB in few characters', { metadata: { a: '€'.repeat(6_000) } }, 'metadata'],
    ['H11: a toJSON that returns itself', { metadata: selfish() }, 'metadata.toJSON'],
    ['H11: a number', { metadata: { a: 1 } }, 'metadata.a'],
    ['H11: a prototype key', { metadata: JSON.parse('{"__proto__":"x"}') as unknown }, 'metadata'],
    ['H11: a name that all objects have', { metadata: { toString: 'x' } }, 'metadata'],
    ['H11: a map', { metadata: new Map([['a', 'b']]) }, 'metadata'],
    ['H11: an array', { metadata: ['a'] }, 'metadata'],
    ['H12: a header in a value', { metadata: { a: 'x\r\nNats-Rollup: all' } }, 'metadata.a'],
    ['H12: a header in a key', { metadata: { 'a\r\nb': 'x' } }, 'metadata'],
    ['H12: a header in the source', { source: 'a\r\nb: c' }, 'source'],
    ['H12: a header in the key', { key: 'a\nb' }, 'key'],
    ['H12: a header of 64 KB', { key: 'k'.repeat(65_536) }, 'key'],
    ['H12: a control character beyond ASCII', { key: 'a\u0085b' }, 'key'],
    ['H12: the delete character', { key: 'a\u007f' }, 'key'],
    ['H12: a lone surrogate', { key: 'a\udc00' }, 'key'],
    ['H12: a high surrogate at the end', { key: 'a\ud83c' }, 'key'],
    ['H12: an empty key', { key: '' }, 'key'],
    ['H14: the version 999.0', { schemaVersion: '999.0' }, 'schemaVersion'],
    ['H14: the version ../../x', { schemaVersion: '../../x' }, 'schemaVersion'],
    ['H14: a version of 1 MB', { schemaVersion: `1.0.0+${'b'.repeat(1_000_000)}` }, 'schemaVersion'],
    ['H14: version 0', { schemaVersion: 0 }, 'schemaVersion'],
    ['a traceparent that is none', { traceparent: '00-x' }, 'traceparent'],
    ['a tracestate that is none', { tracestate: 'a=b=c' }, 'tracestate'],
    ['a field that is misspelt', { correlationID: 'x' }, '"correlationID"'],
  ])('refuses %s, naming the field', (_, changes, field) => {
    const error = refusalOf(changes);

    expect(error.issues.map((issue) => issue.field)).toEqual([field]);
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  });

  it('H8: says by how much a time lies in the future', () => {
    expect(refusalOf({ time: now + 61_000 }).message).toBe(
      'event time lies 61000 ms in the future, more than the 60000 ms that clocks may differ. ' +
        'Check the clock of the publisher, or raise maxClockSkewMs',
    );
    expect(refusalOf({ time: new Date(now) }).message).toContain('Use date.getTime()');
    expect(checkEnvelope({ ...sound, time: now + 60_000 }, limits).time).toBe(now + 60_000);
    expect(checkEnvelope({ ...sound, time: now + 9 }, { now, maxClockSkewMs: 9 }).time).toBe(now + 9);
  });

  it('H9: takes urgent for critical', () => {
    expect(checkEnvelope({ ...sound, priority: 'urgent' }, limits).priority).toBe('critical');
  });

  it('H11: runs no getter of the metadata', () => {
    let runs = 0;
    const metadata = {
      get region(): string {
        runs += 1;
        return 'eu';
      },
    };

    expect(refusalOf({ metadata }).message).toContain('metadata.region must be text, got a getter');
    expect(runs).toBe(0);
  });

  it('H11: obeys other limits', () => {
    const event = { ...sound, metadata: manyKeys(65) };

    expect(() => checkEnvelope(event, limits)).toThrow('at most 64 keys, got 65');
    expect(checkEnvelope(event, { now, maxMetadataKeys: 65 }).metadata).toEqual(event.metadata);
    expect(() => checkEnvelope({ ...sound, metadata: { ab: 'c' } }, { now, maxMetadataBytes: 2 })).toThrow(
      '2 bytes',
    );
  });

  it('H11: names the field whose getter throws, whichever it is', () => {
    for (const field of Object.keys(sound)) {
      const event = Object.defineProperty({ ...sound }, field, {
        enumerable: true,
        get: () => {
          throw new Error('boom');
        },
      });
      const error = refusal(() => checkEnvelope(event, limits));

      expect(error.message).toContain(`event ${field} could not be read`);
      expect(error.cause).toEqual(new Error('boom'));
    }
  });

  it('H11: reads each field once, so that a second answer cannot get past the check', () => {
    const reads = new Map<PropertyKey, number>();
    const event = new Proxy(
      { ...sound },
      {
        get: (target, field, receiver): unknown => {
          reads.set(field, (reads.get(field) ?? 0) + 1);
          return Reflect.get(target, field, receiver);
        },
      },
    );
    checkEnvelope(event, limits);

    expect([...reads.values()].every((count) => count === 1)).toBe(true);
  });

  it('H41: refuses a proxy that throws at everything', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(refusal(() => checkEnvelope(proxy, limits)).message).toContain('could not be read');
  });

  it.each([[null], [undefined], ['text'], [7], [() => sound]])('refuses %s as an event', (value) => {
    expect(refusal(() => checkEnvelope(value, limits)).message).toContain('event must be an object');
  });
});

describe('checkFields', () => {
  it('gives a copy of what was said', () => {
    const fields = { id, time: now, source: 's', priority: 'urgent', key: 'k', metadata: { a: 'b' } };

    expect(checkFields(fields, limits)).toEqual({ ...fields, priority: 'critical' });
    expect(checkFields({}, limits)).toEqual({});
  });

  it.each([
    ['an id that is none', { id: 'x' }, 'id'],
    ['a time in the future', { time: now + 60_001 }, 'time'],
    ['a source with a line break', { source: 'a\n' }, 'source'],
    ['a field that is misspelt', { prioritty: 'high' }, '"prioritty"'],
    ['the type, which is said elsewhere', { type: 'a.b' }, '"type"'],
  ])('refuses %s', (_, fields, field) => {
    expect(refusal(() => checkFields(fields, limits)).issues[0]?.field).toBe(field);
  });

  it('refuses a getter that throws, and what is no object', () => {
    const fields = {
      get key(): string {
        throw new Error('boom');
      },
    };

    expect(refusal(() => checkFields(fields, limits)).message).toContain('event key could not be read');
    expect(refusal(() => checkFields(7, limits)).message).toBe('event fields must be an object, got 7');
  });
});

function manyKeys(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));
}

function selfish(): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  metadata['toJSON'] = () => metadata;
  return metadata;
}

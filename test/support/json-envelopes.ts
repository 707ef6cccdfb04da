import fc from 'fast-check';
import { canonicalEvent } from '../../streams/event/canonical.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { priorities } from '../../streams/event/priority.ts';
import { types } from './patterns.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const name = fc.oneof(
  fc.constantFrom(
    'region',
    'id',
    'metadata',
    'data',
    'priority',
    'data_base64',
    'subject',
    'cloudevents.id',
    'cloudevents.text.a',
  ),
  fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', '.', '-', '_'), minLength: 1, maxLength: 30 }),
);

/** Payloads of what JSON has. */
const data = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 40 }),
  fc.jsonValue({ stringUnit: 'grapheme' }).filter((value) => !JSON.stringify(value).includes('"__proto__"')),
);

/** Sound events in canonical form whose payload JSON can carry. */
export const jsonEnvelopes: fc.Arbitrary<EventEnvelope> = fc
  .record(
    {
      id: fc.uuid(),
      type: types,
      source: text,
      time: fc.nat({ max: 2_000_000_000_000 }),
      priority: fc.constantFrom(...priorities),
      schemaVersion: fc.integer({ min: 1, max: 9 }),
      data,
      key: text,
      correlationId: text,
      causationId: fc.uuid(),
      causationDepth: fc.nat({ max: 1000 }),
      traceparent: fc.constant('00-12345678901234567890123456789012-1234567890123456-01'),
      tracestate: fc.constantFrom('a=b', 'a=b,c=d'),
      metadata: fc.dictionary(name, text, { minKeys: 1, maxKeys: 8, noNullPrototype: true }),
    },
    { requiredKeys: ['id', 'type', 'source', 'time', 'priority', 'schemaVersion', 'data'] },
  )
  .map(canonicalEvent);

import fc from 'fast-check';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { priorities } from '../../streams/event/priority.ts';
import { types } from './patterns.ts';

const names = fc.oneof(
  fc.constantFrom('id', 'total', 'constructor', 'toString', 'hasOwnProperty', '0', '10', ''),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((name) => name !== '__proto__'),
);

const leaves = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, false, 0, -0, Number.NaN, Infinity, -Infinity),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 300 }),
);

/** Whatever a payload may hold, with values that have more than one spelling among it. */
export const payloads: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(names, tie('value'), { maxKeys: 20, noNullPrototype: false }),
  ),
})).value;

const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

/** Envelopes of any kind: the optional fields present or not, ids that share a beginning or do not. */
export const envelopes: fc.Arbitrary<EventEnvelope> = fc.record(
  {
    id: fc.oneof(
      fc.uuid(),
      fc
        .integer({ min: 0, max: 5000 })
        .map((n) => `0199aa5f-3c2e-7abc-8def-01234567${String(n).padStart(4, '0')}`),
      texts,
    ),
    type: types,
    source: fc.constantFrom('shop', 'bank', 'Lager Süd'),
    time: fc.nat({ max: 8_640_000_000_000 }),
    priority: fc.constantFrom(...priorities),
    schemaVersion: fc.integer({ min: 1, max: 70_000 }),
    data: payloads,
    key: texts,
    correlationId: texts,
    causationId: fc.uuid(),
    causationDepth: fc.nat(),
    traceparent: texts,
    tracestate: texts,
    metadata: fc.dictionary(
      texts.filter((name) => name !== '__proto__'),
      texts,
      { maxKeys: 20, noNullPrototype: true },
    ),
  },
  { requiredKeys: ['id', 'type', 'source', 'time', 'priority', 'schemaVersion', 'data'] },
);

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  childOf,
  continueTrace,
  formatTraceparent,
  isTraceparent,
  parseTraceparent,
  startTrace,
} from '../../../streams/event/trace-context.ts';
import { parseTracestate } from '../../../streams/event/tracestate.ts';
import { hasData, readJson } from '../../support/data.ts';

type Pair = readonly [string, string];

interface Vectors {
  readonly traceparent: readonly {
    id: string;
    headers: Pair[];
    expect: 'continue' | 'restart';
    trace_id?: string;
  }[];
  readonly tracestate: readonly {
    id: string;
    traceparent: string;
    tracestate: string[];
    must_contain: Pair[];
    must_not_contain: string[];
  }[];
}

const file = 'w3c-tracecontext/vectors.json';
const valid = '00-12345678901234567890123456789012-1234567890123456-01';
const random = (): number => 0.3;

describe.skipIf(!hasData(file))('continueTrace, by the vectors of the W3C harness', () => {
  const vectors = (hasData(file) ? readJson(file) : { traceparent: [], tracestate: [] }) as Vectors;

  it.each(vectors.traceparent.map((row) => [row.id, row] as const))('%s', (_, row) => {
    const trace = parseTraceparent(continueTrace(row.headers, random).traceparent);
    const given = row.headers.map(([, value]) => parseTraceparent(value.trim()));
    const kept = given.some((header) => header?.traceId === trace?.traceId);

    expect(trace).toBeDefined();
    expect(kept ? 'continue' : 'restart').toBe(row.expect);
    expect(kept ? trace?.traceId : undefined).toBe(row.trace_id);
    expect(given.map((header) => header?.parentId)).not.toContain(trace?.parentId);
  });

  it.each(vectors.tracestate.map((row) => [row.id, row] as const))('tracestate %s', (_, row) => {
    const headers: Pair[] = [
      ['traceparent', row.traceparent],
      ...row.tracestate.map((value): Pair => ['tracestate', value]),
    ];

    const { tracestate } = continueTrace(headers, random);

    const members = parseTracestate(tracestate ?? '') ?? [];
    const order = row.must_contain.map(([key]) => members.findIndex(([name]) => name === key));
    expect(members).toEqual(expect.arrayContaining(row.must_contain));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(members.filter(([key]) => row.must_not_contain.includes(key))).toEqual([]);
  });
});

describe('continueTrace', () => {
  it('leaves tracestate members out from the end where 512 characters are not enough', () => {
    const long = Array.from({ length: 5 }, (_, n) => `k${n}=${'v'.repeat(120)}`).join(',');

    const { tracestate = '' } = continueTrace(
      Object.entries({ traceparent: valid, tracestate: long }),
      random,
    );

    expect(tracestate.length).toBeLessThanOrEqual(512);
    expect(parseTracestate(tracestate)?.map(([key]) => key)).toEqual(['k0', 'k1', 'k2', 'k3']);
  });

  it('drops a tracestate of more than 32 members', () => {
    const many = Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(',');

    expect(
      continueTrace(Object.entries({ traceparent: valid, tracestate: many }), random),
    ).not.toHaveProperty('tracestate');
  });

  it('drops the tracestate when the traceparent is invalid', () => {
    const headers = Object.entries({ traceparent: 'nonsense', tracestate: 'foo=1' });

    expect(continueTrace(headers, random)).not.toHaveProperty('tracestate');
  });
});

describe('childOf', () => {
  it('keeps the trace id and the recording decision, and draws a new parent id', () => {
    expect(childOf(valid, random)).toMatch(
      /^00-12345678901234567890123456789012-(?!1234567890123456)[0-9a-f]{16}-01$/,
    );
    expect(childOf(valid.replace(/01$/, '02'), random)).toMatch(/-00$/);
  });

  it('starts a new trace when the given one is invalid', () => {
    expect(isTraceparent(childOf('00-zz', random))).toBe(true);
  });
});

describe('startTrace', () => {
  it('gives a valid traceparent for every random source, one that gives only zeros included', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (draw) => {
        expect(isTraceparent(startTrace(() => draw))).toBe(true);
      }),
      { examples: [[0]] },
    );
  });

  it('says in its flags whether it is recorded', () => {
    expect(startTrace(random)).toMatch(/-01$/);
    expect(startTrace(random, false)).toMatch(/-00$/);
  });
});

describe('parseTraceparent', () => {
  it('undoes formatTraceparent', () => {
    const parts = { traceId: 'a'.repeat(32), parentId: 'b'.repeat(16), flags: 3 };

    expect(parseTraceparent(formatTraceparent(parts))).toEqual(parts);
  });

  it.each([
    ['version ff', valid.replace('00-', 'ff-')],
    ['capital letters', valid.replace('123456', 'ABCDEF')],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-1234567890123456-01`],
    ['more after version 00', `${valid}-what`],
  ])('refuses %s', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });
});

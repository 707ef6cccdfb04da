import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { compileFilter, type EventFilter } from '../../../streams/event/filter.ts';
import { hasData, readJson } from '../../support/data.ts';

const event: EventEnvelope = Object.freeze({
  id: '0199aa5f-3c2e-7abc-8def-0123456789ab',
  type: 'order.placed',
  source: 'https://shop.example',
  time: 1_700_000_000_000,
  priority: 'high',
  schemaVersion: 2,
  key: 'customer-42',
  data: Object.freeze({ total: 99.5, vip: true, note: null, address: { city: 'Ulm' }, items: ['a', 'b'] }),
  metadata: Object.freeze({ region: 'eu-west', 'http.agent': 'curl' }),
});

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly expression: string;
  readonly result: boolean;
  readonly eventOverrides: Record<string, string>;
}

/** Reads the part of CESQL that restates the filter dialects: `=`, `LIKE` with one `%`, AND, OR, brackets. */
function translate(expression: string): EventFilter {
  const words = expression.match(/\(|\)|'[^']*'|=|\w+/g) ?? [];
  let at = 0;
  const next = (): string => words[at++] ?? '';
  const joined = (word: string, dialect: 'all' | 'any', operand: () => EventFilter): EventFilter => {
    const parts = [operand()];
    while (words[at] === word) {
      at += 1;
      parts.push(operand());
    }
    return dialect === 'all' ? { all: parts } : { any: parts };
  };
  const comparison = (): EventFilter => {
    const name = next();
    if (name === '(') {
      const inner = disjunction();
      at += 1;
      return inner;
    }
    const operator = next();
    const text = next().slice(1, -1);
    if (operator === '=') return { exact: { [name]: text } };
    return text.startsWith('%')
      ? { suffix: { [name]: text.slice(1) } }
      : { prefix: { [name]: text.slice(0, -1) } };
  };
  const conjunction = (): EventFilter => joined('AND', 'all', comparison);
  const disjunction = (): EventFilter => joined('OR', 'any', conjunction);
  return disjunction();
}

const file = 'cesql-filters/tests.json';
const suite = (hasData(file) ? (readJson(file) as Case[]) : []).filter(
  (row) => row.suite === 'SubscriptionsAPI Recreations',
);

describe.skipIf(suite.length === 0)('compileFilter, by the CloudEvents conformance tests', () => {
  it.each(suite.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { id = event.id, type = event.type, source = event.source, ...extensions } = row.eventOverrides;
    const subject = { ...event, id, type, source, metadata: extensions };

    expect(compileFilter(translate(row.expression))(subject)).toBe(row.result);
  });
});

describe('compileFilter', () => {
  it.each<[string, EventFilter, boolean]>([
    ['an envelope field', { exact: { priority: 'high' } }, true],
    ['a field under its CloudEvents name', { exact: { partitionkey: 'customer-42' } }, true],
    ['a number', { exact: { schemaVersion: 2 } }, true],
    ['a number as text, which is another value', { exact: { schemaVersion: '2' } }, false],
    ['several attributes, all of which hold', { exact: { type: 'order.placed', key: 'customer-42' } }, true],
    ['several attributes, one of which does not', { exact: { type: 'order.placed', key: 'x' } }, false],
    ['metadata', { prefix: { 'metadata.region': 'eu-' } }, true],
    ['metadata whose key has a dot', { exact: { 'metadata.http.agent': 'curl' } }, true],
    ['metadata as an extension attribute', { suffix: { region: '-west' } }, true],
    ['an absent attribute', { exact: { missing: 'x' } }, false],
    ['the payload', { exact: { 'data.total': 99.5 } }, true],
    ['a path in the payload', { exact: { 'data.address.city': 'Ulm' } }, true],
    ['an element of the payload', { exact: { 'data.items.1': 'b' } }, true],
    ['null, which is not absent', { exact: { 'data.note': null } }, true],
    ['a path through nothing', { exact: { 'data.note.x': null } }, false],
    ['an inherited property', { prefix: { 'data.toString.name': '' } }, false],
    ['a prefix of what is no text', { prefix: { 'data.total': '9' } }, false],
    ['a prefix in another case', { prefix: { type: 'Order' } }, false],
    ['not', { not: { exact: { priority: 'low' } } }, true],
    ['not of an absent attribute', { not: { exact: { missing: 'x' } } }, true],
    ['any', { any: [{ exact: { priority: 'low' } }, { suffix: { type: '.placed' } }] }, true],
    ['an array, all of which must hold', [{ exact: { priority: 'high' } }, () => false], false],
    ['a predicate', ({ key }) => key === 'customer-42', true],
  ])('judges %s', (_, filter, expected) => {
    expect(compileFilter(filter)(event)).toBe(expected);
  });

  it('obeys De Morgan, for every pair of filters', () => {
    const leaf = fc.constantFrom<EventFilter>(
      { exact: { priority: 'high' } },
      { exact: { priority: 'low' } },
      { prefix: { region: 'eu' } },
      { suffix: { 'data.address.city': 'x' } },
    );

    fc.assert(
      fc.property(leaf, leaf, (a, b) => {
        expect(compileFilter({ not: { all: [a, b] } })(event)).toBe(
          compileFilter({ any: [{ not: a }, { not: b }] })(event),
        );
      }),
    );
  });

  it('sees own members only', () => {
    const data: unknown = Object.create({ inherited: 'x' });

    expect(compileFilter({ exact: { 'data.inherited': 'x' } })({ ...event, data })).toBe(false);
  });

  it('does not see what is changed in the filter afterwards', () => {
    const exact: Record<string, string> = { priority: 'high' };
    const accepts = compileFilter({ exact });
    exact['priority'] = 'low';

    expect(accepts(event)).toBe(true);
  });

  it('refuses the answer of a predicate that is not true or false', () => {
    const accepts = compileFilter((async () => true) as unknown as () => boolean);

    expect(() => accepts(event)).toThrow(
      new TypeError('filter must give true or false at once, got an object'),
    );
  });
});

describe('hostile filters', () => {
  const nest = (levels: number): EventFilter => {
    let filter: EventFilter = { exact: { type: 'a' } };
    for (let n = 1; n < levels; n += 1) filter = { not: filter };
    return filter;
  };
  const cyclic: { all: unknown[] } = { all: [] };
  cyclic.all.push(cyclic, cyclic);
  let doubled: EventFilter = { exact: { type: 'a' } };
  for (let n = 0; n < 30; n += 1) doubled = { all: [doubled, doubled] };

  it.each<[string, unknown, string]>([
    ['33 levels', nest(33), 'at most 32 levels'],
    ['10 000 levels', nest(10_000), 'at most 32 levels'],
    ['a cycle', cyclic, 'is it cyclic?'],
    ['2^30 rules in 31 objects', doubled, 'at most 1000 rules'],
    ['a prototype key as data', JSON.parse('{"exact":{"__proto__":"x"}}'), '"__proto__" must be a field'],
    ['a path through a prototype', { exact: { 'data.__proto__.x': 'y' } }, 'is not allowed'],
    ['a path through a constructor', { prefix: { 'data.constructor.name': 'O' } }, 'is not allowed'],
    ['a prototype key of metadata', { exact: { 'metadata.__proto__': 'y' } }, 'is not allowed'],
    ['a path with an empty step', { exact: { 'data..x': 'y' } }, 'is not allowed'],
    ['a path of 33 steps', { exact: { [`data${'.a'.repeat(33)}`]: 'y' } }, 'at most 32 steps'],
    ['a misspelt field', { exact: { correlationID: 'x' } }, 'must be a field of the event'],
    ['an unknown dialect', { sql: "type = 'a'" }, 'must be exact, prefix, suffix, all, any or not'],
    ['no dialect', {}, 'must be exact, prefix'],
    ['two dialects', { exact: { type: 'a' }, prefix: { type: 'a' } }, 'one dialect, got 2'],
    ['an empty list', { any: [] }, 'not empty'],
    ['an empty array', [], 'not empty'],
    ['no list', { all: { exact: { type: 'a' } } }, 'must be an array of filters'],
    ['no attributes', { exact: {} }, 'must be an object of attributes'],
    ['an object to compare with', { exact: { type: {} } }, 'cannot be an object'],
    ['NaN to compare with', { exact: { time: Number.NaN } }, 'cannot be NaN'],
    ['a prefix that is no text', { prefix: { type: 7 } }, 'cannot be 7'],
    ['text', 'type = a', 'must be a function'],
    ['null', null, 'must be a function'],
  ])('H23: %s is refused', (_, filter, message) => {
    expect(() => compileFilter(filter as EventFilter)).toThrow(TypeError);
    expect(() => compileFilter(filter as EventFilter)).toThrow(message);
  });

  it('accepts 32 levels', () => {
    expect(compileFilter(nest(32))(event)).toBe(true);
  });
});

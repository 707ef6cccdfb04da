import { describeValue } from './describe-value.ts';
import type { EventEnvelope } from './envelope.ts';

/** Envelope fields by the names that users and CloudEvents give them. */
const fields: ReadonlyMap<string, keyof EventEnvelope> = new Map([
  ['id', 'id'],
  ['type', 'type'],
  ['source', 'source'],
  ['time', 'time'],
  ['priority', 'priority'],
  ['schemaVersion', 'schemaVersion'],
  ['schemaversion', 'schemaVersion'],
  ['key', 'key'],
  ['partitionkey', 'key'],
  ['correlationId', 'correlationId'],
  ['correlationid', 'correlationId'],
  ['causationId', 'causationId'],
  ['causationid', 'causationId'],
  ['causationDepth', 'causationDepth'],
  ['causationdepth', 'causationDepth'],
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
]);

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

const maxDepth = 32;

/**
 * Turns the name of something in an event into a function that reads it; `undefined` where it is absent.
 *
 * Names are envelope fields (also in CloudEvents' lower case), `metadata.<key>`, `data.<path>` with dots, or a
 * CloudEvents extension attribute, which lives in the metadata. Only own properties are read.
 *
 * @throws TypeError for other names, and for paths through prototypes.
 */
export function compileAttribute(name: string): (event: EventEnvelope) => unknown {
  const field = fields.get(name);
  if (field !== undefined) return (event) => event[field];
  if (name.startsWith('metadata.')) return metadataReader(name, name.slice('metadata.'.length));
  if (name === 'data') return (event) => event.data;
  if (name.startsWith('data.')) return dataReader(name);
  if (/^[a-z0-9]{1,20}$/.test(name)) return metadataReader(name, name);
  return refuse(name, "must be a field of the event, 'metadata.<key>' or 'data.<path>'");
}

function metadataReader(name: string, key: string): (event: EventEnvelope) => unknown {
  if (key === '' || forbidden.has(key)) refuse(name, 'is not allowed');
  return ({ metadata }) =>
    metadata !== undefined && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

function dataReader(name: string): (event: EventEnvelope) => unknown {
  const path = name.split('.').slice(1);
  if (path.length > maxDepth) refuse(name, `must have at most ${maxDepth} steps`);
  if (path.some((step) => step === '' || forbidden.has(step))) refuse(name, 'is not allowed');
  return function readData({ data }) {
    let value = data;
    for (const step of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[step];
    }
    return value;
  };
}

function refuse(name: string, fault: string): never {
  throw new TypeError(`filter attribute ${describeValue(name)} ${fault}`);
}

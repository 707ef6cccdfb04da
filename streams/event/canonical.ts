import { maxDepth } from './codec.ts';
import type { EventEnvelope } from './envelope.ts';
import { CodecError } from './errors.ts';
import { forbiddenName, forbiddenNameFault, isPlainRecord, whyNotPlain } from './plain-data.ts';
import { isWellFormed } from './plain-text.ts';

const maxItems = 1_000_000;

/**
 * Gives the one form of a payload that all equal payloads share, for audits, hashes and comparisons.
 *
 * Members are sorted by name (integers first, as JavaScript has it) and undefined ones left out; undefined and
 * missing elements are null; -0 is 0. What a codec gives back equals this; encoding this gives the same bytes
 * whoever made the value. The value is copied, never changed.
 *
 * @throws CodecError for what no codec takes: functions, symbols, instances of classes, invalid Dates, lone surrogates,
 * bigints beyond 64 bits, more than 64 levels.
 *
 * @example
 * ```ts
 * canonical({ b: -0, a: undefined, c: [1] }); // => { b: 0, c: [1] }
 * ```
 */
export function canonical(value: unknown): unknown {
  return copy(value, 0, { items: 0 });
}

/** The canonical form of an event: a plain envelope with its payload and metadata in theirs. */
export function canonicalEvent(event: EventEnvelope): EventEnvelope {
  const { data, metadata, ...fields } = event;
  return {
    ...fields,
    data: canonical(data),
    // Metadata is text by text, so its canonical form is metadata again.
    ...(metadata === undefined ? {} : { metadata: canonical(metadata) as typeof metadata }),
  };
}

function copy(value: unknown, depth: number, count: { items: number }): unknown {
  switch (typeof value) {
    case 'number':
      return value + 0;
    case 'bigint':
      if (BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value) return value;
      throw new CodecError(`value ${whyNotPlain(value)}`);
    case 'string':
      if (isWellFormed(value)) return value;
      throw new CodecError(`value ${whyNotPlain(value)}`);
    case 'object':
      return value === null ? null : copyObject(value, depth, count);
    case 'boolean':
    case 'undefined':
      return value;
    default:
      throw new CodecError(`value ${whyNotPlain(value)}`);
  }
}

function copyObject(value: object, depth: number, count: { items: number }): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value);
  const isArray = Array.isArray(value);
  if (!isArray && !isPlainRecord(value)) throw new CodecError(`value ${whyNotPlain(value)}`);
  if (depth >= maxDepth) throw new CodecError(`value is deeper than ${maxDepth} levels; is it cyclic?`);

  const names = isArray ? [] : Object.keys(value).toSorted();
  count.items += isArray ? value.length : names.length;
  if (count.items > maxItems) throw new CodecError(`value makes more than ${maxItems} elements and members`);
  if (isArray) return Array.from(value, (element: unknown) => copy(element, depth + 1, count) ?? null);

  const record: Record<string, unknown> = {};
  for (const name of names) {
    if (name === forbiddenName) throw new CodecError(`value ${forbiddenNameFault}`);
    if (!isWellFormed(name)) throw new CodecError(`value ${whyNotPlain(name)}`);
    const member = copy(value[name], depth + 1, count);
    if (member !== undefined) record[name] = member;
  }
  return record;
}

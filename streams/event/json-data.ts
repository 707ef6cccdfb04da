import { maxDepth } from './codec.ts';
import { CodecError } from './errors.ts';
import { forbiddenName, forbiddenNameFault, isPlainRecord, whyNotPlain } from './plain-data.ts';
import { isWellFormed } from './plain-text.ts';

/**
 * Copies plain data that JSON carries without loss: null, booleans, finite numbers, text, arrays, records.
 *
 * Members that are undefined are left out, undefined elements are null, -0 is 0. Each member is read once.
 *
 * @throws CodecError that says where a value is that JSON would drop or change.
 */
export function copyJson(value: unknown, maxItems: number): unknown {
  const walk: Walk = { path: [], items: 0, maxItems };
  try {
    return copy(value, walk);
  } catch (error) {
    if (error instanceof CodecError) throw error;
    throw new CodecError(`${placeOf(walk)} could not be read: it threw`, { cause: error });
  }
}

interface Walk {
  readonly path: (string | number)[];
  items: number;
  readonly maxItems: number;
}

function copy(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'number':
      if (Number.isFinite(value)) return value + 0;
      return refuse(walk, `is ${value}, which JSON cannot carry`);
    case 'string':
      return isWellFormed(value) ? value : refuse(walk, whyNotPlain(value));
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : copyObject(value, walk);
    case 'bigint':
      return refuse(walk, 'is a bigint, which JSON cannot carry; use text or the msgpack codec');
    default:
      return refuse(walk, whyNotPlain(value));
  }
}

function copyObject(value: object, walk: Walk): unknown {
  if (value instanceof Date || value instanceof Uint8Array) {
    return refuse(walk, 'is a Date or Uint8Array, which JSON cannot carry; use text or the msgpack codec');
  }
  const isArray = Array.isArray(value);
  if (!isArray && !isPlainRecord(value)) return refuse(walk, whyNotPlain(value));
  if (walk.path.length >= maxDepth) return refuse(walk, `is deeper than ${maxDepth} levels; is it cyclic?`);
  return isArray ? copyArray(value, walk) : copyRecord(value, walk);
}

function copyArray(array: readonly unknown[], walk: Walk): unknown[] {
  count(walk, array.length);
  const result: unknown[] = [];
  for (let at = 0; at < array.length; at += 1) {
    walk.path.push(at);
    result.push(copy(array[at], walk) ?? null);
    walk.path.pop();
  }
  return result;
}

function copyRecord(record: Readonly<Record<string, unknown>>, walk: Walk): Record<string, unknown> {
  const names = Object.keys(record);
  count(walk, names.length);
  const result: Record<string, unknown> = {};
  for (const name of names) {
    if (name === forbiddenName) refuse(walk, forbiddenNameFault);
    if (!isWellFormed(name)) refuse(walk, `has a member whose name ${whyNotPlain(name)}`);
    walk.path.push(name);
    const member = copy(record[name], walk);
    walk.path.pop();
    if (member !== undefined) result[name] = member;
  }
  return result;
}

function count(walk: Walk, items: number): void {
  walk.items += items;
  if (walk.items > walk.maxItems) refuse(walk, `makes more than ${walk.maxItems} elements and members`);
}

function placeOf({ path }: Walk): string {
  return path.reduce<string>(
    (text, step) => text + (typeof step === 'number' ? `[${step}]` : `.${step.slice(0, 60)}`),
    'data',
  );
}

function refuse(walk: Walk, fault: string): never {
  throw new CodecError(`${placeOf(walk)} ${fault}`);
}

import fc from 'fast-check';

/** What is wanted is matched in part: fields that it does not name may be anything. */
export interface DifferenceOptions {
  /** Whether fields that only the found value has count. Default `true`. */
  readonly whole?: boolean;
}

/** Says where two values differ, one line a place, as `data.total: wanted 10, got 12`; empty where they are alike. */
export function differences(
  wanted: unknown,
  got: unknown,
  { whole = true }: DifferenceOptions = {},
  place = '',
): string[] {
  if (Object.is(wanted, got)) return [];
  const [left, right] = [partsOf(wanted), partsOf(got)];
  if (left === undefined || right === undefined || Array.isArray(wanted) !== Array.isArray(got)) {
    return [`${place === '' ? 'it' : place}: wanted ${fc.stringify(wanted)}, got ${fc.stringify(got)}`];
  }
  const all = whole || Array.isArray(wanted);
  const names = new Set([...left.keys(), ...(all ? right.keys() : [])]);
  return [...names].flatMap((name) => {
    const at = Array.isArray(wanted) ? `${place}[${name}]` : `${place === '' ? '' : `${place}.`}${name}`;
    return differences(left.get(name), right.get(name), { whole }, at);
  });
}

/** The parts of an array, a map or a plain object by name; a set counts as its sorted values. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Map)
    return new Map([...value].map(([key, part]: [unknown, unknown]) => [nameOf(key), part]));
  if (value instanceof Set) return partsOf([...value].map(nameOf).toSorted());
  if (value instanceof Date) return new Map([['time', value.getTime()]]);
  return new Map(Object.entries(value));
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : fc.stringify(key);
}

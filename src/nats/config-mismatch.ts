import { TransportError } from '../../streams/event/errors.ts';

/**
 * Says how what a server has differs from what is wanted, field by field: `max_age: wanted 1, found 2`. Fields
 * that are not wanted do not count; lists count as sets.
 */
export function mismatches(wanted: object, found: object): string[] {
  const differences: string[] = [];
  const there: ReadonlyMap<string, unknown> = new Map(Object.entries(found));
  for (const [field, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    // Servers leave out some of what is not set.
    const other = there.get(field) ?? (value === false ? false : undefined);
    if (text(value) !== text(other))
      differences.push(`${field}: wanted ${text(value)}, found ${text(other)}`);
  }
  return differences;
}

/**
 * Refuses what differs. Also finds options that an old server took and ignored.
 *
 * @throws TransportError that names each field, what is wanted and what was found.
 */
export function refuseMismatch(what: string, wanted: object, found: object): void {
  const differences = mismatches(wanted, found);
  if (differences.length === 0) return;
  throw new TransportError(
    `${what} is there with another configuration, and nothing was changed: ${differences.join('; ')}. ` +
      'Ask for what is there, change it with the nats command, or choose another name',
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(String).toSorted());
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

import { isEventId } from './event-id.ts';
import { sha1 } from './sha1.ts';

/** RFC 9562's namespace for names that are URLs. */
const urlNamespace = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

/**
 * Gives the id that an event from elsewhere has here: its own where that is a UUID, else the UUIDv5 of its source
 * and id (namespace URL, name `source#id`).
 *
 * Elsewhere an id need only be unique together with its source; here duplicates are found by the id alone, and
 * the events "1" of two sources must not be taken for one. Equal inputs give equal ids in every process.
 */
export function foreignEventId(source: string, id: string): string {
  const isOwn: boolean = isEventId(id);
  return isOwn ? id : uuidV5(`${source}#${id}`);
}

function uuidV5(name: string): string {
  const namespace = Uint8Array.from(urlNamespace.replaceAll('-', '').match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
  const text = new TextEncoder().encode(name);
  const input = new Uint8Array(namespace.length + text.length);
  input.set(namespace);
  input.set(text, namespace.length);

  const bytes = sha1(input).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

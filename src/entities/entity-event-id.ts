import { createHash } from 'node:crypto';

/**
 * The id of an event that an entity emits: the same for the same cause, however often it is handled.
 *
 * A UUIDv7 by its form: the millisecond is that of the cause, so that ids stay ordered by time; its other 74 bits
 * are a SHA-256 of the name, which has to be unique to the emission. About 2 µs.
 */
export function entityEventId(time: number, name: string): string {
  const digest = createHash('sha256').update(name).digest('hex');
  const ms = Math.max(0, Math.floor(time)).toString(16).padStart(12, '0').slice(-12);
  // The variant's two bits are 10: the first digit of the fourth group is 8, 9, a or b.
  const variant = (8 + (Number.parseInt(digest.slice(3, 4), 16) & 3)).toString(16);
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`;
}

import { CodecError } from '../../streams/event/errors.ts';
import { parseRfc3339 } from '../../streams/event/rfc3339.ts';

/** A google.protobuf.Timestamp. */
export interface Timestamp {
  /** Seconds since the Unix epoch, UTC. */
  readonly seconds: number;
  /** Nanoseconds on top, 0 to 999_999_999. */
  readonly nanos: number;
}

/** What a Timestamp can say: the years 1 to 9999. */
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;

/** Writes a Timestamp as RFC 3339, with 0, 3, 6 or 9 digits after the second. @throws CodecError out of its range. */
export function formatTimestamp({ seconds, nanos }: Timestamp): string {
  if (!(seconds >= firstSecond && seconds <= lastSecond && nanos >= 0 && nanos <= 999_999_999)) {
    throw new CodecError(`timestamp of ${seconds} s and ${nanos} ns lies outside the years 1 to 9999`);
  }
  const second = new Date(seconds * 1_000).toISOString().slice(0, 19);
  const fraction = String(nanos)
    .padStart(9, '0')
    .replace(/(?:000)+$/, '');
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`;
}

/** Reads an RFC 3339 time of 1970 to 9999; `undefined` unless `formatTimestamp` gives the same text back. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const moment = parseRfc3339(text);
  if (moment === undefined) return undefined;
  const seconds = Math.floor(moment.ms / 1_000);
  const nanos = Number((/\.(\d{1,9})/.exec(text)?.[1] ?? '').padEnd(9, '0'));
  const timestamp = { seconds, nanos };
  return formatTimestamp(timestamp) === text ? timestamp : undefined;
}

/** Turns milliseconds since the Unix epoch into a Timestamp. */
export function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 };
}

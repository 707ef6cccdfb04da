/** A moment read from text. */
export interface Moment {
  /** Milliseconds since the Unix epoch, UTC, rounded down. */
  readonly ms: number;
  /** Whether nothing was lost: neither digits below the millisecond nor a leap second. */
  readonly exact: boolean;
}

const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads an RFC 3339 time; `undefined` when `text` is none. A leap second counts as the first of the next minute. */
export function parseRfc3339(text: string): Moment | undefined {
  // The pattern has no repeat within a repeat, and no time is longer than this.
  const match = text.length <= 48 ? shape.exec(text) : null;
  if (match === null) return undefined;
  const field = (at: number): number => Number(match[at] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offset = (match[8] === '-' ? -1 : 1) * (field(9) * 60 + field(10));
  const inRange =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 60 &&
    field(9) <= 23 &&
    field(10) <= 59;
  if (!inRange) return undefined;

  const fraction = (match[7] ?? '').padEnd(3, '0');
  const date = new Date(0);
  // Unlike Date.UTC this takes the years 0 to 99 for what they are.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - offset, second, Number(fraction.slice(0, 3)));
  return { ms: date.getTime(), exact: second < 60 && /^0*$/.test(fraction.slice(3)) };
}

/** Writes a time as RFC 3339, in UTC, with milliseconds where there are some; for years 0 to 9999. */
export function formatRfc3339(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') ? text.replace('.000Z', 'Z') : text;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

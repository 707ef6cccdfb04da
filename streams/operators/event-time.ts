import { describeValue } from '../event/describe-value.ts';
import { ValidationError } from '../event/errors.ts';

/** The last millisecond that a `Date` can tell. */
const lastMs = 8.64e15;

/** Reads the event time of a value that keeps it in its `time` property, as events do. */
export function timeProperty(value: unknown): number {
  return (value as { readonly time: number }).time;
}

/**
 * Returns `time` if it is an event time: milliseconds since the epoch, 0 or more, that a `Date` can tell.
 *
 * @throws ValidationError that names the value, so that one NaN cannot stop a watermark for good.
 */
export function checkEventTime(time: number): number {
  // A text compares as the number that it spells, and a bigint as a number.
  if (typeof time === 'number' && time >= 0 && time <= lastMs) return time;
  throw badTime(time);
}

function badTime(time: unknown): ValidationError {
  const remedy = time === undefined ? '; give a time selector' : '';
  const message = `must be milliseconds since the Unix epoch, 0 to 8.64e15, got ${describeValue(time)}`;
  return new ValidationError(`the event time ${message}${remedy}`, { issues: [{ field: 'time', message }] });
}

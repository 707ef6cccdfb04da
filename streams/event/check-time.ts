import { fieldError, faultError } from './field-error.ts';

export interface TimeLimits {
  /** What time it is, in milliseconds since the epoch. */
  readonly now: number;
  /** How far in the future an event may lie, for clocks that disagree. Default `60_000`. */
  readonly maxClockSkewMs?: number;
}

/** The last millisecond that a `Date` can tell. */
const lastMs = 8.64e15;

/**
 * Decides whether `time` is a moment since 1970 and not too far in the future, and returns it.
 *
 * @throws ValidationError that says by how much it lies ahead.
 */
export function checkTime(time: unknown, { now, maxClockSkewMs = 60_000 }: TimeLimits): number {
  if (!Number.isInteger(time) || (time as number) < 0 || (time as number) > lastMs) {
    const remedy = time instanceof Date ? 'Use date.getTime()' : undefined;
    throw fieldError('time', 'be whole milliseconds since the Unix epoch, 0 or more', time, remedy);
  }
  const ahead = (time as number) - now;
  if (ahead > maxClockSkewMs) {
    throw faultError(
      'time',
      `lies ${ahead} ms in the future, more than the ${maxClockSkewMs} ms that clocks may differ`,
      'Check the clock of the publisher, or raise maxClockSkewMs',
    );
  }
  return time as number;
}

import { map, type OperatorFunction, pipe } from 'rxjs';
import { type Watermark, withWatermarks } from 'breakwater/streams';

export interface LogClockOptions {
  /** A stamp that lies further back is not late: the clock of the log was set back. Default `600_000`. */
  readonly maxBackMs?: number;
  /** The most that one stamp moves the clock on: enough to close every window. Default a day. */
  readonly maxStepMs?: number;
}

/** Tells what time it is by the stamps of a log. */
export type LogClock = (stamp: number) => number;

/**
 * Makes a clock that follows the stamps of a log and never goes back.
 *
 * Rules by event time need that: what lies behind the watermark is late, and a stamp of the year 9000 would
 * make all that follow late. Here a stamp that is a little back counts for now; one that is far off, in
 * either direction, moves the clock little, and stamps are measured from there.
 */
export function createLogClock(options: LogClockOptions = {}): LogClock {
  const { maxBackMs = 600_000, maxStepMs = 86_400_000 } = options;
  let now = Number.NaN;
  let offset = 0;

  return function tellTime(stamp) {
    if (Number.isNaN(now)) now = stamp;
    const time = stamp + offset;
    if (now - time > maxBackMs) offset = now - stamp;
    else if (time - now > maxStepMs) {
      now += maxStepMs;
      offset = now - stamp;
    } else now = Math.max(now, time);
    return now;
  };
}

/** An event of a log. */
export interface Logged<E> {
  readonly event: E;
  /** By the clock of the log. */
  readonly time: number;
  /** How many came before: tells what is later within one second. */
  readonly place: number;
}

/** Puts events into the time of their log, with watermarks: no rule has to wait for a line to come. */
export function inLogTime<E extends { readonly time: number }>(): OperatorFunction<E, Logged<E> | Watermark> {
  return (events) => {
    const tellTime = createLogClock();
    return events.pipe(
      pipe(
        map((event: E, place): Logged<E> => ({ event, time: tellTime(event.time), place })),
        withWatermarks<Logged<E>>(),
      ),
    );
  };
}

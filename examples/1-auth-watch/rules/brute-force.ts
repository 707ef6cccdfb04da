import type { EventOf } from 'breakwater';
import { cooldown, slidingWindow, sum, withoutWatermarks } from 'breakwater/streams';
import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import type { authFailed } from '../events.ts';
import { copyText } from '../parse/copy-text.ts';
import { inLogTime, type Logged } from './log-time.ts';
import type { Raised } from './raised.ts';

export interface BruteForceOptions {
  /** Default `60_000`. */
  readonly windowMs?: number;
  /** Failures within the window that raise an alert. Default `5`. */
  readonly threshold?: number;
  /** Milliseconds after an alert in which the same address raises no other. Default `300_000`. */
  readonly cooldownMs?: number;
}

export interface BruteForceAlert {
  /** Failures within the window when the alert was raised. */
  readonly count: number;
}

type Failed = EventOf<typeof authFailed>;

/**
 * Many failures from one address in a short time.
 *
 * Repeated failures count one by one: the alert carries the count at the first that reached the threshold.
 * The same event raises at most one, because the cooldown begins with it. What the limits of the operators
 * push out, in a flood from ever new addresses, is forgotten.
 */
export function bruteForceRule(
  options: BruteForceOptions = {},
): OperatorFunction<Failed, Raised<BruteForceAlert>> {
  const { windowMs = 60_000, threshold = 5, cooldownMs = 300_000 } = options;
  const forget = { next: () => {} };
  return pipe(
    filter((event: Failed) => event.data.attempts > 0),
    inLogTime(),
    slidingWindow({
      sizeMs: windowMs,
      key: ({ event }: Logged<Failed>) => event.data.ip,
      aggregate: { failures: sum(({ event }: Logged<Failed>) => event.data.attempts) },
      evicted: forget,
    }),
    withoutWatermarks(),
    filter(({ failures }) => failures >= threshold),
    cooldown({ ms: cooldownMs, key: ({ key }) => copyText(key), evicted: forget }),
    withoutWatermarks(),
    map(({ key, failures, value: { event } }) => {
      const before = failures - event.data.attempts;
      return { ip: key, data: { count: Math.max(threshold, before + 1) }, cause: event };
    }),
  );
}

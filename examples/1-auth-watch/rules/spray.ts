import type { EventOf } from 'breakwater';
import { customAggregate, risingEdge, slidingWindow, withoutWatermarks } from 'breakwater/streams';
import { filter, map, type OperatorFunction, pipe } from 'rxjs';
import type { authFailed } from '../events.ts';
import { copyText } from '../parse/copy-text.ts';
import { inLogTime, type Logged } from './log-time.ts';
import type { Raised } from './raised.ts';

export interface SprayOptions {
  /** Default `600_000`. */
  readonly windowMs?: number;
  /** Distinct names within the window that raise an alert. Default `3`. */
  readonly threshold?: number;
}

export interface SprayAlert {
  readonly count: number;
  /** The names that were tried, the latest first. */
  readonly users: readonly string[];
}

type Failed = EventOf<typeof authFailed>;

/**
 * One address that tries many names.
 *
 * An alert is raised when the number of distinct names in the window reaches the threshold, and again only
 * after it was below. A figure of ours keeps the latest `threshold` names, which is all it takes to know.
 */
export function sprayRule(options: SprayOptions = {}): OperatorFunction<Failed, Raised<SprayAlert>> {
  const { windowMs = 600_000, threshold = 3 } = options;
  const forget = { next: () => {} };
  return pipe(
    filter((event: Failed) => event.data.attempts > 0),
    inLogTime(),
    slidingWindow({
      sizeMs: windowMs,
      key: ({ event }: Logged<Failed>) => event.data.ip,
      aggregate: { users: latestNames(threshold) },
      evicted: forget,
    }),
    risingEdge({
      when: ({ users }) => users.length >= threshold,
      // Kept for long only where the condition holds.
      key: ({ key, users }) => (users.length >= threshold ? copyText(key) : key),
      evicted: forget,
    }),
    withoutWatermarks(),
    map(({ key, users, value: { event } }) => {
      return { ip: key, data: { count: users.length, users }, cause: event };
    }),
  );
}

/** A name, and the place in the log at which it was tried last. */
interface Tried {
  readonly user: string;
  readonly place: number;
}

/** The figure of the `max` names that were tried last, the latest first. */
function latestNames(max: number) {
  return customAggregate({
    create: (): { tries: readonly Tried[] } => ({ tries: [] }),
    read: ({ event, place }: Logged<Failed>): Tried => ({ user: event.data.user, place }),
    add: (state, tried) => void (state.tries = withTry(state.tries, tried, max)),
    merge(into, from) {
      for (const tried of from.tries) into.tries = withTry(into.tries, tried, max);
    },
    result: ({ tries }) => tries.map(({ user }) => user),
  });
}

/** One entry for each name with its latest place, the latest first. */
function withTry(tries: readonly Tried[], tried: Tried, max: number): readonly Tried[] {
  const known = tries.findIndex(({ user }) => user === tried.user);
  if (known >= 0 && (tries[known]?.place ?? 0) > tried.place) return tries;
  const others = known < 0 ? [...tries] : tries.toSpliced(known, 1);
  let at = 0;
  while ((others[at]?.place ?? -1) > tried.place) at += 1;
  others.splice(at, 0, tried);
  if (others.length > max) others.pop();
  return others;
}

import type { EventOf } from 'breakwater';
import { slidingWindow, sum, Watermark, withoutWatermarks } from 'breakwater/streams';
import { filter, map, type Observable, type OperatorFunction, pipe } from 'rxjs';
import type { authAccepted, authFailed } from '../events.ts';
import { copyText } from '../parse/copy-text.ts';
import { inLogTime, type Logged } from './log-time.ts';
import type { Raised } from './raised.ts';

export interface CompromiseOptions {
  /** Default `300_000`. */
  readonly windowMs?: number;
  /** Failures before a login that make it suspicious. Default `3`. */
  readonly threshold?: number;
}

export interface CompromiseAlert {
  /** Who logged in. */
  readonly user: string;
  /** Failures of that address within the window, since its previous login. */
  readonly failures: number;
}

type Login = EventOf<typeof authFailed> | EventOf<typeof authAccepted>;

/** A login that succeeds after failures from the same address: somebody guessed right. */
export function compromiseRule(
  options: CompromiseOptions = {},
): OperatorFunction<Login, Raised<CompromiseAlert>> {
  const { windowMs = 300_000, threshold = 3 } = options;
  return pipe(
    inLogTime<Login>(),
    sinceLogin(),
    slidingWindow({
      sizeMs: windowMs,
      key: ({ round }: Tried) => round,
      aggregate: { failures: sum(({ event }: Tried) => attemptsOf(event)) },
      evicted: { next: () => {} },
    }),
    withoutWatermarks(),
    filter(({ value: { event }, failures }) => event.type === 'auth.accepted' && failures >= threshold),
    map(({ value: { event }, failures }) => {
      const { ip, user } = event.data;
      return { ip, data: { user, failures }, cause: event };
    }),
  );
}

interface Tried extends Logged<Login> {
  /** The address, and how it tells what it tries since one login from what it tries since the next. */
  readonly round: string;
}

function attemptsOf(event: Login): number {
  return event.type === 'auth.failed' ? event.data.attempts : 0;
}

/** Addresses whose last login is remembered; beyond, the one that logged in longest ago is forgotten. */
const maxAddresses = 100_000;

/** Counts off the tries of an address from login to login: a login is the last of its round. */
function sinceLogin(): OperatorFunction<Logged<Login> | Watermark, Tried | Watermark> {
  return (logins: Observable<Logged<Login> | Watermark>) => {
    const latest = new Map<string, number>();
    return logins.pipe(
      map((login) => {
        if (login instanceof Watermark) return login;
        const { event, place } = login;
        const { ip } = event.data;
        const round = `${ip} ${latest.get(ip) ?? ''}`;
        if (event.type === 'auth.accepted') {
          latest.delete(ip);
          latest.set(copyText(ip), place);
          const [oldest] = latest.keys();
          if (latest.size > maxAddresses && oldest !== undefined) latest.delete(oldest);
        }
        return { ...login, round };
      }),
    );
  };
}

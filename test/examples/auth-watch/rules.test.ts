import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { filter, from, type OperatorFunction, pipe } from 'rxjs';
import type { EventOf } from 'breakwater';
import type { authAccepted, authFailed } from '../../../examples/1-auth-watch/events.ts';
import { type BruteForceOptions, bruteForceRule } from '../../../examples/1-auth-watch/rules/brute-force.ts';
import { compromiseRule } from '../../../examples/1-auth-watch/rules/compromise.ts';
import { createLogClock } from '../../../examples/1-auth-watch/rules/log-time.ts';
import type { Raised } from '../../../examples/1-auth-watch/rules/raised.ts';
import { type SprayOptions, sprayRule } from '../../../examples/1-auth-watch/rules/spray.ts';

type Failed = EventOf<typeof authFailed>;
type Accepted = EventOf<typeof authAccepted>;

interface Login {
  readonly ip: string;
  readonly time: number;
  readonly user: string;
  /** Failed attempts; 0 is a login that succeeded. */
  readonly attempts: number;
}

const windowMs = 60;
const threshold = 4;

// Times mostly move on, sometimes back by less than a window; small numbers, so that borders are met.
const history = fc
  .array(
    fc.record({
      ip: fc.constantFrom('a', 'a', 'a', 'b'),
      step: fc.oneof(
        { weight: 4, arbitrary: fc.nat(15) },
        { weight: 1, arbitrary: fc.constantFrom(30, 59, 60, 61, 150) },
        { weight: 2, arbitrary: fc.integer({ min: -20, max: 0 }) },
      ),
      user: fc.constantFrom('x', 'y', 'z', '', 'v'),
      attempts: fc.constantFrom(1, 1, 1, 1, 0, 0, 2, 5),
    }),
    { minLength: 10, maxLength: 60 },
  )
  .map((steps) => {
    let time = 1_000;
    return steps.map(({ step, ...login }): Login => ({ ...login, time: (time += step) }));
  });

/** Failed attempts one by one, as the rules are stated. */
function attemptsOf(logins: readonly Login[]): (Login & { readonly line: number })[] {
  return logins.flatMap((login, line) => Array.from({ length: login.attempts }, () => ({ ...login, line })));
}

/** What a rule raises for each login, `undefined` where it raises nothing. */
function play<Data>(
  rule: OperatorFunction<Failed | Accepted, Raised<Data>>,
  logins: readonly Login[],
): (Data | undefined)[] {
  const raised: (Data | undefined)[] = logins.map(() => undefined);
  const events = logins.map(({ ip, time, user, attempts }, line) => {
    const fields = { id: String(line), source: 'test', priority: 'normal', schemaVersion: 1, key: ip, time };
    return attempts > 0
      ? { ...fields, type: 'auth.failed', data: { ip, user, attempts } }
      : { ...fields, type: 'auth.accepted', data: { ip, user, method: 'password' } };
  }) as (Failed | Accepted)[];
  from(events)
    .pipe(rule)
    .subscribe(({ cause, data }) => (raised[Number(cause.id)] = data));
  return raised;
}

const failures = filter((event: Failed | Accepted): event is Failed => event.type === 'auth.failed');
const bruteForce = (options?: BruteForceOptions) => pipe(failures, bruteForceRule(options));
const spray = (options?: SprayOptions) => pipe(failures, sprayRule(options));

/** The logins with the time that the clock of the log tells: none is before another. */
function inOrder(logins: readonly Login[]): Login[] {
  const tellTime = createLogClock();
  return logins.map((login) => ({ ...login, time: tellTime(login.time) }));
}

const failed = (second: number, attempts = 1, user = 'root'): Login => ({
  ip: 'a',
  time: second * 1_000,
  user,
  attempts,
});

describe('bruteForceRule', () => {
  const cooldownMs = 150;

  // Law: alerts equal those of counting all attempts so far by hand, one by one.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const failedOnly = logins.filter((login) => login.attempts > 0);
        const raised = play(bruteForce({ windowMs, threshold, cooldownMs }), failedOnly).map(
          (alert) => alert?.count,
        );

        const expected: (number | undefined)[] = failedOnly.map(() => undefined);
        const attempts = attemptsOf(inOrder(failedOnly));
        const alertedAt = new Map<string, number>();
        for (const [index, { ip, time, line }] of attempts.entries()) {
          const count = attempts
            .slice(0, index + 1)
            .filter((past) => past.ip === ip && time - past.time < windowMs).length;
          if (count < threshold || time - (alertedAt.get(ip) ?? -Infinity) < cooldownMs) continue;
          alertedAt.set(ip, time);
          expected[line] = count;
        }
        expect(raised).toEqual(expected);
      }),
    );
  });

  it('leaves out what is exactly a window old', () => {
    const raised = play(
      bruteForce(),
      [0, 1, 2, 3, 60, 60.999].map((second) => failed(second)),
    );

    expect(raised).toEqual([undefined, undefined, undefined, undefined, undefined, { count: 5 }]);
  });

  it('alerts again when the cooldown is exactly over', () => {
    const raised = play(bruteForce(), [failed(0, 5), failed(299.999, 5), failed(300)]);

    expect(raised).toEqual([{ count: 5 }, undefined, { count: 6 }]);
  });

  it('judges a line that stands for a billion attempts at once', () => {
    expect(play(bruteForce(), [failed(0, 999_999_999)])).toEqual([{ count: 5 }]);
  });
});

describe('compromiseRule', () => {
  // Law: alerts equal those of counting by hand the failures since the login before.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const raised = play(compromiseRule({ windowMs, threshold }), logins);
        const ordered = inOrder(logins);

        const expected = ordered.map(({ ip, time, user, attempts }, line) => {
          if (attempts > 0) return undefined;
          const previous = logins.findLastIndex(
            (past, at) => at < line && past.ip === ip && past.attempts === 0,
          );
          const failures = attemptsOf(ordered.slice(previous + 1, line)).filter(
            (past) => past.ip === ip && time - past.time < windowMs,
          ).length;
          return failures >= threshold ? { user, failures } : undefined;
        });
        expect(raised).toEqual(expected);
      }),
    );
  });
});

describe('sprayRule', () => {
  // Law: alerts are raised exactly where the number of distinct names, counted by hand, turns.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const failedOnly = logins.filter(({ attempts }) => attempts > 0);
        const raised = play(spray({ windowMs, threshold: 3 }), failedOnly).map((alert) => alert?.count);
        const ordered = inOrder(failedOnly);

        const active = new Map<string, boolean>();
        const expected = ordered.map(({ ip, time }, index) => {
          const recent = ordered
            .slice(0, index + 1)
            .filter((past) => past.ip === ip && time - past.time < windowMs);
          const holds = new Set(recent.map(({ user }) => user)).size >= 3;
          const turned = holds && active.get(ip) !== true;
          active.set(ip, holds);
          return turned ? 3 : undefined;
        });
        expect(raised).toEqual(expected);
      }),
    );
  });

  it('names the users, the latest first', () => {
    const users = ['root', 'pi', 'root', 'admin'];
    const raised = play(
      spray(),
      users.map((user) => failed(0, 1, user)),
    );

    expect(raised).toEqual([undefined, undefined, undefined, { count: 3, users: ['admin', 'root', 'pi'] }]);
  });
});

describe('the clock of a log', () => {
  const times = (...stamps: number[]) => stamps.map(createLogClock({ maxBackMs: 100, maxStepMs: 1_000 }));

  it('follows the stamps, and stands still for one that is a little back', () => {
    expect(times(500, 510, 450, 520)).toEqual([500, 510, 510, 520]);
  });

  it('goes on from where it is when it was set back', () => {
    expect(times(5_000, 4_000, 4_010, 4_500)).toEqual([5_000, 5_000, 5_010, 5_500]);
  });

  it('makes little of one wild stamp, and of silence', () => {
    expect(times(500, 1e12, 510, 520, 5_000)).toEqual([500, 1_500, 1_500, 1_510, 2_510]);
  });

  it('loses what windows hold to a wild stamp, and nothing that comes after', () => {
    const wild = { ...failed(0), time: 8e14 };
    const raised = play(bruteForce(), [
      failed(0, 4),
      wild,
      ...[1, 2, 3, 4, 5].map((second) => failed(second)),
    ]);

    expect(raised.at(-2)).toEqual({ count: 5 });
  });
});

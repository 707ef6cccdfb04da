import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createBruteForceRule } from '../../../examples/1-auth-watch/rules/brute-force.ts';
import { createCompromiseRule } from '../../../examples/1-auth-watch/rules/compromise.ts';
import { createSlidingCount } from '../../../examples/1-auth-watch/rules/sliding-count.ts';
import { createSprayRule } from '../../../examples/1-auth-watch/rules/spray.ts';

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

describe('createSlidingCount', () => {
  // Law: the moving borders agree with counting by hand, also where the log steps back.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const sliding = createSlidingCount(windowMs);
        for (const [index, { time, attempts }] of logins.entries()) {
          sliding.add(time, attempts);
          const recent = logins.slice(0, index + 1).filter((past) => time - past.time < windowMs);
          expect(sliding.countAt(time)).toBe(attemptsOf(recent).length);
        }
      }),
    );
  });

  it('keeps no more than a few windows of a long history', () => {
    const sliding = createSlidingCount(windowMs);
    for (let time = 0; time < 200_000; time += 1) sliding.add(time, 1);

    expect(sliding.countAt(200_000)).toBe(windowMs - 1);
    expect(sliding.countAt(0)).toBeLessThan(4 * windowMs);
  });
});

describe('createBruteForceRule', () => {
  const cooldownMs = 150;

  // Law: alerts equal those of counting all attempts so far by hand, one by one.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const judge = createBruteForceRule({ windowMs, threshold, cooldownMs });
        const raised = logins.map(({ ip, time, attempts }) => judge(ip, time, attempts)?.count);

        const expected: (number | undefined)[] = logins.map(() => undefined);
        const attempts = attemptsOf(logins);
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
    const judge = createBruteForceRule();
    const raised = [0, 1, 2, 3, 60].map((second) => judge('a', second * 1000, 1));

    expect(raised).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(judge('a', 60_999, 1)).toEqual({ count: 5 });
  });

  it('alerts again when the cooldown is exactly over', () => {
    const judge = createBruteForceRule();

    expect([judge('a', 0, 5), judge('a', 299_999, 5), judge('a', 300_000, 1)]).toEqual([
      { count: 5 },
      undefined,
      { count: 6 },
    ]);
  });

  it('judges a line that stands for a billion attempts at once', () => {
    expect(createBruteForceRule()('a', 0, 999_999_999)).toEqual({ count: 5 });
  });
});

describe('createCompromiseRule', () => {
  // Law: alerts equal those of counting by hand the failures since the login before.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const rule = createCompromiseRule({ windowMs, threshold });
        const raised = logins.map(({ ip, time, user, attempts }) =>
          attempts === 0 ? rule.accepted(ip, time, user) : rule.failed(ip, time, attempts),
        );

        const expected = logins.map(({ ip, time, user, attempts }, line) => {
          if (attempts > 0) return undefined;
          const previous = logins.findLastIndex(
            (past, at) => at < line && past.ip === ip && past.attempts === 0,
          );
          const failures = attemptsOf(logins.slice(previous + 1, line)).filter(
            (past) => past.ip === ip && time - past.time < windowMs,
          ).length;
          return failures >= threshold ? { user, failures } : undefined;
        });
        expect(raised).toEqual(expected);
      }),
    );
  });
});

describe('createSprayRule', () => {
  // Law: alerts are raised exactly where the number of distinct names, counted by hand, turns.
  it('equals the naive count, for every history', () => {
    fc.assert(
      fc.property(history, (logins) => {
        const judge = createSprayRule({ windowMs, threshold: 3 });
        const failed = logins.filter(({ attempts }) => attempts > 0);
        const raised = failed.map(({ ip, time, user }) => judge(ip, time, user)?.count);

        const active = new Map<string, boolean>();
        const expected = failed.map(({ ip, time }, index) => {
          const recent = failed
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
    const judge = createSprayRule();
    const raised = ['root', 'pi', 'root', 'admin'].map((user, second) => judge('a', second * 1000, user));

    expect(raised).toEqual([undefined, undefined, undefined, { count: 3, users: ['admin', 'root', 'pi'] }]);
  });
});

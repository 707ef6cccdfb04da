import type { Bus } from 'breakwater';
import { authAccepted, authFailed, bruteForce, compromised, spray } from './events.ts';
import { createBruteForceRule } from './rules/brute-force.ts';
import { createCompromiseRule } from './rules/compromise.ts';
import { createSprayRule } from './rules/spray.ts';

/**
 * A login waits in a more urgent lane than the failures before it: `order: 'key'` sees to it that it does not
 * overtake those of its own address. And a rule that has counted an event must not be given it again.
 */
const judging = { order: 'key', retry: false } as const;

/** Subscribes one actor for each rule. Their alerts are events like any other. */
export function subscribeRules(bus: Bus): void {
  const judgeFailures = createBruteForceRule();
  bus.subscribe(
    authFailed,
    ({ time, data: { ip, attempts } }, { publish }) => {
      const alert = judgeFailures(ip, time, attempts);
      return alert && publish(bruteForce, alert, { key: ip, time });
    },
    { name: 'brute-force', ...judging },
  );

  const compromise = createCompromiseRule();
  bus.subscribe(
    [authFailed, authAccepted],
    ({ type, time, data }, { publish }) => {
      if (type === 'auth.failed') return compromise.failed(data.ip, time, data.attempts);
      const alert = compromise.accepted(data.ip, time, data.user);
      return alert && publish(compromised, alert, { key: data.ip, time });
    },
    { name: 'compromise', ...judging },
  );

  const judgeName = createSprayRule();
  bus.subscribe(
    authFailed,
    ({ time, data: { ip, user, attempts } }, { publish }) => {
      const alert = attempts > 0 ? judgeName(ip, time, user) : undefined;
      return alert && publish(spray, alert, { key: ip, time });
    },
    { name: 'spray', ...judging },
  );
}

import { from, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  matchPattern,
  pattern,
  type PatternMatch,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf } from '../support/run-pipeline.ts';
import { readSshLogins, type SshLogin } from '../support/ssh-logins.ts';

interface Figures {
  readonly matches: number;
  readonly distinct_ips: number;
  readonly first: readonly [time: number, ip: string, user: string, failures: number];
  readonly total_failures_in_matches: number;
}

interface BreakIn {
  readonly failures: readonly SshLogin[];
  readonly login: readonly SshLogin[];
}

/** An accepted login, and the failed ones of its address since the accepted one before. */
function breakIns(
  logins: Observable<SshLogin>,
  windowMs: number,
  least: number,
): Observable<PatternMatch<BreakIn, string>> {
  const breakIn = pattern<SshLogin>()
    .begin('failures', (login) => login.kind === 'failed')
    .timesOrMore(least)
    .greedy()
    .until((login) => login.kind === 'accepted')
    .followedBy('login', (login) => login.kind === 'accepted')
    .within(windowMs)
    .skip('pastLast');
  return logins.pipe(
    withWatermarks(),
    matchPattern(breakIn, { key: (login) => login.ip }),
    withoutWatermarks(),
  );
}

describe.skipIf(!hasData('ssh-auth'))('accepted logins after failed ones', () => {
  const expected = (): Readonly<Record<string, Figures>> =>
    readJson('ssh-auth/expected.json') as Readonly<Record<string, Figures>>;

  it.each([
    ['R2_w300_n3', 300, 3],
    ['R2_w3600_n3', 3_600, 3],
    ['R2_w300_n1', 300, 1],
  ] as const)('are those of %s', (rule, seconds, least) => {
    const matches = emissionsOf(breakIns(from(readSshLogins()), seconds * 1_000, least));

    const [first] = matches.map(({ key, end, events }) => [
      end / 1_000,
      key,
      events.login[0]?.user,
      events.failures.length,
    ]);
    expect({
      matches: matches.length,
      distinct_ips: new Set(matches.map(({ key }) => key)).size,
      first,
      total_failures_in_matches: matches.reduce((sum, { events }) => sum + events.failures.length, 0),
    }).toEqual(expected()[rule]);
  });
});

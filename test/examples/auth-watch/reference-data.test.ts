import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dataFolder, hasData, readJson } from '../../support/data.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { jsonLines, watchInProcess } from '../../support/watch-in-process.ts';

const log = join(dataFolder, 'ssh-auth/auth.log.gz');

interface Expected {
  readonly lines: number;
  readonly unparsed_lines: number;
  readonly failed_events: number;
  readonly accepted_events: number;
  readonly R1_w60_n5: {
    readonly qualifying_ips: readonly string[];
    readonly cooldown300_alerts: number;
    readonly first_cooldown_alert: readonly [number, string, number];
    readonly last_cooldown_alert: readonly [number, string, number];
  };
  readonly R1_alerts_by_ip: readonly (readonly [string, number])[];
  readonly R2_w300_n3: {
    readonly matches: number;
    readonly first: readonly [number, string, string, number];
  };
  readonly R5_lanes: Readonly<Record<string, number>>;
  readonly R6_spray_600s_3users: { readonly ips: readonly string[]; readonly edge_alerts: number };
}

interface Raised {
  readonly type: string;
  readonly time: number;
  readonly key: string;
  readonly data: { readonly count?: number; readonly user?: string; readonly failures?: number };
}

describe.skipIf(!hasData('ssh-auth'))('the main job on the reference log', () => {
  const expected = hasData('ssh-auth') ? (readJson('ssh-auth/expected.json') as Expected) : ({} as Expected);

  async function run(
    ...args: readonly string[]
  ): Promise<{ alerts: Raised[]; summary: unknown; stdout: string }> {
    const { code, stdout, stderr } = await watchInProcess([...args, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = jsonLines(stdout);
    return { alerts: lines.slice(0, -1) as Raised[], summary: lines.at(-1), stdout };
  }

  it('counts lines, logins, lanes and alerts as expected', async () => {
    expect((await run('--input', log)).summary).toEqual({
      type: 'summary',
      data: {
        lines: expected.lines,
        failed: expected.failed_events,
        accepted: expected.accepted_events,
        undecodable: expected.unparsed_lines,
        lanes: expected.R5_lanes,
        alerts: {
          bruteforce: expected.R1_w60_n5.cooldown300_alerts,
          compromised: expected.R2_w300_n3.matches,
          spray: expected.R6_spray_600s_3users.edge_alerts,
        },
      },
    });
  });

  it('raises the expected alerts for the expected addresses', async () => {
    const { alerts } = await run('--input', log);
    const of = (type: string): Raised[] => alerts.filter((alert) => alert.type === `auth.alert.${type}`);
    const [bruteForce, compromised, spray] = [of('bruteforce'), of('compromised'), of('spray')];
    const row = ({ time, key, data }: Raised) => [time / 1000, key, data.count];
    const addresses = bruteForce.map(({ key }) => key);
    const timesOf = (ip: string): number => addresses.filter((address) => address === ip).length;

    expect(bruteForce.length + compromised.length + spray.length).toBe(alerts.length);
    expect(bruteForce.slice(0, 1).map(row)).toEqual([expected.R1_w60_n5.first_cooldown_alert]);
    expect(bruteForce.slice(-1).map(row)).toEqual([expected.R1_w60_n5.last_cooldown_alert]);
    expect([...new Set(addresses)].toSorted()).toEqual(expected.R1_w60_n5.qualifying_ips.toSorted());
    for (const [ip, count] of expected.R1_alerts_by_ip) expect([ip, timesOf(ip)]).toEqual([ip, count]);
    expect(
      compromised.slice(0, 1).map(({ time, key, data }) => [time / 1000, key, data.user, data.failures]),
    ).toEqual([expected.R2_w300_n3.first]);
    expect([...new Set(spray.map(({ key }) => key))].toSorted()).toEqual(
      expected.R6_spray_600s_3users.ips.toSorted(),
    );
  });

  it('prints the same, byte for byte, of plain text with CRLF, and in the order of the log', async () => {
    const path = join(temporaryFolder(), 'auth');
    writeFileSync(path, gunzipSync(readFileSync(log)).toString().replaceAll('\n', '\r\n'));
    const [packed, plain] = [await run('--input', log), await run('--input', path)];
    const times = packed.alerts.map(({ time }) => time);

    expect(plain.stdout).toBe(packed.stdout);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

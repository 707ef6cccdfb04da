import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateSample } from '../../../examples/1-auth-watch/sample/generate-sample.ts';
import { root } from '../../support/repository.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { jsonLines, watchInProcess } from '../../support/watch-in-process.ts';

const from = 'from 192.0.2.7 port 4711 ssh2';
const failed = (second: number, user = 'root') =>
  `Mar 27 13:00:${String(second).padStart(2, '0')} host sshd[1]: Failed password for ${user} ${from}\n`;

async function watchText(text: string | Uint8Array, ...args: readonly string[]) {
  return watchInProcess(['--input', '-', '--json', ...args], [Buffer.from(text)]);
}

describe('watchAuthLog', () => {
  it('plays the sample without arguments: every rule, every lane, lines that are no lines', async () => {
    const { code, stdout, stderr } = await watchInProcess(['--json']);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(readFileSync(join(root, 'examples/1-auth-watch/expected.jsonl'), 'utf8'));
    const { data } = jsonLines(stdout).at(-1) as {
      data: { lanes: object; alerts: object; undecodable: number };
    };
    expect([...Object.values(data.lanes), ...Object.values(data.alerts), data.undecodable]).not.toContain(0);
  });

  // However the bytes arrive, lanes must not decide what is printed.
  it('prints the same when the log arrives byte by byte', async () => {
    const text = generateSample({ hours: 1, seed: 3 }).subarray(0, 20_000);
    const bytes = Array.from(text, (byte) => Uint8Array.of(byte));
    const args = ['--input', '-', '--json'];

    expect(await watchInProcess(args, bytes)).toEqual(await watchInProcess(args, [text]));
  });

  it('does not let a login overtake the failures of its address before it', async () => {
    const text = `${failed(1)}${failed(2)}${failed(3)}Mar 27 13:00:04 host sshd[1]: Accepted password for root ${from}\n`;

    expect(jsonLines((await watchText(text)).stdout)[0]).toEqual({
      type: 'auth.alert.compromised',
      time: Date.UTC(2000, 2, 27, 13, 0, 4),
      key: '192.0.2.7',
      data: { user: 'root', failures: 3 },
    });
  });

  it('reads the dialect of PAM', async () => {
    const line =
      'Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4  user=root\n';
    const { stdout } = await watchText(
      `${line.repeat(5)}Jun 14 15:16:02 combo sshd(pam_unix)[1]: check pass; user unknown\n`,
      '--dialect',
      'pam',
    );

    expect(jsonLines(stdout)).toEqual([
      {
        type: 'auth.alert.bruteforce',
        time: Date.UTC(2000, 5, 14, 15, 16, 1),
        key: '218.188.2.4',
        data: { count: 5 },
      },
      {
        type: 'summary',
        data: {
          lines: 6,
          failed: 5,
          accepted: 0,
          undecodable: 0,
          lanes: { critical: 0, high: 5, normal: 0, low: 1 },
          alerts: { bruteforce: 1, compromised: 0, spray: 0 },
        },
      },
    ]);
  });

  it('counts every undecodable line, more of them than dead letters are kept', async () => {
    const { code, stdout } = await watchText(`${'garbage\n'.repeat(5_000)}${failed(1)}half a line`);

    expect(code).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ data: { lines: 5_002, failed: 1, undecodable: 5_001 } });
  });

  it('takes stamps that lie in the future for what the log says', async () => {
    const line = `9000-01-01T00:00:00Z host sshd[1]: Failed password for root ${from}\n`;

    expect(jsonLines((await watchText(line.repeat(5))).stdout)[0]).toMatchObject({
      time: Date.UTC(9000, 0, 1),
    });
  });

  it.each([
    ['is empty', '', 0, 'standard input is empty: there was nothing to read'],
    [
      'holds no line of syslog',
      '{"a":1}',
      1,
      'standard input is no auth log: none of its 1 lines could be decoded',
    ],
  ])('says so when the input %s', async (_what, text, exitCode, message) => {
    const { code, stdout, stderr } = await watchText(text);

    expect([code, stderr]).toEqual([exitCode, `auth-watch: ${message}\n`]);
    expect(jsonLines(stdout)).toHaveLength(1);
  });

  it('prints for people: alerts, then tables, with nothing that commands a terminal', async () => {
    const path = join(temporaryFolder(), 'auth');
    const names = ['\u001b[2Jroot', 'b', 'c', 'd', 'e'];
    writeFileSync(path, names.map((user, second) => failed(second, user)).join(''));
    const { stdout } = await watchInProcess(['--input', path]);

    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'Mar 27 13:00:02  spray        192.0.2.7        tried 3 names: "c", "b", "\\u001b[2Jroot"',
      'Mar 27 13:00:04  brute force  192.0.2.7        5 failed logins within a minute',
    ]);
    for (const word of ['critical', 'bruteforce', 'lines/s', 'compromise', 'breaker', 'closed']) {
      expect(stdout).toContain(word);
    }
  });
});

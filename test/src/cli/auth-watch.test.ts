import { appendFileSync, mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readText } from '../../support/repository.ts';
import { runCli, startCli, type RunningCli } from '../../support/run-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { jsonLines } from '../../support/watch-in-process.ts';

const main = 'examples/1-auth-watch/main.ts';
const line = (second: number) =>
  `Mar 27 13:00:${String(second).padStart(2, '0')} host sshd[1]: Failed password for root from 192.0.2.7 port 4711 ssh2\n`;
const burst = [1, 2, 3, 4, 5].map(line).join('');

function fileOf(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'auth');
  writeFileSync(path, content);
  return path;
}

async function watch(path: string, input: string | Uint8Array = '') {
  const { code, stdout, stderr } = await runCli(['run', main, '--json', '--input', path], input);
  return { code, stderr, printed: jsonLines(stdout) };
}

const summaryOf = (counts: object) =>
  expect.objectContaining({ type: 'summary', data: expect.objectContaining(counts) });

describe('the main job', () => {
  it('prints for the sample, with --json, what lies beside it', async () => {
    expect(await runCli(['run', main, '--json'])).toEqual({
      code: 0,
      stdout: readText('examples/1-auth-watch/expected.jsonl'),
      stderr: '',
    });
  });

  it('prints for people without colours where there is no terminal', async () => {
    const { code, stdout, stderr } = await runCli(['run', main]);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/compromised .* logged in after \d+ failed logins/);
    expect(stdout).not.toContain('\u001b');
  });
});

describe('the main job on bad input', () => {
  it.each([
    ['a missing file', () => join(temporaryFolder(), 'gone'), 'no such file'],
    ['a directory', () => temporaryFolder(), 'it is a directory'],
  ])('says of %s that it cannot be read', async (_what, make, reason) => {
    const path = make();

    expect(await watch(path)).toEqual({
      code: 1,
      stderr: `auth-watch: cannot read ${path}: ${reason}\n`,
      printed: [summaryOf({ lines: 0 })],
    });
  });

  it('says that a file is empty', async () => {
    const path = fileOf('');

    expect(await watch(path)).toEqual({
      code: 0,
      stderr: `auth-watch: ${path} is empty: there was nothing to read\n`,
      printed: [summaryOf({ lines: 0 })],
    });
  });

  it('counts the lines of a binary file and says what it is not', async () => {
    const path = fileOf(Uint8Array.from({ length: 50_000 }, (_, index) => (index * 7_919) % 251));
    const { code, stderr, printed } = await watch(path);
    const { data } = printed[0] as { data: { lines: number; undecodable: number } };

    expect([code, stderr]).toEqual([
      1,
      `auth-watch: ${path} is no auth log: none of its ${data.lines} lines could be decoded\n`,
    ]);
    expect([data.lines > 100, data.undecodable]).toEqual([true, data.lines]);
  });

  it('counts a line of 10 MB as undecodable and reads on', async () => {
    const path = fileOf(`${line(1)}${'x'.repeat(10_000_000)}\n${line(2)}`);

    expect(await watch(path)).toEqual({
      code: 0,
      stderr: '',
      printed: [summaryOf({ lines: 3, failed: 2, undecodable: 1 })],
    });
  });

  it('judges what truncated gzip still holds, and says that it is not complete', async () => {
    const noise = Array.from(
      { length: 5_000 },
      (_, index) => `Mar 27 14:00:00 host a: ${index * 7_919}\n`,
    ).join('');
    const path = fileOf(gzipSync(burst + noise).subarray(0, -2_000));
    const { code, stderr, printed } = await watch(path);

    expect([code, stderr]).toEqual([
      1,
      `auth-watch: ${path} is not complete: the gzip data ends too early\n`,
    ]);
    expect(printed[0]).toMatchObject({ type: 'auth.alert.bruteforce', data: { count: 5 } });
    expect(printed[1]).toEqual(summaryOf({ failed: 5 }));
  });

  it('reads half a line before the end of standard input', async () => {
    expect((await watch('-', `${burst}Mar 27 13:0`)).printed).toEqual([
      expect.objectContaining({ type: 'auth.alert.bruteforce' }),
      summaryOf({ lines: 6, failed: 5, undecodable: 1 }),
    ]);
  });

  it('reads gzip from standard input', async () => {
    expect((await watch('-', gzipSync(burst))).printed).toEqual([
      expect.objectContaining({ type: 'auth.alert.bruteforce' }),
      summaryOf({ lines: 5, failed: 5 }),
    ]);
  });

  it.each([
    ['{"type":"order.placed"}\n{"type":"order.paid"}\n', 2],
    ['garbage without a line end', 1],
  ])('says of %j on standard input that it is no auth log', async (text, lines) => {
    const { code, stderr, printed } = await watch('-', text);

    expect([code, printed]).toEqual([1, [summaryOf({ lines, undecodable: lines })]]);
    expect(stderr).toMatch(/^auth-watch: standard input is no auth log: .*\n$/);
  });

  it('ends without a word when nobody reads its output any more', async () => {
    const { child, finished } = startCli(['run', main, '--json', '--input', '-']);
    child.stdout.destroy();
    child.stdin.end(burst.repeat(20_000));
    const { code, stderr } = await finished;

    expect([code, stderr]).toEqual([0, '']);
  });

  it('refuses options that it does not know with exit code 2', async () => {
    expect(await runCli(['run', main, '--nope'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "auth-watch: Unknown option '--nope'\nTry --help.\n",
    });
  });
});

describe('the main job with --follow', () => {
  function follow(path: string): RunningCli {
    const running = startCli(['run', main, '--json', '--follow', '--input', path]);
    onTestFinished(() => void running.child.kill('SIGKILL'));
    return running;
  }

  // One line more of address n is what makes its alert: when that is printed, all before it has been read.
  const burstOf = (address: string) => burst.replaceAll('192.0.2.7', address);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'goes through rotation until %s, then prints the summary',
    async (signal) => {
      const path = fileOf(burstOf('192.0.2.1'));
      const { child, finished, printed } = follow(path);
      await printed('192.0.2.1');
      renameSync(path, `${path}.1`);
      writeFileSync(path, burstOf('192.0.2.2'));
      await printed('192.0.2.2');
      truncateSync(path);
      appendFileSync(path, burstOf('192.0.2.3').slice(0, -20));
      appendFileSync(path, burstOf('192.0.2.3').slice(-20));
      await printed('192.0.2.3');
      child.kill(signal);
      const { code, stdout, stderr } = await finished;

      expect([code, stderr, jsonLines(stdout).at(-1)]).toEqual([
        0,
        '',
        summaryOf({
          lines: 15,
          failed: 15,
          undecodable: 0,
          alerts: { bruteforce: 3, compromised: 0, spray: 0 },
        }),
      ]);
    },
  );

  it('says that a file is missing, or packed', async () => {
    const path = fileOf(gzipSync(burst));
    mkdirSync(`${path}.d`);
    const stderrOf = async (name: string) => (await follow(name).finished).stderr;

    expect(await stderrOf(`${path}.gone`)).toBe(`auth-watch: cannot read ${path}.gone: no such file\n`);
    expect(await stderrOf(`${path}.d`)).toBe(`auth-watch: cannot read ${path}.d: it is a directory\n`);
    expect(await stderrOf(path)).toBe(`auth-watch: cannot follow ${path}: it is a gzip file\n`);
  });
});

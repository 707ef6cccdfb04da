import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { generateSample } from '../../../examples/1-auth-watch/sample/generate-sample.ts';
import { runCli, startCli } from '../../support/run-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const job = ['run', 'examples/1-auth-watch/main.ts', '--json'];
const lines = generateSample().toString().split('\n');
const text = (some: readonly string[]): string => `${some.join('\n')}\n`;

/** The alerts of several runs, and the summary of the last. */
function together(outputs: readonly string[]): string {
  const alerts = outputs.flatMap((output) =>
    output.split('\n').filter((line) => line.includes('auth.alert.')),
  );
  return [...alerts, outputs.at(-1)?.trimEnd().split('\n').at(-1), ''].join('\n');
}

describe('the main job with a log that is kept', () => {
  it('goes on where it stopped, and plays it all again', async () => {
    const folder = temporaryFolder();
    const [input, log] = [join(folder, 'auth'), join(folder, 'log')];
    const run = async (...args: readonly string[]): Promise<string> => {
      const { stdout, code, stderr } = await runCli([...job, ...args]);
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    writeFileSync(input, text(lines));
    const whole = await run('--no-log', '--input', input);
    const third = Math.floor(lines.length / 3);
    writeFileSync(input, text(lines.slice(0, third)));
    const first = await run('--log', log, '--input', input);
    appendFileSync(input, text(lines.slice(third)));
    const second = await run('--log', log, '--input', input);

    expect(first.split('\n').length).toBeGreaterThan(2);
    expect(together([first, second])).toBe(whole);
    expect((await run('--log', log, '--input', input)).split('\n')).toHaveLength(2);
    expect(await run('--log', log, '--replay', '10x')).toBe(whole);
    expect(await run('--log', log, '--replay', 'max')).toBe(whole);
  });

  it('loses no line and tells none twice when it is killed', async () => {
    const folder = temporaryFolder();
    const [input, log] = [join(folder, 'auth'), join(folder, 'log')];
    const third = Math.floor(lines.length / 3);
    writeFileSync(input, text(lines.slice(0, third)));
    const { child, finished, printed } = startCli([...job, '--follow', '--input', input, '--log', log]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await printed('auth.alert.');
    appendFileSync(input, text(lines.slice(third, 2 * third)));
    child.kill('SIGKILL');
    const { stdout: killed } = await finished;
    writeFileSync(input, text(lines));
    const { stdout: after } = await runCli([...job, '--input', input, '--log', log]);
    const { stdout: whole } = await runCli([...job, '--no-log', '--input', input]);

    expect(after.trimEnd().split('\n').at(-1)).toBe(whole.trimEnd().split('\n').at(-1));
    // What was raised and not yet printed when it was killed is in the log; nothing is printed twice.
    const alerts = together([killed, after]).split('\n').slice(0, -2);
    expect(new Set(alerts).size).toBe(alerts.length);
    expect(whole.split('\n')).toEqual(expect.arrayContaining(alerts));
  });

  it.each([
    ['a file', (path: string) => writeFileSync(path, ''), 'EEXIST'],
    ['a folder that cannot be made', () => {}, 'ENOENT', '/proc/breakwater'],
  ])('says in one line that its log is %s', async (_what, prepare, reason, fixed?: string) => {
    const path = fixed ?? join(temporaryFolder(), 'log');
    prepare(path);
    const { code, stdout, stderr } = await runCli([...job, '--log', path]);

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(path);
    expect(stderr).toContain(reason);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('says who has the log when it is in use', async () => {
    const log = join(temporaryFolder(), 'log');
    const holder = startCli([...job, '--input', '-', '--log', log]);
    onTestFinished(() => void holder.child.kill('SIGKILL'));
    holder.child.stdin.write(text(lines.slice(0, 2000)));
    await holder.printed('auth.alert.');
    const { code, stderr } = await runCli([...job, '--log', log]);
    holder.child.kill('SIGKILL');
    await holder.finished;
    rmSync(log, { recursive: true });

    expect(code).toBe(1);
    expect(stderr).toContain(`in use by process ${holder.child.pid}`);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/repository.ts';
import { runCli } from '../../support/run-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function moduleOf(name: string, code: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, code);
  return path;
}

describe('breakwater run', () => {
  it.each(['main.ts', 'main.mts', 'main.cts'])('runs TypeScript: %s', async (name) => {
    const path = moduleOf(name, 'const text: string = "ran"; console.log(text);');

    expect(await runCli(['run', path])).toEqual({ code: 0, stdout: 'ran\n', stderr: '' });
  });

  it('runs JavaScript with top-level await', async () => {
    const path = moduleOf('main.mjs', 'console.log(await Promise.resolve("ran"));');

    expect(await runCli(['run', path])).toEqual({ code: 0, stdout: 'ran\n', stderr: '' });
  });

  it('hands on all arguments after the file, also those that look like its own', async () => {
    const path = moduleOf('main.mjs', 'console.log(JSON.stringify(process.argv.slice(1)));');
    const args = ['--json', '--stack', '--help', '--version', '-x', '--', 'y'];
    const { stdout, code } = await runCli(['run', path, ...args]);

    expect([code, JSON.parse(stdout)]).toEqual([0, [path, ...args]]);
  });

  it('keeps the exit code that the program sets', async () => {
    const path = moduleOf('main.ts', 'process.exitCode = 7;');

    expect((await runCli(['run', path])).code).toBe(7);
  });

  it.each([
    ['throws', 'throw new TypeError("no such order");', 'TypeError: no such order'],
    ['rejects', 'await Promise.reject(new Error("no such order"));', 'no such order'],
    ['throws later', 'setImmediate(() => { throw new Error("no such order"); });', 'no such order'],
    ['forgets a rejection', 'void Promise.reject(new Error("no such order"));', 'no such order'],
    ['throws text', 'throw "no such order";', 'a thrown string: no such order'],
    ['throws escapes', 'throw new Error("\\u001b[2Jline\\nother line");', '\\u001b[2Jline'],
    ['throws nothing', 'throw undefined;', 'a thrown undefined: undefined'],
    ['throws an empty error', 'throw new Error();', 'an error without a message'],
  ])('says in one line why a program failed that %s', async (_what, code, message) => {
    const path = moduleOf('main.mjs', code);

    expect(await runCli(['run', path])).toEqual({
      code: 1,
      stdout: '',
      stderr: `breakwater: ${path} failed: ${message}\n`,
    });
  });

  it('shows the stack when it is asked to', async () => {
    const path = moduleOf('main.mjs', 'throw new Error("no such order");');
    const { code, stderr } = await runCli(['run', '--stack', path]);

    expect(code).toBe(1);
    expect(stderr).toMatch(/failed: no such order\n.*\n +at /s);
  });

  it('says in one line that a program is no TypeScript', async () => {
    const { code, stdout, stderr } = await runCli(['run', moduleOf('main.ts', 'const = ;\n\n')]);

    expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2]);
    expect(stderr).toMatch(/^breakwater: .*main\.ts failed: .*Unexpected token/);
  });

  it('says that there is no file, or none that can be run', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'main.ts'));
    const stderrOf = async (path: string) => (await runCli(['run', path])).stderr;

    expect(await stderrOf('gone.ts')).toBe('breakwater: cannot run gone.ts: no such file\n');
    expect(await stderrOf(join(folder, 'main.ts'))).toBe(
      `breakwater: cannot run ${join(folder, 'main.ts')}: it is not a file\n`,
    );
  });

  it('imports this very package, so that its errors are known by their class', async () => {
    const path = join(root, 'test/fixtures/cli/same-package.ts');

    expect(await runCli(['run', path])).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  });
});

describe('breakwater', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('helps', async () => {
    const { code, stdout } = await runCli(['--help']);

    expect([code, stdout]).toEqual([0, expect.stringContaining('run [options] <file> [args...]')]);
  });

  it.each([
    [['walk'], "unknown command 'walk'"],
    [['run'], "missing required argument 'file'"],
    [['--fast'], "unknown option '--fast'"],
    [['run', '--fast', 'main.ts'], "unknown option '--fast'"],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);

    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const howTo =
  'The tests of breakwater/nats need nats-server 2.9 or newer: install it (Debian, Ubuntu: apt-get install nats-server; ' +
  'else https://github.com/nats-io/nats-server/releases), or name it in NATS_SERVER. Until then they fail.';

/** Before the tests: sees to it that there is a NATS server to test with, or says how to get one. */
export function setup(): void {
  const named = process.env['NATS_SERVER'];
  if (starts(named ?? 'nats-server')) return;
  // Who named a server wants that one. Else a container of Debian, where nobody is asked, gets its package.
  const mayInstall = named === undefined && process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (mayInstall) {
    console.warn('nats-server is missing: installing the package of that name …');
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'nats-server']);
    if (starts('nats-server')) return;
  }
  console.warn(howTo);
}

function starts(binary: string): boolean {
  return run(binary, ['--version']);
}

function run(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, {
    stdio: 'ignore',
    timeout: 120_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

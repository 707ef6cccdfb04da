import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Server {
  /** The command, and the package of Debian that has it. */
  readonly name: string;
  /** The variable of the environment that may name another one. */
  readonly variable: string;
  readonly use: string;
  readonly source: string;
  /** What it is asked to see whether it is there. Default `--version`. */
  readonly ask?: string;
}

const servers: readonly Server[] = [
  {
    name: 'nats-server',
    variable: 'NATS_SERVER',
    use: 'breakwater/nats need nats-server 2.9 or newer',
    source: 'https://github.com/nats-io/nats-server/releases',
  },
  {
    name: 'redis-server',
    variable: 'REDIS_SERVER',
    use: 'breakwater/redis need redis-server 7 or newer',
    source: 'https://redis.io/downloads',
  },
  {
    name: 'openssl',
    variable: 'OPENSSL',
    use: 'TLS need openssl 3',
    source: 'https://openssl-library.org/source',
    ask: 'version',
  },
];

/** Before the tests: sees to it that there are servers to test with, or says how to get them. */
export function setup(): void {
  const missing = servers.filter(({ name, variable, ask }) => !starts(process.env[variable] ?? name, ask));
  if (missing.length === 0) return;
  // Who named a server wants that one. Else a container of Debian, where nobody is asked, gets its package.
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  const wanted = mayInstall ? missing.filter(({ variable }) => process.env[variable] === undefined) : [];
  if (wanted.length > 0) {
    const names = wanted.map(({ name }) => name);
    console.warn(`${names.join(' and ')} missing: installing the packages of these names …`);
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names]);
  }
  for (const { name, variable, use, source, ask } of missing) {
    if (starts(process.env[variable] ?? name, ask)) continue;
    console.warn(
      `The tests of ${use}: install it (Debian, Ubuntu: apt-get install ${name}; else ${source}), or name it in ` +
        `${variable}. Until then they fail.`,
    );
  }
}

function starts(binary: string, ask = '--version'): boolean {
  return run(binary, [ask]);
}

function run(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, {
    stdio: 'ignore',
    timeout: 120_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

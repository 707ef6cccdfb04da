// Servers of NATS for long runs: one, or a cluster of three whose members can be cut off from one another, in network
// namespaces of this run's own (root only) or, without them, on loopback.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, natsServer } from './nats-server.mjs';

/** Runs a command to its end; whether it ended well. */
const ran = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * Starts this script again where it sees no network but its own, so that namespaces and a bridge between them touch
 * nothing outside. False where that is not possible, or it has been done.
 */
export function again() {
  if (process.env.BREAKWATER_NETNS !== undefined) return false;
  if (process.getuid?.() !== 0 || !ran('unshare', '-n', '-m', 'ip', 'netns', 'list')) return false;
  const { status } = spawnSync(
    'unshare',
    ['-n', '-m', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, BREAKWATER_NETNS: '1' } },
  );
  process.exitCode = status ?? 1;
  return true;
}

/** Addresses of three hosts on a bridge; the third number is of those that are kept for such tests. */
const address = (at) => `198.18.77.${11 + at}`;
const spaceOf = (at) => `breakwater-${process.pid}-${at}`;

function makeSpaces() {
  const made = [
    ran('mount', '--make-rprivate', '/'),
    ran('ip', 'link', 'set', 'lo', 'up'),
    ran('ip', 'link', 'add', 'bw0', 'type', 'bridge'),
    ran('ip', 'addr', 'add', '198.18.77.1/24', 'dev', 'bw0'),
    ran('ip', 'link', 'set', 'bw0', 'up'),
  ];
  for (let at = 0; at < 3; at += 1) {
    const space = spaceOf(at);
    made.push(
      ran('ip', 'netns', 'add', space),
      ran('ip', 'link', 'add', `bw${at}h`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space),
      ran('ip', 'link', 'set', `bw${at}h`, 'master', 'bw0', 'up'),
      ran('ip', '-n', space, 'addr', 'add', `${address(at)}/24`, 'dev', 'eth0'),
      ran('ip', '-n', space, 'link', 'set', 'eth0', 'up'),
      ran('ip', '-n', space, 'link', 'set', 'lo', 'up'),
    );
  }
  return made.every(Boolean);
}

/** Whether a cluster places streams on all its servers, within some seconds. */
async function places(hosts, replicas) {
  const client = await connect({ servers: hosts.map(({ url }) => url), maxReconnectAttempts: -1 });
  try {
    const manager = await jetstreamManager(client, { checkAPI: false, timeout: 1000 });
    for (let tries = 0; tries < 40; tries += 1) {
      try {
        await manager.streams.add({ name: 'probe', subjects: ['probe'], num_replicas: replicas });
        await manager.streams.delete('probe');
        return true;
      } catch {
        await pause(250);
      }
    }
    return false;
  } finally {
    await client.close();
  }
}

/** Starts one server or three. Gives their addresses, and what can be done to each. */
export async function startHosts(count) {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-hosts-'));
  const apart = count === 3 && process.env.BREAKWATER_NETNS !== undefined && makeSpaces();
  const ports = await Promise.all(Array.from({ length: count * 2 }, freePort));
  const hosts = Array.from({ length: count }, (_, at) => {
    const [ip, port] = apart ? [address(at), 4222] : ['127.0.0.1', ports[at]];
    const route = `${ip}:${apart ? 6222 : ports[count + at]}`;
    const space = apart ? spaceOf(at) : undefined;
    const store = join(folder, String(at));
    const config = `${store}.conf`;
    const behind = apart ? ['ip', 'netns', 'exec', space] : [];
    return {
      at,
      url: `nats://${ip}:${port}`,
      route,
      ip,
      space,
      store,
      config,
      ...natsServer(['-c', config], behind),
    };
  });
  const routes = hosts.map(({ route }) => `nats://${route}`).join(', ');
  for (const host of hosts) {
    const cluster = count === 1 ? '' : `cluster { name: c, listen: "${host.route}", routes: [${routes}] }\n`;
    const listen = host.url.slice('nats://'.length);
    const lines = `listen: "${listen}"\nserver_name: n${host.at}\njetstream { store_dir: "${host.store}" }\n${cluster}`;
    writeFileSync(host.config, lines);
  }
  await Promise.all(hosts.map((host) => host.start()));
  // One start of ten of 2.10 never finds suitable peers, and goes on so for as long as it runs.
  while (count > 1 && !(await places(hosts, count))) {
    await Promise.all(hosts.map((host) => host.kill()));
    for (const { store } of hosts) rmSync(store, { recursive: true, force: true });
    await Promise.all(hosts.map((host) => host.start()));
  }
  const peers = (host) => hosts.filter((other) => other !== host);
  const route = (verb, host) =>
    peers(host).every(({ ip }) => ran('ip', '-n', host.space, 'route', verb, 'blackhole', `${ip}/32`));
  return {
    hosts,
    apart,
    urls: hosts.map(({ url }) => url),
    /** Cuts a host off from its peers; clients still reach it. */
    isolate: (host) => route('add', host),
    join: (host) => route('del', host),
    async stop() {
      await Promise.all(hosts.map((host) => host.kill()));
      if (apart) for (let at = 0; at < 3; at += 1) ran('ip', 'netns', 'del', spaceOf(at));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendSignal } from './send-signal.ts';
import { freePort } from './nats-server.ts';

/** A Redis server of a test's own: its own port, its own folder, ended by its id. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Ends the process at once, as `kill -9` does. What it has stored stays. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder. */
  restart(): Promise<void>;
  /** Sends a signal: SIGSTOP and SIGCONT for servers that hang. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Starts a server with lines of configuration beside port and folder; resolves when it takes connections. */
export async function startRedisServer(config = ''): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-redis-'));
  const port = await freePort();
  const path = join(folder, 'redis.conf');
  const base = `bind 127.0.0.1\nport ${port}\ndir ${folder}\nsave ""\ndaemonize no\n`;
  writeFileSync(path, `${base}${config}\n`);
  let child = await run(path);
  const kill = async (): Promise<void> => end(child);
  const stop = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    restart: async () => {
      child = await run(path);
    },
    signal: (name) => sendSignal(child, name),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function run(config: string): Promise<ChildProcess> {
  const child = spawn(process.env['REDIS_SERVER'] ?? 'redis-server', [config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let log = '';
    const missing =
      'redis-server could not be started: install it (Debian: apt-get install redis-server), or name it in REDIS_SERVER';
    child.once('error', () => reject(new Error(missing)));
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${String(code)}: ${log}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000);
      if (!/Ready to accept connections/i.test(log)) return;
      child.removeAllListeners('exit');
      resolve(child);
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

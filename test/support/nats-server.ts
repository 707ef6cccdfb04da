import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendSignal } from './send-signal.ts';

/** A NATS server of a test's own: its own port, its own folder, ended by its id. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** Ends the process at once, as `kill -9` does. What it has stored stays. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and folder. */
  restart(): Promise<void>;
  /** Sends a signal: SIGSTOP and SIGCONT for servers that hang, SIGHUP to read the configuration again. */
  signal(name: NodeJS.Signals): void;
  /** Replaces what stands in its configuration beside port and folder. */
  configure(extra: string): void;
  stop(): Promise<void>;
}

export interface NatsServerOptions {
  /** Lines of its configuration, beside port and folder. */
  readonly config?: string;
  /** Default `true`. */
  readonly jetStream?: boolean;
  /** Default: `NATS_SERVER`, or the one on the path. */
  readonly binary?: string;
  /** Where it stores. Default: a folder of its own, removed at the end. */
  readonly storeFolder?: string;
  /** Bytes that it stores at most, as its configuration has them. Default `'1TB'`. */
  readonly maxFile?: string;
}

/** The servers to test with: the one on the path, and another where `NATS_SERVER_210` names it. */
export function natsBinaries(): readonly string[] {
  const newer = process.env['NATS_SERVER_210'];
  const usual = process.env['NATS_SERVER'] ?? 'nats-server';
  return newer === undefined || newer === '' ? [usual] : [usual, newer];
}

/** Starts a server, and resolves when it takes connections. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const { jetStream = true, binary = natsBinaries()[0] ?? 'nats-server', maxFile = '1TB' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-nats-'));
  const port = await freePort();
  const path = join(folder, 'server.conf');
  const storeFolder = options.storeFolder ?? join(folder, 'js');
  const write = (extra: string): void => {
    const store = jetStream
      ? `jetstream { store_dir: ${JSON.stringify(storeFolder)}, max_file: ${maxFile} }\n`
      : '';
    writeFileSync(path, `listen: 127.0.0.1:${port}\n${store}${extra}\n`);
  };
  write(options.config ?? '');
  let child = await run(binary, path);

  const kill = async (): Promise<void> => end(child, 'SIGKILL');
  const stop = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid;
    },
    kill,
    restart: async () => {
      child = await run(binary, path);
    },
    signal: (name) => sendSignal(child, name),
    configure: write,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A port of the loopback interface that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function run(binary: string, config: string): Promise<ChildProcess> {
  const child = spawn(binary, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('error', () => reject(new Error(missing(binary))));
    child.once('exit', (code) => reject(new Error(`nats-server ended with ${String(code)}: ${log}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000);
      if (!text.includes('Server is ready')) return;
      child.removeAllListeners('exit');
      resolve(child);
    });
  });
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

function missing(binary: string): string {
  return (
    `${binary} could not be started: install nats-server (Debian: apt-get install nats-server; else ` +
    'https://github.com/nats-io/nats-server/releases), or name it in NATS_SERVER'
  );
}

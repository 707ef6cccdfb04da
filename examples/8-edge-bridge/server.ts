import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A NATS server with JetStream, on a port and in a folder that stay while it is away. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Finds a place for a server, which is not started yet. */
export async function placeServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-bridge-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const ended = server === undefined ? undefined : once(server, 'exit');
    server?.kill('SIGKILL');
    server = undefined;
    await ended;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    start: async () => {
      const started = spawn(
        process.env['NATS_SERVER'] ?? 'nats-server',
        ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      server = started;
      await new Promise<void>((resolve, reject) => {
        started.once('error', reject);
        started.stderr.setEncoding('utf8').on('data', (text: string) => {
          if (text.includes('Server is ready')) resolve();
        });
      });
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 4222;
}

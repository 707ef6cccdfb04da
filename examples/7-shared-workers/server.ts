import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a NATS server with JetStream on a free port; resolves when it takes connections. */
export async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'shared-workers-'));
  const port = await freePort();
  const server = spawn(
    process.env['NATS_SERVER'] ?? 'nats-server',
    ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ready = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Server is ready')) resolve();
    });
  });
  await ready;
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
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

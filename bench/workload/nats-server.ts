import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts a NATS server of this process's own, ended with it; gives its address. */
export async function startNats(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const port = await freePort();
  const config = join(folder, 'server.conf');
  const store = JSON.stringify(join(folder, 'js'));
  writeFileSync(config, `listen: 127.0.0.1:${port}\njetstream { store_dir: ${store}, max_file: 1TB }\n`);
  const child = spawn(process.env['NATS_SERVER'] ?? 'nats-server', ['-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Server is ready')) resolve();
    });
  });
  return `nats://127.0.0.1:${port}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

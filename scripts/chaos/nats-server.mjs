// A NATS server of a run's own, that is stopped, killed and started again.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { endWithUs, killed } from './process-end.mjs';

/** A port of this machine that nobody listens on. */
export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A server with these arguments, behind a command that starts it elsewhere if there is one. `NATS_SERVER` names another binary. */
export function natsServer(args, behind = []) {
  const [command, ...rest] = [...behind, process.env.NATS_SERVER ?? 'nats-server', ...args];
  let child;
  return {
    /** Resolves when it takes connections; rejects with what it said when it ends before. */
    start() {
      child = endWithUs(spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] }));
      return new Promise((resolve, reject) => {
        let log = '';
        const refuse = (code) => reject(new Error(`nats-server ended with ${code}: ${log}`));
        child.once('error', reject).once('exit', refuse);
        child.stderr.setEncoding('utf8').on('data', (text) => {
          log = (log + text).slice(-4000);
          if (!log.includes('Server is ready')) return;
          child.off('exit', refuse);
          resolve();
        });
      });
    },
    signal: (name) => child.kill(name),
    kill: () => killed(child),
  };
}

/** A server with JetStream, on a port and in a folder that stay the same when it is started again. */
export async function serverIn(folder) {
  const port = await freePort();
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'js')];
  return { url: `nats://127.0.0.1:${port}`, ...natsServer(args) };
}

// What the runs of a bridge share: a NATS server that is killed and started again, an edge process, and what is stored.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';

const dist = process.env.BREAKWATER_DIST ?? new URL('../../dist', import.meta.url).href;
const { msgpackCodec } = await import(`${dist}/streams/index.js`);
export const { bridge } = await import(`${dist}/src/nats/index.js`);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A server on one port and folder, until it is killed; then again. */
export async function serverIn(folder) {
  const port = await freePort();
  let child;
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      child = spawn(
        process.env.NATS_SERVER ?? 'nats-server',
        ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'js')],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.stderr.setEncoding('utf8').on('data', (text) => {
          if (text.includes('Server is ready')) resolve();
        });
      });
    },
    signal: (name) => child.kill(name),
    async kill() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const program = fileURLToPath(new URL('bridge-edge.mjs', import.meta.url));

/** Starts the edge: a bus on LMDB with a bridge. Hears each line that it says, as words. */
export function edge(settings, hear, flags = []) {
  const child = spawn(process.execPath, [...flags, program, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    // Half a line of one that was killed means nothing.
    rest = lines.pop() ?? '';
    for (const line of lines) hear(line.split(' '));
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  return { ended, kill: () => child.kill('SIGKILL'), say: (line) => child.stdin.write(`${line}\n`) };
}

/** All events that a stream holds, in its order, read with the official client. */
export async function storedEvents(servers, stream) {
  const codec = msgpackCodec();
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  const events = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 100) {
    const asked = [];
    for (let at = seq; at < Math.min(seq + 100, state.last_seq + 1); at += 1)
      asked.push(manager.streams.getMessage(stream, { seq: at }));
    for (const message of await Promise.all(asked)) events.push(...codec.decode(message.data));
  }
  await connection.close();
  return { events, messages: state.messages };
}

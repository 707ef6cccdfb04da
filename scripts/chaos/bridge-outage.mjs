// Long run: the server is away for a minute while an edge process publishes; then it comes back. Says how much memory the
// edge took, whose heap may have 64 MiB at most, and how soon all was over:
//   node scripts/chaos/bridge-outage.mjs --seconds 60 --rate 5000
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { edge, storedEvents } from './bridge-library.mjs';
import { serverIn } from './nats-server.mjs';
import { options } from './options.mjs';

const { seconds, rate, types } = options({ seconds: 60, rate: 5_000, types: 1 });
const folder = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const server = await serverIn(folder);
await server.start();
const to = { servers: server.url, namespace: 'edge', oldServers: 'allow' };
const status = { lag: 0, forwarded: 0, found: 0, heap: 0, rss: 0 };
let drainedMs = 0;
let heard = () => {};
const settings = { path: join(folder, 'log'), to, rate, keys: 1_000, types, quiet: true };
const hear = (words) => {
  if (words[0] === 'D') drainedMs = Number(words[1]);
  else [, status.lag, status.forwarded, status.found, status.heap, status.rss] = words.map(Number);
  most.heap = Math.max(most.heap, status.heap);
  most.rss = Math.max(most.rss, status.rss);
  heard();
};
const most = { heap: 0, rss: 0 };
const outpost = edge(settings, hear, ['--max-old-space-size=64']);

async function look() {
  const answer = new Promise((resolve) => (heard = resolve));
  outpost.say('look');
  await answer;
  return { ...status };
}

await pause(3_000);
const before = await look();
await server.kill();
for (let second = 0; second < seconds; second += 1) {
  await pause(1_000);
  await look();
}
const waiting = (await look()).lag;
outpost.say('stop');
await server.start();
const start = performance.now();
outpost.say('drain');
await outpost.ended;
const tookMs = performance.now() - start;
const { events } = await storedEvents(server.url, 'edge');
await server.kill();
const ids = new Set(events.map(({ id }) => id));
const twice = events.length - ids.size;
const last = new Map();
let swapped = 0;
for (const { key, data } of events) {
  if (data.n <= (last.get(key) ?? -1)) swapped += 1;
  last.set(key, data.n);
}
const missing = status.forwarded - ids.size;
const mib = (bytes) => Math.round(bytes / 1024 / 1024);
console.log(
  `${seconds} s without a server at ${rate} events/s: ${waiting} waited, heap and buffers ${mib(before.heap)} MiB before and ` +
    `${mib(most.heap)} MiB at most, resident with what is mapped of the log ${mib(before.rss)} and ${mib(most.rss)} MiB; ` +
    `all over ${Math.round(tookMs)} ms after the server was back (${Math.round(drainedMs)} ms of it after the last publish), ` +
    `${Math.round((waiting / drainedMs) * 1000)} events/s; missing ${missing}, twice ${twice}, out of order ${swapped}`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = missing + twice + swapped === 0 ? 0 : 1;

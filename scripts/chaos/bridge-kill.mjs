// Long run: an edge process with a bridge to JetStream publishes while it and the server are killed, stopped and started
// again at random. Then what it published must be in the stream, each event once, each key in order. The server
// remembers ids for half a second alone, so that what holds is what the bridge does:
//   node scripts/chaos/bridge-kill.mjs --rounds 100 --seed 7
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { edge, storedEvents } from './bridge-library.mjs';
import { lmdbStore, ports, readAll } from './lmdb-library.mjs';
import { serverIn } from './nats-server.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { rounds, seed } = options({ rounds: 100, seed: Math.floor(Math.random() * 1e9) });
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const path = join(folder, 'log');
console.log(`seed ${seed}, ${rounds} rounds`);

const server = await serverIn(folder);
await server.start();
const stream = { duplicateWindowMs: 500 };
const to = { servers: server.url, namespace: 'edge', stream, ackTimeoutMs: 300, oldServers: 'allow' };
const settings = { path, to, rate: 3_000, keys: 40, types: 2 };
const wrong = [];
const acknowledged = [];
let counts = { forwarded: 0, found: 0 };
const kills = { edge: 0, server: 0, stopped: 0 };
const hear = (words) => {
  if (words[0] === 'P') acknowledged.push(words[1]);
  if (words[0] === 'S') counts = { forwarded: Number(words[2]), found: Number(words[3]) };
};

let outpost = edge(settings, hear);
await outpost.started;
for (let round = 1; round <= rounds; round += 1) {
  await pause(20 + random() * 300);
  const what = random();
  if (what < 0.5) {
    kills.edge += 1;
    outpost.kill();
    if ((await outpost.ended) !== 'SIGKILL') wrong.push('the edge ended by itself');
    outpost = edge(settings, hear);
    await outpost.started;
  } else if (what < 0.8) {
    kills.server += 1;
    await server.kill();
    // Longer than it remembers ids, sometimes.
    await pause(random() * 1_200);
    await server.start();
  } else {
    kills.stopped += 1;
    server.signal('SIGSTOP');
    await pause(random() * 1_200);
    server.signal('SIGCONT');
  }
}
outpost.say('drain');
const ended = await outpost.ended;
if (ended !== 0) wrong.push(`the edge ended with ${ended}`);

const { events, messages } = await storedEvents(server.url, 'edge');
await server.kill();
const store = lmdbStore({ path })(ports);
const { records, faults } = readAll(store.log);
await store.close();
if (faults.length > 0) wrong.push(`${faults.length} faults in the log`);

const logged = new Set(records.map(({ event }) => event.id));
for (const id of acknowledged)
  if (!logged.has(id)) wrong.push(`${id} was acknowledged and is not in the log`);
const times = new Map();
for (const { id } of events) times.set(id, (times.get(id) ?? 0) + 1);
for (const id of logged) if (!times.has(id)) wrong.push(`${id} is not in the stream`);
for (const [id, count] of times) if (count > 1) wrong.push(`${id} is in the stream ${count} times`);
for (const id of times.keys()) if (!logged.has(id)) wrong.push(`${id} is in the stream and not in the log`);
const order = (list) => Map.groupBy?.(list, ({ key }) => key) ?? grouped(list);
function grouped(list) {
  const groups = new Map();
  for (const event of list) groups.set(event.key, [...(groups.get(event.key) ?? []), event]);
  return groups;
}
const there = order(events);
for (const [key, list] of order(records.map(({ event }) => event))) {
  const ids = (of) => of.map(({ id }) => id).join();
  if (ids(list) !== ids(there.get(key) ?? [])) wrong.push(`key ${key} is not in the order of the log`);
}

for (const each of wrong.slice(0, 10)) console.log(each);
console.log(
  `${kills.edge} kills of the edge, ${kills.server} of the server, ${kills.stopped} times stopped; ` +
    `${acknowledged.length} publishes acknowledged, ${events.length} events stored in ${messages} messages, ` +
    `${counts.found} found to be there by the last life; ${wrong.length} violations`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;

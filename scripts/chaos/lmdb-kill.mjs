// Long run: kills a writer at random instants, again and again, on one store, and checks after each that nothing is lost:
//   node scripts/chaos/lmdb-kill.mjs --rounds 200 --seed 7 --sync group
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lmdbStore, options, ports, seeded } from './lmdb-library.mjs';
import { Record, verify } from './lmdb-verify.mjs';

const {
  rounds,
  seed,
  sync,
  path: given,
} = options({
  rounds: 200,
  seed: Math.floor(Math.random() * 1e9),
  sync: 'group',
  path: '',
});
const random = seeded(seed);
const path = given === '' ? mkdtempSync(join(tmpdir(), 'breakwater-chaos-')) : given;
const writer = fileURLToPath(new URL('lmdb-writer.mjs', import.meta.url));
console.log(`seed ${seed}, ${rounds} rounds, sync ${sync}`);

/** Lets one writer run for a while, and kills it. */
async function round(record) {
  const args = [writer, '--path', path, '--seed', String(Math.floor(random() * 1e9)), '--sync', sync];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  child.stdout.setEncoding('utf8');
  let ready;
  const started = new Promise((resolve) => {
    ready = resolve;
  });
  child.stdout.on('data', (chunk) => {
    record.hear(chunk);
    ready();
  });
  await Promise.race([started, closed]);
  await new Promise((resolve) => setTimeout(resolve, 50 + random() * 450));
  child.kill('SIGKILL');
  const ended = await closed;
  record.end();
  if (ended !== 'SIGKILL') throw new Error(`the writer ended by itself: ${ended}`);
}

const record = new Record();
const reopened = [];
let failures = 0;
for (let n = 1; n <= rounds; n += 1) {
  await round(record);
  const before = performance.now();
  const store = lmdbStore({ path, sync })(ports);
  reopened.push(performance.now() - before);
  const { wrong } = verify(store, record);
  await store.close();
  if (wrong.length === 0) continue;
  failures += wrong.length;
  console.log(`round ${n}: ${wrong.slice(0, 5).join('; ')}`);
  if (failures > 20) break;
}
const events = record.acknowledged.reduce((sum, { size }) => sum + size, 0);
const sorted = reopened.toSorted((a, b) => a - b);
const p99 = sorted[Math.floor((sorted.length - 1) * 0.99)] ?? 0;
console.log(
  `${rounds} kills, ${record.acknowledged.length} commits and ${events} events acknowledged, ${failures} violations; ` +
    `opening again took ${(sorted[sorted.length >> 1] ?? 0).toFixed(0)} ms (median), ${p99.toFixed(0)} ms (p99)`,
);
if (given === '') rmSync(path, { recursive: true, force: true });
process.exitCode = failures === 0 ? 0 : 1;

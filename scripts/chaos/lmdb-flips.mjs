// Long run: flips single bits of a store's data file, anywhere in it, and reads everything in a process of its own:
//   node scripts/chaos/lmdb-flips.mjs --rounds 40 --flips 250 --events 6400 --seed 7
// No wrong event may come out, ever. A flip in a record must be a fault that names it. What a flip in the pages of
// LMDB's trees does is counted: an error, a fault, missing records, or the end of the reading process.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { event, lmdbStore, ports, readAll } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const {
  rounds,
  flips,
  seed,
  read,
  events: count,
} = options({
  rounds: 40,
  flips: 250,
  events: 6_400,
  seed: Math.floor(Math.random() * 1e9),
  read: '',
});

/**
 * Flips in one copy, each time back after what came out is told. Runs in a child, which a flip may end. The copy is
 * made anew where reading, or closing, has changed more than the flip did.
 */
async function readFlips(path) {
  const { base, records, plan } = JSON.parse(readFileSync(join(path, 'plan.json'), 'utf8'));
  const whole = new Set(records);
  const sound = readFileSync(join(base, 'data.mdb'));
  const copy = join(path, 'copy');
  const file = join(copy, 'data.mdb');
  for (const [index, { offset, bit, first }] of plan.entries()) {
    if (index === 0 || !readFileSync(file).equals(sound)) {
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy);
      for (const name of ['data.mdb', 'head.bin']) copyFileSync(join(base, name), join(copy, name));
    }
    writeSync(1, `start ${index}\n`);
    const byte = sound[offset];
    put(file, offset, byte ^ (1 << bit));
    writeSync(1, `${index} ${await tryReading(copy, whole, first)}\n`);
    put(file, offset, byte);
  }
}

async function tryReading(copy, whole, first) {
  let store;
  try {
    store = lmdbStore({ path: copy })(ports);
    const { records, faults } = readAll(store.log);
    const strange = records.filter(
      ({ position, event: { id, data } }) => !whole.has(`${position} ${id} ${data.n}`),
    );
    if (strange.length > 0) return 'wrong';
    const faulted = new Set(faults.map(({ position }) => position));
    if (first !== undefined) return faulted.has(first) ? 'fault' : 'unnoticed';
    if (faults.length > 0) return 'fault';
    return records.length === whole.size ? 'harmless' : 'missing';
  } catch {
    return 'error';
  } finally {
    try {
      await store?.close();
    } catch {
      // A damaged store may not even close.
    }
  }
}

function put(file, offset, byte) {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.from([byte]), 0, 1, offset);
  closeSync(handle);
}

/** Where each block of records lies in the file: found by what a block begins with. */
function blocksIn(file) {
  const bytes = readFileSync(file);
  const found = [];
  for (let at = bytes.indexOf('01010000', 0, 'hex'); at >= 0; at = bytes.indexOf('01010000', at + 1, 'hex')) {
    if (at + 32 > bytes.length) break;
    const [first, size] = [bytes.readDoubleLE(at + 8), bytes.readUInt32LE(at + 24)];
    const length = 32 + bytes.readUInt32LE(at + 28);
    const isBlock = Number.isInteger(first) && first > 0 && first <= count && size <= 64 && length < 65_536;
    if (isBlock) found.push({ at, length, first });
  }
  const seen = new Map();
  for (const block of found) seen.set(block.first, [...(seen.get(block.first) ?? []), block]);
  // A page that was copied leaves its old self in the file; a flip there changes nothing.
  return { blocks: [...seen.values()].filter((same) => same.length === 1).flat(), size: bytes.length };
}

async function main() {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-flips-'));
  const base = join(folder, 'base');
  const store = lmdbStore({ path: base })(ports);
  const events = Array.from({ length: count }, (_, n) => event(n % 7, n, n, 1));
  await store.log.append(events);
  await store.close();
  const { blocks, size } = blocksIn(join(base, 'data.mdb'));
  console.log(
    `seed ${seed}, ${rounds * flips} flips in ${blocks.length} blocks, and as many anywhere in ${size} bytes`,
  );
  const records = events.map(({ id, data }, at) => `${at + 1} ${id} ${data.n}`);
  const tally = { record: {}, anywhere: {} };
  for (const place of ['record', 'anywhere']) {
    for (let round = 0; round < rounds; round += 1) {
      const plan = Array.from({ length: flips }, () => {
        const bit = Math.floor(random() * 8);
        if (place === 'anywhere') return { offset: Math.floor(random() * size), bit };
        const { at, length, first } = blocks[Math.floor(random() * blocks.length)];
        return { offset: at + Math.floor(random() * length), bit, first };
      });
      for (const outcome of outcomes(folder, { base, records, plan })) {
        tally[place][outcome] = (tally[place][outcome] ?? 0) + 1;
      }
    }
  }
  console.log(`in records: ${JSON.stringify(tally.record)}`);
  console.log(`anywhere: ${JSON.stringify(tally.anywhere)}`);
  rmSync(folder, { recursive: true, force: true });
  const isGood = Object.keys(tally.record).join(',') === 'fault' && tally.anywhere.wrong === undefined;
  process.exitCode = isGood ? 0 : 1;
}

/** What became of each flip of a plan; a child that a flip ends goes on after it in another child. */
function outcomes(folder, { base, records, plan }) {
  const found = [];
  while (found.length < plan.length) {
    const path = mkdtempSync(join(folder, 'round-'));
    writeFile(join(path, 'plan.json'), JSON.stringify({ base, records, plan: plan.slice(found.length) }));
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--read', path], {
      encoding: 'utf8',
      timeout: 600_000,
    });
    const lines = stdout.trim().split('\n');
    for (const line of lines) if (!line.startsWith('start')) found.push(line.split(' ')[1]);
    if (lines.at(-1)?.startsWith('start')) found.push('ended');
    rmSync(path, { recursive: true, force: true });
  }
  return found;
}

function writeFile(path, text) {
  const handle = openSync(path, 'w');
  writeSync(handle, text);
  closeSync(handle);
}

if (read === '') await main();
else {
  await readFlips(read);
  process.exit(0);
}

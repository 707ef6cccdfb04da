// Long run: cuts the power under a writer, by shutting down its file system with all that was not flushed, and checks
// after each that what was acknowledged before is there. Needs root, loop devices, mkfs.ext4 and python3:
//   node scripts/chaos/lmdb-power.mjs --rounds 60 --seed 7 --sync group
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { begin } from './life.mjs';
import { lmdbStore, ports } from './lmdb-library.mjs';
import { Record, verify } from './lmdb-verify.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { rounds, seed, sync } = options({ rounds: 60, seed: Math.floor(Math.random() * 1e9), sync: 'group' });
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), 'breakwater-power-'));
const image = join(folder, 'disk.img');
const disk = join(folder, 'disk');

function run(command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Why this machine cannot do it; undefined when it can. */
function refusal() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'needs root on Linux';
  try {
    run('truncate', '-s', '384M', image);
    run('mkfs.ext4', '-q', '-F', image);
    mkdirSync(disk);
    run('mount', '-o', 'loop', image, disk);
    run('python3', '-c', 'import fcntl');
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** EXT4_IOC_SHUTDOWN without flushing the journal: pages that are dirty now never reach the disk. */
function cutPower() {
  const code = [
    'import fcntl, os, struct, sys',
    'handle = os.open(sys.argv[1], os.O_RDONLY)',
    'sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()',
    'fcntl.ioctl(handle, 0x8004587D, struct.pack("I", 2))',
  ].join('\n');
  const cutter = spawn('python3', ['-c', code, disk], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ready = new Promise((resolve) => {
    cutter.stdout.once('data', resolve);
  });
  const done = new Promise((resolve) => {
    cutter.once('close', resolve);
  });
  return { ready, cut: () => cutter.stdin.end('now\n'), done };
}

/** A device that something still holds would be mounted again as it was shut down. */
async function whenDetached() {
  for (let look = 0; look < 200; look += 1) {
    if (spawnSync('losetup', ['-j', image], { encoding: 'utf8' }).stdout === '') return;
    await pause(50);
  }
  throw new Error(`the device of ${image} is still in use 10 s after it was unmounted`);
}

/** Lets a writer run for a while, then cuts the power. Gives when that was. */
async function round(record) {
  const store = join(disk, 'store');
  const args = ['--path', store, '--seed', String(Math.floor(random() * 1e9)), '--sync', sync];
  const { child, started, ended } = begin('lmdb-writer.mjs', args, {
    hear: (words) => record.hear(words),
    errors: 'pipe',
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  if ((await Promise.race([started, ended])) !== true)
    throw new Error(`the writer could not open the store: ${said}`);
  const { ready, cut, done } = cutPower();
  await ready;
  await pause(100 + random() * 600);
  const at = performance.timeOrigin + performance.now();
  cut();
  await done;
  child.kill('SIGKILL');
  await ended;
  run('umount', disk);
  await whenDetached();
  run('mount', '-o', 'loop', image, disk);
  return at;
}

const cannot = refusal();
if (cannot !== undefined) {
  console.log(`power cuts are not tried: ${cannot}`);
  spawnSync('umount', ['-l', disk]);
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

console.log(`seed ${seed}, ${rounds} rounds, sync ${sync}`);
let failures = 0;
let refused = 0;
const record = new Record();
const path = join(disk, 'store');
for (let n = 1; n <= rounds; n += 1) {
  const before = record.acknowledged.length;
  const at = await round(record);
  // What was acknowledged in rounds before is on the disk for sure; of this one, what was told before the cut.
  const fresh = new Set(record.acknowledged.slice(before));
  const isBinding = (entry) => (sync === 'os' ? !fresh.has(entry) : !fresh.has(entry) || entry.at < at);
  let wrong;
  try {
    const store = lmdbStore({ path, sync })(ports);
    ({ wrong } = verify(store, record, isBinding));
    await store.close();
  } catch (error) {
    wrong = [error.message];
    refused += 1;
  }
  // What is not there after the cut was not promised, or has been counted.
  record.acknowledged = record.acknowledged.filter(isBinding);
  if (wrong.length === 0) continue;
  failures += wrong.length;
  console.log(`round ${n}: ${wrong.slice(0, 5).join('; ')}`);
  rmSync(path, { recursive: true, force: true });
  record.acknowledged = [];
  record.trimmedBefore = 0;
}
const events = record.acknowledged.reduce((sum, { size }) => sum + size, 0);
console.log(
  `${rounds} power cuts, ${record.acknowledged.length} commits and ${events} events acknowledged before one, ` +
    `${failures} violations, ${refused} refused to open`,
);
run('umount', disk);
rmSync(folder, { recursive: true, force: true });
process.exitCode = failures === 0 || sync === 'os' ? 0 : 1;

// Long run: kills a bus whose store archives, compacts, trims and audits all the time, at random instants, again and
// again, on one store and archive; checks after every few that what was acknowledged is once in the log or the archive,
// and at the end that no subscriber was made to skip anything:
//   node scripts/chaos/maintain-kill.mjs --rounds 60 --seed 7
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.mjs';
import { lmdbStore, maintain, ports } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { Subscribers } from './subscribers-said.mjs';

const { rounds, seed, each } = options({ rounds: 60, seed: Math.floor(Math.random() * 1e9), each: 4 });
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const [path, archive] = [join(folder, 'log'), join(folder, 'archive')];
console.log(`seed ${seed}, ${rounds} rounds`);

const wrong = [];
/** By position: producer and number of each event whose publish resolved. */
const acknowledged = new Map();
const subscribers = new Subscribers(wrong);
/** Nothing from here on was ever asked to be trimmed; nothing before there may be left. */
let [trimAsked, trimDone] = [0, 0];
const killedIn = { sweep: 0, trim: 0 };
let removed = 0;

function hear(lines) {
  subscribers.note(lines);
  let [sweeping, trimming] = [false, false];
  for (const [kind, ...rest] of lines) {
    const [first, second, third] = rest.map(Number);
    if (kind === 'P') {
      if (acknowledged.has(third)) wrong.push(`two publishes were told position ${third}`);
      acknowledged.set(third, `${first} ${second}`);
    } else if (kind === 'B') sweeping = true;
    else if (kind === 'E') {
      sweeping = false;
      removed += first;
    } else if (kind === 'T') {
      trimming = true;
      trimAsked = Math.max(trimAsked, first);
    } else if (kind === 'U') {
      trimming = false;
      trimDone = Math.max(trimDone, first);
    }
  }
  if (sweeping) killedIn.sweep += 1;
  if (trimming) killedIn.trim += 1;
}

async function readAll(log) {
  const records = [];
  for (let from = 1; ;) {
    const page = await log.read({ from, limit: 4_096 });
    for (const fault of page.faults) wrong.push(`fault at ${fault.position}: ${fault.reason}`);
    records.push(...page.records);
    if (page.atEnd) return records;
    from = page.next;
  }
}

/** Opens the store as a bus would, and compares it with all that was said. */
async function check(round) {
  const before = wrong.length;
  const kept = maintain(lmdbStore({ path }), {
    archive: { folder: archive },
    audit: true,
    everyMs: 3_600_000,
  });
  const { log, close } = kept(ports);
  const records = await readAll(log);
  const found = new Map(records.map(({ position, event }) => [position, event]));
  for (const [at, { position, appendedAt }] of records.entries()) {
    const last = records[at - 1];
    if (last !== undefined && (last.position >= position || last.appendedAt > appendedAt))
      wrong.push(`${position} comes after ${last.position}`);
    if (position < trimDone) wrong.push(`${position} is there, and was trimmed before ${trimDone}`);
  }
  if (new Set(records.map(({ event }) => event.id)).size !== records.length)
    wrong.push('an event is there twice');
  for (const [position, who] of acknowledged) {
    const { p, n } = found.get(position)?.data ?? {};
    if (p === undefined && position < trimAsked) continue;
    if (`${p} ${n}` !== who) wrong.push(`event ${who} is not at ${position}, but ${p} ${n}`);
  }
  const bounds = await log.bounds();
  if (bounds.count !== records.length) wrong.push(`${bounds.count} are counted, ${records.length} found`);
  const audit = await kept.verifyAudit();
  for (const { kind, position, detail } of audit.findings) wrong.push(`audit: ${position} ${kind} ${detail}`);
  if (audit.unaudited !== 0) wrong.push(`${audit.unaudited} events were never audited`);
  const stats = await kept.stats();
  const files = readdirSync(archive).length;
  if (files !== stats.archive.segments) wrong.push(`${files} files for ${stats.archive.segments} segments`);
  await close();
  if (wrong.length > before) console.log(`wrong after round ${round}`);
  return { records, audit, stats };
}

const program = 'durable-program.mjs';
const given = () => ['--path', path, '--archive', archive, '--seed', String(Math.floor(random() * 1e9))];
for (let n = 1; n <= rounds; n += 1) {
  hear(await live(program, given(), 50 + random() * 950, wrong));
  if (n % each === 0) await check(n);
}
hear(await live(program, [...given(), '--drain', '1'], undefined, wrong));
const { records, audit, stats } = await check('the last');
subscribers.demand([...new Set([...acknowledged.keys(), ...records.map(({ position }) => position)])]);

for (const what of wrong.slice(0, 10)) console.log(what);
console.log(
  `${rounds} kills (${killedIn.sweep} within a sweep, ${killedIn.trim} within a trim), ` +
    `${acknowledged.size} publishes acknowledged, ${removed} events left the log, ` +
    `${stats.archive.events} are in ${stats.archive.segments} segments, ${records.length} can be read, ` +
    `${audit.verified} verified and ${audit.removed} trimmed, ${subscribers.calls} calls, ` +
    `handled again: ${subscribers.again}; ${wrong.length} violations`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;

// What the runs on LMDB need of the compiled library, the events that they write, and how they read them all.
import { compiled } from './compiled.mjs';

const [disk, core] = await Promise.all([compiled('src/lmdb/index'), compiled('src/index')]);

export const { lmdb, lmdbStore } = disk;
export const { createBus, defineEntity, durableTransport, maintain } = core;
export const ports = { clock: core.createSystemClock(), random: Math.random };

/** The event that producer `p` writes as its `n`-th, in a batch of `size` that began at `start`. */
export function event(p, n, start, size) {
  return {
    id: `0190163d-8694-739b-${String(p).padStart(4, '0')}-${n.toString(16).padStart(12, '0')}`,
    type: `chaos.p${p % 3}`,
    source: 'chaos',
    time: 1_704_067_200_000 + n,
    priority: 'normal',
    schemaVersion: 1,
    data: { p, n, start, size },
    key: `p${p}`,
  };
}

/** All records and faults of a range. The log answers at once, as one without an archive does. */
export function readAll(log, range = {}) {
  const records = [];
  const faults = [];
  for (let from = range.from ?? 1; ;) {
    const page = log.read({ ...range, from, limit: 4_096 });
    records.push(...page.records);
    faults.push(...page.faults);
    if (page.atEnd) return { records, faults };
    from = page.next;
  }
}

// What the chaos scripts of the LMDB store share: the compiled library, seeded chance, and the way options are given.
import { parseArgs } from 'node:util';

/** The library: the compiled one of this repository, unless BREAKWATER_DIST names another. */
const dist = process.env.BREAKWATER_DIST ?? new URL('../../dist', import.meta.url).href;
const [disk, core] = await Promise.all([import(`${dist}/src/lmdb/index.js`), import(`${dist}/src/index.js`)]);

export const { lmdb, lmdbStore } = disk;
export const { createBus, defineEntity, durableTransport, maintain } = core;
export const ports = { clock: core.createSystemClock(), random: Math.random };

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Options of the command line: all are numbers or texts, each with its default. */
export function options(defaults) {
  const { values } = parseArgs({
    options: Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }])),
  });
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const given = values[name];
      if (given === undefined) return [name, value];
      return [name, typeof value === 'number' ? Number(given) : given];
    }),
  );
}

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

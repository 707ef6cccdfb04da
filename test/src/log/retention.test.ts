import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { glob } from '../../../streams/event/glob.ts';
import type { LogRecord } from '../../../src/event-log.ts';
import { maintain } from '../../../src/log/maintain.ts';
import type { MaintenanceReport } from '../../../src/log/maintenance-report.ts';
import type { MaintainOptions } from '../../../src/log/maintain-options.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { resolvePolicies, type RetentionPolicy } from '../../../src/log/retention-policy.ts';
import { maintainedWorld, numbered, positionsOf, readAll } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const types = ['order.placed', 'order.paid', 'metrics.cpu', 'metrics.disk.full', 'price.changed'];
const keys = ['a', 'b', 'c', undefined];

function keyed(n: number, type: string, key: string | undefined): EventEnvelope {
  return numbered(n, key === undefined ? { type } : { type, key });
}

/** What stays, worked out from the policies alone, all events at hand. */
function expected(
  records: readonly LogRecord[],
  retention: readonly RetentionPolicy[],
  now: number,
  floor: number,
): LogRecord[] {
  const { classify } = resolvePolicies(retention);
  const gone = new Set<LogRecord>();
  for (const [at, policy] of retention.entries()) {
    const { maxAgeMs = Infinity, maxCount = Infinity, maxBytes = Infinity, keep = 'all' } = policy;
    const mine = records.filter(({ event }) => classify(event.type) === at);
    let count = mine.length;
    let bytes = mine.reduce((sum, { event }) => sum + msgpackCodec().encode([event]).length, 0);
    const drop = (record: LogRecord): void => {
      gone.add(record);
      count -= 1;
      bytes -= msgpackCodec().encode([record.event]).length;
    };
    for (const record of mine) {
      const due = now - record.appendedAt > maxAgeMs || count > maxCount || bytes > maxBytes;
      if (!due || record.position >= floor) break;
      drop(record);
    }
    if (keep === 'all') continue;
    const passed = mine.filter(({ position }) => position < floor);
    for (const record of passed) {
      const { type, key } = record.event;
      const followed = passed.some(
        (other) => other.position > record.position && other.event.type === type && other.event.key === key,
      );
      if (key !== undefined && followed && !gone.has(record)) drop(record);
    }
  }
  return records.filter((record) => !gone.has(record));
}

const policy: fc.Arbitrary<RetentionPolicy> = fc.record(
  {
    patterns: fc.constantFrom(['metrics.>'], ['price.changed'], ['order.*', 'metrics.cpu'], [glob('*.full')]),
    maxAgeMs: fc.integer({ min: 0, max: 60 }),
    maxCount: fc.integer({ min: 0, max: 12 }),
    maxBytes: fc.integer({ min: 0, max: 1_200 }),
    keep: fc.constantFrom('all' as const, 'last-per-key' as const),
  },
  { requiredKeys: [] },
);

type Step =
  | { readonly do: 'append'; readonly what: readonly (readonly [number, number])[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'need'; readonly share: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(fc.nat(types.length - 1), fc.nat(keys.length - 1)), { maxLength: 20 })
      .map((what) => ({ do: 'append' as const, what })),
  },
  { weight: 2, arbitrary: fc.nat(30).map((ms) => ({ do: 'wait' as const, ms })) },
  {
    weight: 1,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((share) => ({ do: 'need' as const, share })),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

/** Does the steps; after each sweep the log holds what the policies leave, and reads what it should. */
async function hold(
  retention: readonly RetentionPolicy[],
  steps: readonly Step[],
  more: Omit<MaintainOptions, 'retention'>,
): Promise<void> {
  const world = maintainedWorld();
  const options = { retention, ...more };
  let running = world.start(options);
  let needed = Infinity;
  running.store.protect?.(() => needed);
  let appended = 0;
  let model: LogRecord[] = [];
  const everything: LogRecord[] = [];
  for (const one of steps) {
    if (one.do === 'append') {
      const events = one.what.map(([type, key]) => keyed((appended += 1), types[type] ?? '', keys[key]));
      const { first } = await running.store.log.append(events);
      const records = events.map((event, at) => ({
        position: first + at,
        event,
        appendedAt: world.clock.time,
      }));
      model.push(...records);
      everything.push(...records);
    } else if (one.do === 'wait') world.clock.time += one.ms;
    else if (one.do === 'need') needed = Math.floor(one.share * appended) + 1;
    else if (one.do === 'restart') {
      await running.kept.stats();
      running = world.start(options);
      running.store.protect?.(() => needed);
    } else {
      const report = await running.kept.run();
      const left = expected(model, retention, world.clock.time, Math.min(needed, appended + 1));
      expect(report.removed).toBe(model.length - left.length);
      model = left;
      expect((await readAll(world.raw.log)).records).toEqual(model);
      const seen = more.archive === undefined ? model : everything;
      for (const range of [{}, { limit: 3 }, { key: 'a' }, { patterns: ['metrics.>'], from: 4 }]) {
        const wanted = seen.filter(({ event, position }) => {
          if ('key' in range && event.key !== range.key) return false;
          return !('patterns' in range) || (event.type.startsWith('metrics.') && position >= 4);
        });
        expect((await readAll(running.store.log, range)).records).toEqual(wanted);
        const down = await readAll(running.store.log, { ...range, order: 'newest' });
        expect(down.records).toEqual(wanted.toReversed());
      }
    }
  }
}

const steps = fc.array(step, { maxLength: 24, size: 'max' });
const policies = fc.array(policy, { minLength: 1, maxLength: 3 });

describe('retention', () => {
  it('leaves what the policies leave, for every history, restart and cursor', async () => {
    await fc.assert(
      fc.asyncProperty(policies, steps, (retention, history) => hold(retention, history, {})),
      {
        numRuns: 150,
      },
    );
  });

  it('leaves the same where keys are more than it remembers', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (history) => hold([{ keep: 'last-per-key' }], history, { maxKeys: 2 })),
      { numRuns: 60 },
    );
  });

  it('with an archive changes nothing of what is read', async () => {
    await fc.assert(
      fc.asyncProperty(policies, steps, fc.integer({ min: 1, max: 9 }), (retention, history, segmentEvents) =>
        hold(retention, history, { archive: { folder: temporaryFolder(), segmentEvents }, audit: true }),
      ),
      { numRuns: 50 },
    );
  });

  it('gives an event to the first policy that matches it, and keeps for ever what none does', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({
      retention: [{ patterns: ['audit.>'] }, { patterns: ['metrics.>', 'audit.>'], maxCount: 0 }],
    });
    await store.log.append([
      keyed(1, 'audit.login', undefined),
      keyed(2, 'metrics.cpu', undefined),
      keyed(3, 'order.paid', undefined),
    ]);
    expect(await kept.run()).toMatchObject({ removed: 1, removedByPolicy: [0, 1] });
    expect(positionsOf((await readAll(store.log)).records)).toEqual([1, 3]);
  });

  it('lets events be exactly maxAgeMs old', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({ retention: [{ maxAgeMs: 10 }] });
    await store.log.append([numbered(1)]);
    world.clock.time += 10;
    expect((await kept.run()).removed).toBe(0);
    world.clock.time += 1;
    expect((await kept.run()).removed).toBe(1);
  });

  it('counts anew where the store under it removed events by itself', async () => {
    const world = maintainedWorld(memoryStore({ maxEvents: 6 }));
    const { store, kept } = world.start({ retention: [{ patterns: ['a'], maxCount: 4 }] });
    await store.log.append([1, 2, 3, 4].map((n) => numbered(n, { type: 'a' })));
    expect((await kept.run()).removed).toBe(0);
    await store.log.append([5, 6, 7, 8].map((n) => numbered(n, { type: 'b' })));
    await store.log.append([numbered(9, { type: 'a' })]);
    expect((await kept.run()).removed).toBe(0);
    expect(positionsOf((await readAll(store.log)).records)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('removes nothing that is still needed, and says from where on; told not to care, it does not', async () => {
    for (const respectCursors of [true, false]) {
      const world = maintainedWorld();
      const { store, kept } = world.start({ retention: [{ maxCount: 0 }], respectCursors });
      await store.log.append([numbered(1), numbered(2), numbered(3)]);
      const unprotect = store.protect?.(() => Promise.resolve(2));
      store.protect?.(() => 3);
      expect(await kept.run()).toMatchObject(
        respectCursors ? { removed: 1, floor: 2 } : { removed: 3, floor: 4 },
      );
      unprotect?.();
      expect((await kept.run()).removed).toBe(respectCursors ? 1 : 0);
    }
  });

  it('sweeps by itself every everyMs, and tells of what it did and of what failed', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({ retention: [{ maxAgeMs: 1_000 }] });
    const reports: MaintenanceReport[] = [];
    kept.reports$.subscribe((report) => reports.push(report));
    await store.log.append([numbered(1)]);
    world.clock.time += 1_001;
    await kept.stats();
    world.clock.fire();
    await expect.poll(() => reports.length).toBe(1);
    expect(reports[0]).toMatchObject({ removed: 1, archived: 0, segmentsWritten: 0, deferred: 0 });

    store.protect?.(() => {
      throw new Error('no cursors to be had');
    });
    world.clock.fire();
    await expect.poll(() => reports.length).toBe(2);
    expect(reports[1]?.error).toEqual(new Error('no cursors to be had'));
  });

  it('sweeps page by page, so that others have their turn', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({ retention: [{ maxCount: 0 }] });
    await store.log.append(Array.from({ length: 5_000 }, (_, n) => numbered(n)));
    let [done, turns] = [false, 0];
    const run = kept.run().then((report) => {
      done = true;
      return report;
    });
    while (!done) {
      turns += 1;
      await new Promise<void>((resolve) => {
        world.clock.yieldTurn(resolve);
      });
    }
    expect((await run).removed).toBe(5_000);
    expect(turns).toBeGreaterThan(9);
  });

  it('follows tighter policies while memory is short', async () => {
    const world = maintainedWorld();
    let heap = 10;
    const pressure = { heapBytes: 100, retention: [{ maxCount: 1 }], heapUsed: () => heap };
    const { store, kept } = world.start({ retention: [{ maxCount: 3 }], pressure });
    await store.log.append(Array.from({ length: 5 }, (_, n) => numbered(n)));
    expect(await kept.run()).toMatchObject({ removed: 2, underPressure: false });
    heap = 101;
    await kept.stats();
    world.clock.fire();
    await expect.poll(async () => (await store.log.bounds()).count).toBe(1);
    heap = 10;
    await store.log.append([numbered(6), numbered(7), numbered(8)]);
    expect(await kept.run()).toMatchObject({ removed: 1, underPressure: false });
  });

  it('is for one bus at a time', async () => {
    const world = maintainedWorld();
    const kept = maintain(memoryStore(), {});
    expect(() => kept.log()).toThrow('this store is not open');
    const store = kept(world.ports);
    expect(() => kept(world.ports)).toThrow('this store is open already');
    await store.close();
    await store.close();
    await expect(kept.run()).rejects.toThrow('this store is not open');
    await kept(world.ports).close();
  });
});

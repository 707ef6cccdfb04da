import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { seededRandom } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { openArchiveFolder } from '../../../src/log/archive-folder.ts';
import { maintainWith } from '../../../src/log/maintain.ts';
import type { MaintainOptions } from '../../../src/log/maintain-options.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { reopened } from '../../support/durable-world.ts';
import { failingSteps } from '../../support/failing-steps.ts';
import { numbered, positionsOf, readAll, setClock } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hows = ['before', 'torn', 'after'] as const;

/** Runs one sweep that crashes, then starts anew; resolves to how many steps there were. */
async function crashOnce(options: MaintainOptions, at: number, how: (typeof hows)[number]): Promise<boolean> {
  const folder = options.archive?.folder ?? '';
  const ports = { clock: setClock(), random: seededRandom(1) };
  const base = reopened(memoryStore());
  const raw = base(ports);
  const events = Array.from({ length: 20 }, (_, n) =>
    numbered(n + 1, n % 3 === 0 ? { type: 'price.changed', key: `k${n % 2}` } : {}),
  );
  await raw.log.append(events);

  const steps = failingSteps(at, how);
  const dying = maintainWith(steps.store(base), options, (path) => steps.files(openArchiveFolder(path)));
  dying(ports);
  await dying.run().catch(() => {});

  const kept = maintainWith(base, options, openArchiveFolder);
  const { log } = kept(ports);
  const { records, faults } = await readAll(log);
  expect(faults).toEqual([]);
  expect(records.map(({ event }) => event)).toEqual(events);
  const newest = await readAll(log, { order: 'newest', limit: 3 });
  expect(positionsOf(newest.records)).toEqual(positionsOf(records).toReversed());
  expect(await log.bounds()).toEqual({ first: 1, last: 20, count: 20 });
  expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: 20, unaudited: 0 });

  // What the crash left is gone, and the next sweep does what this one did not.
  const report = await kept.run();
  expect(report.error).toBeUndefined();
  expect((await readAll(log)).records).toEqual(records);
  const left = (await readAll(raw.log)).records;
  expect(left.length).toBeLessThan(12);
  const { archive } = await kept.stats();
  expect(archive?.events).toBe(20 - left.length);
  expect(readdirSync(folder).filter((name) => !name.endsWith('.parquet'))).toHaveLength(
    archive?.segments ?? 0,
  );
  return steps.crashed();
}

describe('a crash of an archive run', () => {
  it.each(hows)(
    '%s any of its steps loses nothing, gives nothing twice and leaves nothing behind',
    async (how) => {
      let at = 1;
      for (let goesOn = true; goesOn; at += 1) {
        const archive = { folder: temporaryFolder(), segmentEvents: 4, parquet: true };
        const retention = [{ patterns: ['price.>'], keep: 'last-per-key' as const }, { maxCount: 5 }];
        goesOn = await crashOnce({ retention, archive, audit: true }, at, how);
      }
      // Two audits, an identity and segments of six steps each: fewer would mean that some were not tried.
      expect(at).toBeGreaterThan(24);
    },
  );

  it('in the middle of another, again and again, loses nothing either', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom(...hows), fc.integer({ min: 0, max: 9 })),
          {
            maxLength: 12,
            size: 'max',
          },
        ),
        async (crashes) => {
          const folder = temporaryFolder();
          const options = {
            retention: [{ patterns: ['price.>'], maxCount: 2 }, { maxCount: 6 }],
            archive: { folder, segmentEvents: 3 },
            audit: true,
          };
          const ports = { clock: setClock(), random: seededRandom(1) };
          const base = reopened(memoryStore());
          const raw = base(ports);
          let n = 0;
          for (const [at, how, appended] of crashes) {
            for (let left = appended; left > 0; left -= 1) {
              n += 1;
              await raw.log.append([numbered(n, n % 3 === 0 ? { type: 'price.changed' } : {})]);
            }
            const steps = failingSteps(at, how);
            const dying = maintainWith(steps.store(base), options, (path) =>
              steps.files(openArchiveFolder(path)),
            );
            dying(ports);
            await dying.run().catch(() => {});
          }
          const kept = maintainWith(base, options, openArchiveFolder);
          const { log } = kept(ports);
          await kept.run();
          const { records, faults } = await readAll(log, { limit: 7 });
          expect(faults).toEqual([]);
          expect(records.map(({ event }) => event.id)).toEqual(
            Array.from({ length: n }, (_, at) => `event-${at + 1}`),
          );
          expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: n });
        },
      ),
      { numRuns: 20 },
    );
  });
});

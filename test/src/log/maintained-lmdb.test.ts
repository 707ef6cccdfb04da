import { join } from 'node:path';
import fc from 'fast-check';
import { seededRandom } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { openArchiveFolder } from '../../../src/log/archive-folder.ts';
import { lmdbStore } from '../../../src/log/lmdb-store.ts';
import { maintain, maintainWith } from '../../../src/log/maintain.ts';
import { failingSteps } from '../../support/failing-steps.ts';
import { numbered, positionsOf, readAll, setClock } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a maintained store on disk', () => {
  it('keeps log, archive and audit trail together over restarts', async () => {
    const folder = temporaryFolder();
    const clock = setClock();
    const options = {
      retention: [{ patterns: ['price.>'], keep: 'last-per-key' as const }, { maxCount: 50 }],
      archive: { folder: join(folder, 'archive'), segmentEvents: 64 },
      audit: true,
    };
    let appended = 0;
    for (let round = 0; round < 4; round += 1) {
      const kept = maintain(lmdbStore({ path: join(folder, 'log') }), options);
      const store = kept({ clock, random: seededRandom(round) });
      const batch = Array.from({ length: 304 }, () => {
        appended += 1;
        return numbered(
          appended,
          appended % 4 === 0 ? { type: 'price.changed', key: `k${appended % 8}` } : {},
        );
      });
      await store.log.append(batch);
      expect((await kept.run()).removed).toBeGreaterThan(200);
      const { records, faults } = await readAll(store.log, { limit: 100 });
      expect(faults).toEqual([]);
      expect(positionsOf(records)).toEqual(Array.from({ length: appended }, (_, n) => n + 1));
      expect(records.map(({ event }) => event.id)).toEqual(
        records.map(({ position }) => `event-${position}`),
      );
      const key = await readAll(store.log, { key: 'k4', order: 'newest' });
      expect(key.records).toHaveLength(appended / 8);
      expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: appended, unaudited: 0 });
      expect(await store.log.bounds()).toEqual({ first: 1, last: appended, count: appended });
      await store.close();
    }
  });

  it('loses nothing when an archive run ends at any step and the log is opened anew', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('before' as const, 'torn' as const, 'after' as const),
        async (at, how) => {
          const folder = temporaryFolder();
          const ports = { clock: setClock(), random: seededRandom(1) };
          const base = lmdbStore({ path: join(folder, 'log') });
          const options = {
            retention: [{ maxCount: 3 }],
            archive: { folder: join(folder, 'archive'), segmentEvents: 4 },
            audit: true,
          };
          const steps = failingSteps(at, how);
          const dying = maintainWith(steps.store(base), options, (path) =>
            steps.files(openArchiveFolder(path)),
          );
          const first = dying(ports);
          await first.log.append(Array.from({ length: 20 }, (_, n) => numbered(n + 1)));
          await dying.run().catch(() => {});
          await first.close();

          const kept = maintainWith(base, options, openArchiveFolder);
          const store = kept(ports);
          await kept.run();
          const { records, faults } = await readAll(store.log);
          expect(faults).toEqual([]);
          expect(positionsOf(records)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
          expect(await kept.verifyAudit()).toMatchObject({ ok: true, verified: 20 });
          await store.close();
        },
      ),
      { numRuns: 12 },
    );
  });
});

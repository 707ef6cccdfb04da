import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { maintain } from '../../src/log/maintain.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import type { StoreFactory } from '../../src/store.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { holdStore } from '../support/hold-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The suite's own draws the same number always, and so the same name for each log. */
const random = seededRandom(4);

/** Sweeps after each append, so that most of what is read comes from the archive. */
const sweeping: StoreFactory = (ports) => {
  const kept = maintain(memoryStore(), {
    retention: [{ patterns: ['>'], maxCount: 2 }],
    archive: { folder },
    audit: true,
    everyMs: 3_600_000,
  });
  const store = kept({ ...ports, random });
  return {
    ...store,
    log: {
      ...store.log,
      append: async (events) => {
        const appended = await store.log.append(events);
        await kept.run();
        return appended;
      },
    },
  };
};

holdStore(
  {
    name: 'maintain(memoryStore)',
    features: { level: 'accepted', durable: false, dense: true },
    at: () => sweeping,
  },
  40,
);

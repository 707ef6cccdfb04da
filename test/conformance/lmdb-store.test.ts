import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { lmdbStore } from '../../src/log/lmdb-store.ts';
import { holdStore } from '../support/hold-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const sync of ['group', 'always', 'os'] as const) {
  holdStore(
    {
      name: `lmdbStore with sync '${sync}'`,
      features: { level: sync === 'os' ? 'os' : 'disk', durable: true, dense: true },
      at: (place) => lmdbStore({ path: join(folder, sync, place), sync }),
    },
    sync === 'group' ? 20 : 5,
  );
}

import { expect, it } from 'vitest';
import { commitOf } from '../../../src/log/lmdb-commit.ts';
import { headNames, openDatabases } from '../../../src/log/lmdb-databases.ts';
import { emptyHead, sealHead } from '../../../src/log/lmdb-head.ts';
import { realPorts } from '../../support/open-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

it.each([
  ['is unknown where the flush failed, and the store shows the write all the same', 6, true],
  ['is none where the store is as it was', 5, false],
] as const)('the outcome of a write that failed %s', async (_what, written, unknown) => {
  const path = temporaryFolder();
  const databases = openDatabases(path, 'group', true);
  const shown = { ...emptyHead, commits: written };
  await Promise.all(headNames.map((name) => databases.meta.put(name, sealHead(shown))));
  const failure = await commitOf(
    databases,
    [Promise.resolve(true), Promise.reject(new Error('Input/output error'))],
    { ...emptyHead, commits: 6 },
    { clock: realPorts().clock, path },
  );
  expect(failure).toMatchObject({ error: { code: 'ERR_STORAGE', unknown }, head: shown });
  expect(failure?.error.message).toMatch(/its disk reports an I\/O error. Check the disk/u);
  await databases.root.close();
});

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lmdbStore } from '../../../src/log/lmdb-store.ts';
import { hasCode } from '../../../streams/event/errors.ts';
import { orderEvents, readAll, realPorts, withStore } from '../../support/open-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'breakwater-disk-'));
const small = join(folder, 'small');

/** Mounts a small file system of its own, where the process may. */
function mountSmall(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `cannot mount: ${stderr}`;
}

spawnSync('mkdir', ['-p', small]);
const refusal = mountSmall();
if (refusal !== undefined) console.info(`a full and a read-only disk are not tried: ${refusal}`);

afterAll(() => {
  if (refusal === undefined) spawnSync('umount', ['-l', small]);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(refusal !== undefined)('a disk that is full', () => {
  const unhandled: unknown[] = [];
  const keep = (reason: unknown): unknown => unhandled.push(reason);
  beforeAll(() => {
    process.on('unhandledRejection', keep);
    return () => process.off('unhandledRejection', keep);
  });

  it('refuses with the reason, keeps all that was acknowledged, and takes events again by itself', async () => {
    const path = join(small, 'store');
    const states: string[] = [];
    const acknowledged: number[] = [];
    const filler = join(small, 'filler');
    await withStore(lmdbStore({ path }), async (store) => {
      const { log, snapshots } = store;
      store.onHealth(({ state, reason }) => states.push(`${state}: ${reason ?? ''}`));
      let failure: unknown;
      for (let n = 0; failure === undefined && n < 1_000; n += 1) {
        try {
          const batch = orderEvents(n * 200 + 1, n * 200 + 200);
          const { first } = await log.append(batch);
          acknowledged.push(first);
          if (n === 20) writeFileSync(filler, Buffer.alloc(1_500_000));
        } catch (error) {
          failure = error;
        }
      }
      expect(failure).toMatchObject({ code: 'ERR_STORAGE', unknown: false });
      expect(String(failure)).toMatch(
        /writing at .*store failed: its disk is full, \d+ bytes are free. Free some/u,
      );
      expect(store.health()).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('disk is full'),
      });
      expect((await readAll(log)).records).toHaveLength(acknowledged.length * 200);
      await expect(log.append(orderEvents(1, 30_000))).rejects.toSatisfy((error) =>
        hasCode(error, 'ERR_STORAGE'),
      );

      rmSync(filler);
      const { first } = await log.append(orderEvents(1, 200));
      expect(first).toBe(acknowledged.length * 200 + 1);
      await snapshots.write({ bucket: 'b', key: 'k', value: new Uint8Array(9) });
      expect(store.health().state).toBe('ok');
    });
    expect(states.map((state) => state.slice(0, 4))).toEqual(['fail', 'ok: ']);
    await withStore(lmdbStore({ path }), async ({ log }) => {
      const { records, faults } = await readAll(log);
      expect([records.length, faults]).toEqual([(acknowledged.length + 1) * 200, []]);
    });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(unhandled).toEqual([]);
  });

  it('is named when a store is to be opened on it', () => {
    const filler = join(small, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k']);
    expect(() => lmdbStore({ path: join(small, 'late') })(realPorts())).toThrow(/its disk is full/u);
    rmSync(filler);
  });
});

describe.skipIf(refusal !== undefined)('a file system that is read-only', () => {
  it('is named when a store is to be opened on it', () => {
    spawnSync('mount', ['-o', 'remount,ro', small]);
    try {
      expect(() => lmdbStore({ path: join(small, 'store') })(realPorts())).toThrow(
        /its file system is read-only. Mount it for writing/u,
      );
    } finally {
      spawnSync('mount', ['-o', 'remount,rw', small]);
    }
  });
});

describe.skipIf(process.getuid?.() === 0)('a folder without the right to write', () => {
  it('is named', () => {
    chmodSync(folder, 0o500);
    try {
      expect(() => lmdbStore({ path: join(folder, 'new') })(realPorts())).toThrow(/may not write there/u);
    } finally {
      chmodSync(folder, 0o700);
    }
  });
});

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { exportParquet } from '../../../src/log/parquet.ts';
import { maintainedWorld, numbered, startTime } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const many = (count: number, from = 1) => Array.from({ length: count }, (_, n) => numbered(from + n));

describe('Parquet', () => {
  it('has a row for each event, archived or not', async () => {
    const folder = temporaryFolder();
    const { store, kept } = maintainedWorld().start({ retention: [{ maxCount: 3 }], archive: { folder } });
    await store.log.append([
      numbered(1, {
        key: 'k',
        correlationId: 'request',
        causationId: 'cause',
        priority: 'high',
        schemaVersion: 3,
      }),
      numbered(2, { data: { bytes: new Uint8Array([1, 2]), big: 2n ** 60n, at: new Date(5), text: 'ключ' } }),
      numbered(3, { data: null }),
      ...many(40_000, 4),
    ]);
    await kept.run();
    const path = join(folder, 'events.parquet');
    const result = await exportParquet(store.log, path);
    expect(result).toEqual({ rows: 40_003, bytes: statSync(path).size, faults: [] });
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows).toHaveLength(40_003);
    expect(rows[0]).toEqual({
      position: 1n,
      appendedAt: new Date(startTime),
      id: 'event-1',
      type: 'order.placed',
      source: 'test',
      time: new Date(startTime + 1),
      priority: 'high',
      key: 'k',
      correlationId: 'request',
      causationId: 'cause',
      schemaVersion: 3,
      data: { n: 1, text: 'number 1' },
    });
    const big = (2n ** 60n).toString();
    expect(rows[1]).toMatchObject({
      data: { bytes: 'AQI=', big, at: '1970-01-01T00:00:00.005Z', text: 'ключ' },
    });
    expect(rows[40_002]).toMatchObject({ position: 40_003n, id: 'event-40003' });
  });

  it('takes a range, and writes a table without rows for one that is empty', async () => {
    const folder = temporaryFolder();
    const { store } = maintainedWorld().start({});
    await store.log.append(many(10));
    const path = join(folder, 'some.parquet');
    expect(await exportParquet(store.log, path, { from: 3, to: 5, order: 'newest' })).toMatchObject({
      rows: 3,
    });
    const file = await asyncBufferFromFile(path);
    expect((await parquetReadObjects({ file })).map(({ position }) => position)).toEqual([5n, 4n, 3n]);
    expect(await exportParquet(store.log, path, { from: 90 })).toMatchObject({ rows: 0 });
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(path) })).toEqual([]);
  });

  it('stands beside each segment where it is asked for, and goes with it', async () => {
    const folder = temporaryFolder();
    const { store, kept } = maintainedWorld().start({
      retention: [{ maxCount: 0 }],
      archive: { folder, parquet: true, segmentEvents: 4 },
    });
    await store.log.append(many(8));
    await kept.run();
    const tables = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
    expect(tables).toHaveLength(2);
    const file = await asyncBufferFromFile(join(folder, tables[0] ?? ''));
    expect(await parquetReadObjects({ file })).toHaveLength(4);
    await store.log.trim(9);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no half of a file behind', async () => {
    const folder = temporaryFolder();
    const { store } = maintainedWorld().start({});
    await store.log.append(many(2));
    await expect(exportParquet(store.log, join(folder, 'none', 'x.parquet'))).rejects.toThrow(
      /cannot write ".*none.x.parquet": Error: ENOENT/u,
    );
    const failing = { ...store.log, read: () => Promise.reject(new Error('no disk')) };
    await expect(exportParquet(failing, join(folder, 'x.parquet'))).rejects.toThrow(/no disk/u);
    expect(readdirSync(folder)).toEqual([]);
  });
});

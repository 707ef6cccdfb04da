import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openArchiveFolder, type ArchiveFiles } from '../../../src/log/archive-folder.ts';
import { maintain } from '../../../src/log/maintain.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import { maintainedWorld, numbered, positionsOf, readAll } from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const many = (count: number, from = 1) => Array.from({ length: count }, (_, n) => numbered(from + n));

describe('an archive', () => {
  it('writes files that nobody else may read, in a folder of its own', async () => {
    const folder = join(temporaryFolder(), 'deep', 'archive');
    const { store, kept } = maintainedWorld().start({ retention: [{ maxCount: 1 }], archive: { folder } });
    await store.log.append(many(5));
    await kept.run();
    const [file = ''] = readdirSync(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    const { archive } = await kept.stats();
    expect(archive).toMatchObject({ segments: 1, events: 4, bytes: statSync(join(folder, file)).size });
  });

  it('waits until a segment is full, or the oldest event has waited for maxDelayMs', async () => {
    const folder = temporaryFolder();
    const world = maintainedWorld();
    const archive = { folder, segmentEvents: 10, maxDelayMs: 5_000 };
    const { store, kept } = world.start({ retention: [{ maxCount: 0 }], archive });
    await kept.stats();
    await store.log.append(many(14));
    const sweep = async (removed: number): Promise<void> => {
      world.clock.fire();
      // The timer is set again when the sweep has ended.
      await expect.poll(() => world.clock.pending()).toBe(1);
      expect((await kept.stats()).removed).toBe(removed);
    };
    await sweep(10);
    expect(await world.raw.log.bounds()).toMatchObject({ count: 4 });
    world.clock.time += 4_999;
    await sweep(10);
    world.clock.time += 1;
    await sweep(14);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(positionsOf((await readAll(store.log)).records)).toHaveLength(14);
  });

  it('ends a segment early that grows beyond segmentBytes', async () => {
    const folder = temporaryFolder();
    const { store, kept } = maintainedWorld().start({
      retention: [{ maxCount: 0 }],
      archive: { folder, segmentBytes: 1_000 },
    });
    await store.log.append(Array.from({ length: 10 }, (_, n) => numbered(n, { data: 'x'.repeat(600) })));
    expect(await kept.run()).toMatchObject({ removed: 10, segmentsWritten: 5 });
  });

  it('deletes its oldest segments beyond maxBytes and maxAgeMs, and the audit trail knows', async () => {
    const folder = temporaryFolder();
    const world = maintainedWorld();
    const { store, kept } = world.start({
      retention: [{ maxCount: 0 }],
      audit: true,
      archive: { folder, segmentEvents: 5, maxAgeMs: 1_000, maxBytes: 1_200 },
    });
    await store.log.append(many(5));
    expect(await kept.run()).toMatchObject({ segmentsWritten: 1, segmentsDeleted: 0 });
    world.clock.time += 1_001;
    await store.log.append(many(20, 6));
    const { segmentsDeleted } = await kept.run();
    expect(segmentsDeleted).toBeGreaterThan(1);
    const { archive } = await kept.stats();
    expect(archive?.bytes).toBeLessThanOrEqual(1_200);
    expect(readdirSync(folder)).toHaveLength(archive?.segments ?? 0);
    expect(await kept.verifyAudit()).toMatchObject({ ok: true, removed: segmentsDeleted * 5 });
  });

  it('goes on being read while events move into it', async () => {
    const world = maintainedWorld();
    const { store, kept } = world.start({
      retention: [{ maxCount: 10 }],
      archive: { folder: temporaryFolder(), segmentEvents: 50 },
    });
    await store.log.append(many(3_000));
    const sweep = kept.run();
    let swept = false;
    void sweep.then(() => (swept = true));
    do {
      const range = { limit: 400 } as const;
      expect(positionsOf((await readAll(store.log, range)).records)).toEqual(
        Array.from({ length: 3_000 }, (_, n) => n + 1),
      );
      const down = await readAll(store.log, { ...range, order: 'newest' });
      expect(positionsOf(down.records)).toEqual(Array.from({ length: 3_000 }, (_, n) => 3_000 - n));
      // Reads in memory are microtasks all, and would never let the sweep go on.
      await new Promise<void>((resolve) => {
        world.clock.yieldTurn(resolve);
      });
    } while (!swept);
    await sweep;
  });

  it('keeps the order where a small segment lies inside a large one', async () => {
    const archive = { folder: temporaryFolder() };
    const world = maintainedWorld();
    const count = 19_000;
    const typed = (n: number) => numbered(n, { type: n % 190 === 5 ? 'rare' : 'usual' });
    await world.raw.log.append(Array.from({ length: count }, (_, n) => typed(n + 1)));
    await world.start({ retention: [{ patterns: ['usual'], maxCount: 0 }], archive }).kept.run();
    const { store, kept } = world.start({ retention: [{ maxCount: 0 }], archive });
    await kept.run();
    expect((await kept.stats()).archive).toMatchObject({ segments: 2, events: count });

    const up = positionsOf((await readAll(store.log, { limit: 5_000 })).records);
    expect(up).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    const down = await readAll(store.log, { order: 'newest', limit: 3_000 });
    expect(positionsOf(down.records)).toEqual(up.toReversed());
    const rare = await readAll(store.log, { patterns: ['rare'] });
    expect(positionsOf(rare.records)).toEqual(Array.from({ length: 100 }, (_, n) => 5 + n * 190));
  });

  it('stays away from the files of others, and two logs share a folder', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    writeFileSync(join(folder, '0123456789abcdef-00000001.segment.tmp'), 'of another log');
    const options = { retention: [{ maxCount: 0 }], archive: { folder } };
    const kept = [1, 2].map((seed) => {
      const one = maintain(memoryStore(), options);
      const store = one({ ...maintainedWorld().ports, random: () => seed / 8 });
      return { one, store };
    });
    for (const { one, store } of kept) {
      await store.log.append(many(3));
      await one.run();
    }
    for (const { store } of kept) expect((await readAll(store.log)).records).toHaveLength(3);
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it('refuses a folder that is a file, or lies under one', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const make = (path: string) => () => maintainedWorld().start({ archive: { folder: path } });
    expect(make(file)).toThrow(/the archive folder ".*file" cannot be made: .*EEXIST.*Name a folder/u);
    expect(make(join(file, 'under'))).toThrow(/cannot be made: .*ENOTDIR/u);
  });

  it('refuses a folder that is a link, and a segment that is one', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(() => openArchiveFolder(join(folder, 'link'))).toThrow(
      /is a symbolic link. Name the folder that it points to/u,
    );
    symlinkSync('/etc/hostname', join(folder, 'real', 'segment'));
    await expect(openArchiveFolder(join(folder, 'real')).read('segment', 0, 1)).rejects.toThrow(/ELOOP/u);
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder that it may not write', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    expect(() => openArchiveFolder(folder)).toThrow(/cannot be read and written by this process/u);
  });

  it('removes nothing from the log while the disk is full, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const world = maintainedWorld();
    let full = true;
    const files = (path: string): ArchiveFiles => {
      const real = openArchiveFolder(path);
      const create: ArchiveFiles['create'] = async (name, pieces) => {
        await real.create(name, full ? pieces.slice(0, 1) : pieces);
        if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      return { ...real, create };
    };
    const { store, kept } = world.start({ retention: [{ maxCount: 1 }], archive: { folder } }, files);
    await store.log.append(many(9));
    await expect(kept.run()).rejects.toThrow(/cannot write .*segment: Error: ENOSPC/u);
    expect(await world.raw.log.bounds()).toMatchObject({ count: 9 });
    expect(readdirSync(folder)).toEqual([]);
    full = false;
    expect(await kept.run()).toMatchObject({ removed: 8, archived: 8 });
    expect((await readAll(store.log)).records).toHaveLength(9);
  });
});

describe('an archive whose log fails', () => {
  it('does not archive twice what the log would not let go at first', async () => {
    const world = maintainedWorld();
    let fails = true;
    const failing = maintain(
      () => ({
        ...world.raw,
        log: {
          ...world.raw.log,
          trim: (before) => (fails ? Promise.reject(new Error('no disk')) : world.raw.log.trim(before)),
        },
      }),
      { retention: [{ maxCount: 4 }], archive: { folder: temporaryFolder() }, audit: true },
    );
    const store = failing(world.ports);
    await store.log.append(many(10));
    for (let tries = 0; tries < 3; tries += 1) await expect(failing.run()).rejects.toThrow('no disk');
    expect((await readAll(store.log)).records).toHaveLength(10);
    fails = false;
    await failing.run();
    expect((await failing.stats()).archive).toMatchObject({ segments: 1, events: 6 });
    expect(await store.log.bounds()).toEqual({ first: 1, last: 10, count: 10 });
    expect(positionsOf((await readAll(store.log)).records)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('hides nothing that comes after a trim beyond the end', async () => {
    const { store, kept } = maintainedWorld().start({
      retention: [{ maxCount: 1 }],
      archive: { folder: temporaryFolder() },
    });
    await store.log.append(many(5));
    await kept.run();
    expect(await store.log.trim(100)).toBe(5);
    await store.log.append(many(5, 6));
    await kept.run();
    expect(positionsOf((await readAll(store.log)).records)).toEqual([6, 7, 8, 9, 10]);
  });
});

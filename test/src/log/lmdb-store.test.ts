import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { lmdbStore } from '../../../src/log/lmdb-store.ts';
import { sealHead, openHead } from '../../../src/log/lmdb-head.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { CodecError, StorageError } from '../../../streams/event/errors.ts';
import { orderEvent, orderEvents, readAll, realPorts, withStore } from '../../support/open-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** When this process started, as the system counts it. */
function ownStart(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const types = ['order.placed', 'order.paid', 'order.lost'];

/** A rare key, rare correlations, a type that is everywhere and one that is rare. */
function mixed(n: number): EventEnvelope {
  const type = n % 5_000 === 0 ? types[2] : types[n % 2];
  return orderEvent(n, {
    type: type ?? 'order.placed',
    ...(n % 3 === 0 ? { key: `key-${n % 1_000}` } : {}),
    ...(n % 2 === 0 ? { correlationId: `req-${Math.floor(n / 10)}` } : {}),
  });
}

describe('the index', () => {
  it('gives what going through the whole log gives, over several segments, trimmed, compacted and opened again', async () => {
    const path = temporaryFolder();
    const count = 40_000;
    const all = Array.from({ length: count }, (_, at) => mixed(at + 1));
    const gone = (position: number): boolean => position < 9_000 || position % 777 === 0;
    await withStore(lmdbStore({ path }), async ({ log }) => {
      const appends: unknown[] = [];
      for (let at = 0; at < count; at += 500) appends.push(log.append(all.slice(at, at + 500)));
      await Promise.all(appends);
      await log.trim(9_000);
      await log.remove(Array.from({ length: 51 }, (_, at) => (at + 1) * 777));
    });
    await withStore(lmdbStore({ path }), async ({ log }) => {
      const kept = all
        .map((event, at) => ({ event, position: at + 1 }))
        .filter(({ position }) => !gone(position));
      const asks = [
        { key: 'key-123' },
        { key: 'nobody' },
        { correlationId: 'req-1700' },
        { key: 'key-300', correlationId: 'req-3030' },
        { patterns: ['order.lost'] },
        { patterns: ['order.paid', 'order.lost'], from: 20_000, to: 22_000 },
      ] as const;
      for (const ask of asks) {
        const wanted = kept.filter(
          ({ event, position }) =>
            (!('key' in ask) || event.key === ask.key) &&
            (!('correlationId' in ask) || event.correlationId === ask.correlationId) &&
            (!('patterns' in ask) || ask.patterns.some((pattern) => pattern === event.type)) &&
            (!('from' in ask) || (position >= ask.from && position <= ask.to)),
        );
        const upward = await readAll(log, ask);
        expect(upward.records.map(({ position }) => position)).toEqual(
          wanted.map(({ position }) => position),
        );
        expect(upward.records.map(({ event }) => event)).toEqual(wanted.map(({ event }) => event));
        const downward = await readAll(log, { ...ask, order: 'newest' });
        expect(downward.records).toEqual(upward.records.toReversed());
      }
    });
  });

  it('has a segment that ended with an append, and one that began with it', async () => {
    const path = temporaryFolder();
    await withStore(lmdbStore({ path }), async ({ log }) => {
      await log.append([orderEvent(1, { key: 'first' }), ...orderEvents(2, 16_383)]);
      await log.append([orderEvent(16_384, { key: 'second' })]);
      await log.append([orderEvent(16_385, { key: 'third' })]);
      for (const [key, position] of [
        ['first', 1],
        ['second', 16_384],
        ['third', 16_385],
      ] as const) {
        expect(await readAll(log, { key })).toMatchObject({ records: [{ position }], pages: 1 });
      }
    });
    await withStore(lmdbStore({ path }), async ({ log }) => {
      for (const [key, position] of [
        ['first', 1],
        ['second', 16_384],
        ['third', 16_385],
      ] as const) {
        expect(await readAll(log, { key })).toMatchObject({ records: [{ position }], pages: 1 });
      }
    });
  });

  it('finds a rare key without going through the log', async () => {
    await withStore(lmdbStore({ path: temporaryFolder() }), async ({ log }) => {
      const appends: unknown[] = [];
      for (let at = 0; at < 60; at += 1) appends.push(log.append(orderEvents(at * 1_000, at * 1_000 + 999)));
      await Promise.all(appends);
      await log.append([orderEvent(1, { key: 'rare', type: 'order.rare' })]);
      for (const ask of [{ key: 'rare' }, { patterns: ['order.rare'] }]) {
        expect(await readAll(log, ask)).toMatchObject({ pages: 1, records: [{ position: 60_001 }] });
      }
      expect((await readAll(log, { patterns: ['nobody.*'] })).pages).toBe(1);
    });
  });
});

describe('an event that cannot be written', () => {
  it('fails alone, with the appends beside it unharmed', async () => {
    await withStore(lmdbStore({ path: temporaryFolder() }), async ({ log }) => {
      const bad = orderEvent(2, { data: () => {} });
      const outcomes = await Promise.allSettled([
        log.append([orderEvent(1)]),
        log.append([bad]),
        log.append([orderEvent(3), bad]),
        log.append([orderEvent(4)]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect(outcomes[1]).toMatchObject({ reason: expect.any(CodecError) });
      expect(outcomes[2]).toMatchObject({ reason: { code: 'ERR_BATCH', index: 1 } });
      const { records } = await readAll(log);
      expect(records.map(({ position, event }) => [position, event.id])).toEqual([
        [1, orderEvent(1).id],
        [2, orderEvent(4).id],
      ]);
    });
  });

  it('is none for being large: large events get blocks of their own', async () => {
    await withStore(lmdbStore({ path: temporaryFolder() }), async ({ log }) => {
      const large = Array.from({ length: 20 }, (_, n) =>
        orderEvent(n, { data: { text: `${n}`.repeat(300_000) } }),
      );
      await log.append(large);
      expect((await readAll(log)).records.map(({ event }) => event)).toEqual(large);
    });
  });
});

describe('the limit of bytes', () => {
  it('refuses appends beyond it, and takes them again after a trim', async () => {
    await withStore(lmdbStore({ path: temporaryFolder(), maxBytes: 50_000 }), async ({ log, snapshots }) => {
      await log.append(orderEvents(1, 500));
      await expect(log.append(orderEvents(501, 2_000))).rejects.toThrow(
        /more than maxBytes, 50000. Trim it/u,
      );
      expect(await log.bounds()).toEqual({ first: 1, last: 500, count: 500 });
      await snapshots.write({ bucket: 'b', key: 'k', value: new Uint8Array(9) });
      await log.trim(401);
      await log.append(orderEvents(501, 700));
      expect(await log.bounds()).toEqual({ first: 401, last: 700, count: 300 });
    });
  });
});

describe('a removal', () => {
  it('is seen whole once it resolved, by those who read while it was under way', async () => {
    await withStore(lmdbStore({ path: temporaryFolder() }), async ({ log }) => {
      await log.append(orderEvents(1, 640));
      const removed = Array.from({ length: 64 }, (_, at) => at * 10 + 5);
      let isDone = false;
      const removing = (async () => {
        await log.remove(removed);
        isDone = true;
      })();
      while (!isDone) {
        await readAll(log);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      await removing;
      const { records } = await readAll(log);
      expect(records.map(({ position }) => position)).toEqual(
        Array.from({ length: 640 }, (_, at) => at + 1).filter((position) => !removed.includes(position)),
      );
    });
  });

  it('of many records takes several transactions, between which appends take place', async () => {
    await withStore(lmdbStore({ path: temporaryFolder() }), async ({ log }) => {
      const appends: unknown[] = [];
      for (let at = 0; at < 70; at += 1)
        appends.push(log.append(orderEvents(at * 1_000 + 1, at * 1_000 + 1_000)));
      await Promise.all(appends);
      const order: string[] = [];
      const trimming = log.trim(70_001).then((count) => order.push(`trimmed ${count}`));
      const appended = Promise.resolve(log.append(orderEvents(1, 5))).then(({ first }) =>
        order.push(`at ${first}`),
      );
      await Promise.all([trimming, appended]);
      expect(order).toEqual(['at 70001', 'trimmed 70000']);
      expect(await log.bounds()).toEqual({ first: 70_001, last: 70_005, count: 5 });
      expect((await readAll(log, { key: 'nobody' })).records).toEqual([]);
    });
  });
});

describe('the folder', () => {
  it('and its files are for their owner alone', async () => {
    const path = join(temporaryFolder(), 'deep', 'store');
    await withStore(lmdbStore({ path }), async ({ log }) => {
      await log.append([orderEvent(1)]);
      const modes = ['.', 'data.mdb', 'lock.mdb', 'owner.json', 'head.bin'].map(
        (name) => statSync(join(path, name)).mode & 0o777,
      );
      expect(modes).toEqual([0o700, 0o600, 0o600, 0o600, 0o600]);
    });
  });

  it('is refused to a second store of the same process', async () => {
    const path = temporaryFolder();
    await withStore(lmdbStore({ path }), () => {
      expect(() => lmdbStore({ path })(realPorts())).toThrow(/open in this process already/u);
    });
    await withStore(lmdbStore({ path }), ({ log }) => expect(log.bounds()).toMatchObject({ last: 0 }));
  });

  it('is refused while another process has it, by its number, and taken over once that is gone', async () => {
    const path = temporaryFolder();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    const owner = {
      pid: child.pid,
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19],
    };
    const file = join(path, 'owner.json');
    writeFileSync(file, JSON.stringify(owner));
    expect(() => lmdbStore({ path })(realPorts())).toThrow(`in use by process ${child.pid}`);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await withStore(lmdbStore({ path }), ({ log }) => expect(log.bounds()).toMatchObject({ last: 0 }));
  });

  it.each([
    ['a process that has the number of a dead one', { pid: process.pid, boot: 'same', started: '1' }],
    ['a machine that was started again', { pid: process.pid, boot: 'another', started: ownStart() }],
    ['a crash that left half a file', undefined],
  ])('is taken over from %s', async (_what, owner) => {
    const path = temporaryFolder();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const text = owner === undefined ? '{"pid":1' : JSON.stringify(owner).replace('same', boot);
    writeFileSync(join(path, 'owner.json'), text);
    await withStore(lmdbStore({ path }), ({ log }) => expect(log.bounds()).toMatchObject({ last: 0 }));
  });
});

describe('the format', () => {
  it('of a newer version is refused by its number', async () => {
    const path = temporaryFolder();
    await withStore(lmdbStore({ path }), ({ log }) => log.append([orderEvent(1)]));
    const root = open({ path, encoding: 'binary', maxDbs: 8 });
    const meta = root.openDB('meta', { encoding: 'binary' });
    const head = openHead(meta.get('head') as Buffer);
    if (head === undefined) throw new TypeError('the store has no head');
    await Promise.all(['head', 'head-again'].map((name) => meta.put(name, sealHead({ ...head, format: 2 }))));
    await root.close();
    expect(() => lmdbStore({ path })(realPorts())).toThrow(
      /has format 2; this version of breakwater knows 1/u,
    );
  });
});

describe('the options', () => {
  it.each([
    [{ path: '' }, /path must name the folder/u],
    [{ path: 'x', sync: 'never' }, /sync must be one of always, group, os/u],
    [{ path: 'x', maxBytes: 0 }, /maxBytes must be a number of bytes/u],
    [{ path: 'x', max: 0 }, /"max" is not an option of lmdbStore/u],
  ])('%o are refused', (options, message) => {
    expect(() => lmdbStore(options as never)).toThrow(message);
  });
});

describe('a folder that cannot be used', () => {
  it('is named, with what is wrong', () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'a file');
    expect(() => lmdbStore({ path })(realPorts())).toThrow(StorageError);
    rmSync(path);
  });
});

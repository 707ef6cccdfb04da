import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { lmdbStore } from '../../../src/log/lmdb-store.ts';
import { StorageError } from '../../../streams/event/errors.ts';
import { orderEvents, readAll, realPorts, withStore } from '../../support/open-store.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const count = 1_280;
const events = orderEvents(1, count);

/** A closed store with events in blocks of 64, and a snapshot. */
async function prepare(): Promise<string> {
  const path = temporaryFolder();
  await withStore(lmdbStore({ path }), async ({ log, snapshots }) => {
    await log.append(events);
    await snapshots.write({ bucket: 'b', key: 'k', value: new Uint8Array(300).fill(5) });
  });
  return path;
}

/** The bytes of a value in the file, by the name of its database and its key. */
async function valueOf(path: string, name: string, key: number | string): Promise<Buffer> {
  const root = open({ path, encoding: 'binary', maxDbs: 8 });
  const value: unknown = root.openDB(name, { encoding: 'binary' }).get(key);
  await root.close();
  return value as Buffer;
}

function flipInFile(file: string, offset: number, bit: number): void {
  const byte = readFileSync(file).readUInt8(offset) ^ (1 << bit);
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.from([byte]), 0, 1, offset);
  closeSync(handle);
}

describe('a bit that flips in a record on the disk', () => {
  it('makes its block a fault that names its positions, and leaves the rest as it was', async () => {
    const path = await prepare();
    const file = join(path, 'data.mdb');
    const random = seededRandom(4);
    for (let round = 0; round < 60; round += 1) {
      const first = 1 + 64 * Math.floor(random() * (count / 64));
      const value = await valueOf(path, 'log', first);
      // A page that was copied leaves its old self in the file: all of them are flipped.
      const places = placesOf(file, value);
      expect(places.length).toBeGreaterThan(0);
      const [offset, bit] = [Math.floor(random() * value.length), Math.floor(random() * 8)];
      for (const place of places) flipInFile(file, place + offset, bit);
      const { records, faults } = await withStore(lmdbStore({ path }), ({ log }) => readAll(log));
      expect(faults.map(({ position }) => position)).toEqual(
        Array.from({ length: 64 }, (_, at) => first + at),
      );
      expect(records.map(({ event }) => event)).toEqual(
        events.filter((_, at) => at + 1 < first || at + 1 >= first + 64),
      );
      for (const place of places) flipInFile(file, place + offset, bit);
    }
    const { records, faults } = await withStore(lmdbStore({ path }), ({ log }) => readAll(log));
    expect([records.length, faults]).toEqual([count, []]);
  });

  it('makes a snapshot a StorageError, and never another value', async () => {
    const path = await prepare();
    const file = join(path, 'data.mdb');
    const start = readFileSync(file).indexOf(Buffer.alloc(300, 5));
    for (const at of [-12, -8, -1, 0, 150, 299]) {
      flipInFile(file, start + at, 3);
      await withStore(lmdbStore({ path }), ({ snapshots }) => {
        expect(() => snapshots.read('b', 'k')).toThrow(StorageError);
        expect(() => snapshots.list('b')).toThrow(/"k" in the store .* is damaged/u);
      });
      flipInFile(file, start + at, 3);
    }
  });

  it('does no harm in one copy of the head, and is told in both', async () => {
    const path = await prepare();
    const file = join(path, 'data.mdb');
    const head = await valueOf(path, 'meta', 'head');
    const places = placesOf(file, head);
    expect(places.length).toBeGreaterThanOrEqual(2);
    for (const place of places.slice(0, -1)) flipInFile(file, place + 20, 1);
    await withStore(lmdbStore({ path }), ({ log }) => expect(log.bounds()).toMatchObject({ count }));
    for (const place of places.slice(0, -1)) flipInFile(file, place + 20, 1);

    const again = readFileSync(file);
    const fresh = await valueOf(path, 'meta', 'head');
    for (let at = again.indexOf(fresh); at >= 0; at = again.indexOf(fresh, at + 1))
      flipInFile(file, at + 20, 1);
    expect(() => lmdbStore({ path })(realPorts())).toThrow(/has lost its head: both copies are damaged/u);
  });
});

describe('a data file', () => {
  it.each<readonly [string, (file: string) => void, RegExp]>([
    [
      'that was cut off',
      (file) => truncateSync(file, 40_960),
      /data\.mdb has 40960 bytes of \d+: it was cut off/u,
    ],
    [
      'that was emptied',
      (file) => truncateSync(file, 0),
      /is empty, but events up to position 1280 were in it/u,
    ],
    ['that is gone', (file) => rmSync(file), /is gone, but events up to position 1280 were in it/u],
    ['of random bytes', (file) => writeFileSync(file, randomBytes(200_000)), /is no database of LMDB/u],
    ['of a few bytes', (file) => writeFileSync(file, 'hello'), /is no database of LMDB/u],
  ])('%s is told by its name, and left as it is', async (_what, damage, message) => {
    const path = await prepare();
    const file = join(path, 'data.mdb');
    damage(file);
    const before = readOr(file);
    expect(() => lmdbStore({ path })(realPorts())).toThrow(message);
    expect(() => lmdbStore({ path })(realPorts())).toThrow(StorageError);
    expect(readOr(file)).toEqual(before);
  });

  it('that was replaced by an older copy is told', async () => {
    const path = await prepare();
    // Room that is free again, so that what comes does not make the file any longer.
    await withStore(lmdbStore({ path }), async ({ log, snapshots }) => {
      await log.trim(641);
      for (let n = 0; n < 5; n += 1)
        await snapshots.write({ bucket: 'b', key: 'k', value: new Uint8Array(9) });
    });
    const older = join(path, 'older');
    mkdirSync(older);
    copyFileSync(join(path, 'data.mdb'), join(older, 'data.mdb'));
    await withStore(lmdbStore({ path }), ({ log }) => log.append(orderEvents(1, 10)));
    copyFileSync(join(older, 'data.mdb'), join(path, 'data.mdb'));
    expect(() => lmdbStore({ path })(realPorts())).toThrow(
      /ends at position 1280, but events up to 1290 were on the disk/u,
    );
    rmSync(join(path, 'head.bin'));
    await withStore(lmdbStore({ path }), ({ log }) =>
      expect(log.bounds()).toMatchObject({ first: 641, last: 1280 }),
    );
  });

  it('that ends the process which opens it ends a child instead, after a crash', async () => {
    const path = await prepare();
    // The pages of the trees, all of them: what LMDB reads there leads it anywhere.
    const file = join(path, 'data.mdb');
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 8_192);
    writeFileSync(file, bytes);
    writeFileSync(join(path, 'owner.json'), JSON.stringify({ pid: 999_999_999, boot: 'x', started: '1' }));
    expect(() => lmdbStore({ path })(realPorts())).toThrow(/its file is damaged: a trial to open it/u);
  });
});

function placesOf(file: string, value: Buffer): number[] {
  const bytes = readFileSync(file);
  const places: number[] = [];
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) places.push(at);
  return places;
}

function randomBytes(length: number): Buffer {
  const random = seededRandom(9);
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

function readOr(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

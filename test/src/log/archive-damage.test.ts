import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../../src/event-log.ts';
import { openSegment, readBlock } from '../../../src/log/segment-reader.ts';
import { encodeSegment } from '../../../src/log/segment-writer.ts';
import {
  maintainedWorld,
  numbered,
  positionsOf,
  readAll,
  startTime,
} from '../../support/maintained-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function recordsOf(count: number, gap = 1): LogRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    position: 1 + n * gap,
    event: numbered(n),
    appendedAt: startTime + n,
  }));
}

interface Found {
  readonly records: readonly LogRecord[];
  readonly problems: readonly string[];
}

/** All that can be read of a segment, and all that is said to be wrong with it. */
async function examine(bytes: Buffer): Promise<Found> {
  const read = (offset: number, length: number): Promise<Buffer> =>
    Promise.resolve(bytes.subarray(Math.max(0, offset), Math.max(0, offset) + length));
  try {
    const { blocks, damage } = await openSegment(read, bytes.length);
    const records: LogRecord[] = [];
    const problems = [...damage];
    for (const block of blocks) {
      try {
        records.push(...(await readBlock(read, block)));
      } catch (error) {
        problems.push(String(error));
      }
    }
    return { records, problems };
  } catch (error) {
    return { records: [], problems: [String(error)] };
  }
}

/** A world whose log has 40 events, of which 36 are in three segments of 12. */
async function archivedWorld() {
  const folder = temporaryFolder();
  const world = maintainedWorld();
  await world.raw.log.append(Array.from({ length: 40 }, (_, n) => numbered(n + 1)));
  const options = { retention: [{ maxCount: 4 }], archive: { folder, segmentEvents: 12 } };
  const first = world.start(options);
  await first.kept.run();
  const files = readdirSync(folder).toSorted();
  expect(files).toHaveLength(3);
  /** Starts anew, for what has been read stays in memory. */
  const again = () => world.start(options);
  return { files: files.map((name) => join(folder, name)), again, folder };
}

describe('a segment', () => {
  it('gives back what was written, whatever was written', async () => {
    const payload = fc.oneof(
      fc.json(),
      fc.uint8Array(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.date({ noInvalidDate: true }),
    );
    const places = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1e13, noNaN: true }), payload),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(places, async (drawn) => {
        let position = 0;
        const records = drawn.map(([gap, appendedAt, data], n) => {
          position += gap;
          return { position, appendedAt: appendedAt + 0, event: numbered(n, { data }) };
        });
        const { records: back, problems } = await examine(
          Buffer.concat(await encodeSegment('0'.repeat(16), 1, records)),
        );
        expect(problems).toEqual([]);
        expect(back).toEqual(records);
      }),
    );
  });

  it('keeps events that fill more than one block, and one that fills many', async () => {
    const large = {
      ...recordsOf(1)[0],
      position: 5_000,
      appendedAt: 1,
      event: numbered(0, { data: { text: 'x'.repeat(3_000_000) } }),
    };
    const records = [...recordsOf(2_500), large];
    const { records: back, problems } = await examine(
      Buffer.concat(await encodeSegment('0'.repeat(16), 1, records)),
    );
    expect(problems).toEqual([]);
    expect(back).toEqual(records);
  });

  it('names every bit that is not what it was, and gives nothing that was not written', async () => {
    // Text that cannot be compressed, or the segment would have too few bits to flip.
    const records = recordsOf(24, 3).map((record, n) => ({
      ...record,
      event: numbered(n, { data: { text: createHash('sha256').update(`${n}`).digest('base64') } }),
    }));
    const whole = Buffer.concat(await encodeSegment('00112233aabbccdd', 7, records));
    let [silent, wrong] = [0, 0];
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { records: back, problems } = await examine(flipped);
      if (problems.length === 0) silent += 1;
      if (back.length > 0 && JSON.stringify(back) !== JSON.stringify(records)) wrong += 1;
    }
    expect(whole.length * 8).toBeGreaterThan(10_000);
    expect({ silent, wrong }).toEqual({ silent: 0, wrong: 0 });
  });

  it('that is cut off anywhere is found to be, and gives nothing that was not written', async () => {
    const records = recordsOf(6);
    const whole = Buffer.concat(await encodeSegment('00112233aabbccdd', 7, records));
    for (let length = 0; length < whole.length; length += 1) {
      const { records: back, problems } = await examine(whole.subarray(0, length));
      expect(problems).not.toEqual([]);
      expect([[], records]).toContainEqual(back);
    }
  });

  it('of other bytes is refused, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400, size: 'max' }), async (bytes) => {
        const { records, problems } = await examine(Buffer.from(bytes));
        expect(records).toEqual([]);
        expect(problems).not.toEqual([]);
      }),
    );
  });
});

describe('an archive with damage', () => {
  it('reads around a block with a flipped bit, and names each of its positions', async () => {
    const { files, again } = await archivedWorld();
    const bytes = readFileSync(files[1] ?? '');
    bytes[200] = (bytes[200] ?? 0) ^ 16;
    writeFileSync(files[1] ?? '', bytes);

    const { store } = again();
    for (const order of ['oldest', 'newest'] as const) {
      const { records, faults } = await readAll(store.log, { order, limit: 5 });
      expect(positionsOf(records).toSorted((a, b) => a - b)).toEqual([
        ...Array.from({ length: 12 }, (_, n) => n + 1),
        ...Array.from({ length: 16 }, (_, n) => n + 25),
      ]);
      expect(new Set(positionsOf(faults))).toEqual(new Set(Array.from({ length: 12 }, (_, n) => n + 13)));
      expect(faults[0]?.reason).toMatch(/00000002\.segment.*has bytes other than those that were written/u);
    }
  });

  it.each(['gone', 'empty', 'another segment'])(
    'names each position of a segment that is %s',
    async (how) => {
      const { files, again } = await archivedWorld();
      const [first = '', second = ''] = files;
      if (how === 'gone') rmSync(second);
      else if (how === 'empty') truncateSync(second, 0);
      else writeFileSync(second, readFileSync(first));

      const { records, faults } = await readAll(again().store.log);
      expect(positionsOf(records)).toHaveLength(28);
      expect(positionsOf(faults)).toEqual(Array.from({ length: 12 }, (_, n) => n + 13));
    },
  );

  it('reads all of a segment whose index or header alone is damaged', async () => {
    const { files, again } = await archivedWorld();
    const [first = '', second = ''] = files;
    const header = readFileSync(first);
    header[10] = 1;
    writeFileSync(first, header);
    truncateSync(second, readFileSync(second).length - 10);
    const { records, faults } = await readAll(again().store.log);
    expect(faults).toEqual([]);
    expect(positionsOf(records)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });
});

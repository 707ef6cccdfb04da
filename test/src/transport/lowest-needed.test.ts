import { memoryStore } from 'breakwater';
import { createVirtualClock, seededRandom } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../src/transport/cursor-codec.ts';
import type { CursorRecord } from '../../../src/transport/cursor.ts';
import { cursorBucket } from '../../../src/transport/cursor-writer.ts';
import { lowestNeeded } from '../../../src/transport/lowest-needed.ts';

const placeOf = (
  position: number,
  open: readonly number[] = [],
  ahead: readonly number[] = [],
): CursorRecord => ({
  position,
  open: open.map((at) => ({ position: at, failed: 1 })),
  ahead,
});

async function lowest(written: readonly CursorRecord[], running: readonly (CursorRecord | undefined)[] = []) {
  const { snapshots } = memoryStore()({ clock: createVirtualClock(), random: seededRandom(1) });
  for (const [at, record] of written.entries()) {
    await snapshots.write({ bucket: cursorBucket, key: `s${at}`, value: encodeCursor(record) });
  }
  const placed = running.map((record, at) => ({ name: `s${at}`, place: () => record }));
  return lowestNeeded(snapshots, new Map(placed.map((each) => [each.name, each])));
}

describe('what durable subscriptions still need', () => {
  it('begins behind the lowest place, or at what it has left open', async () => {
    expect(await lowest([])).toBe(Infinity);
    expect(await lowest([placeOf(9), placeOf(7)])).toBe(8);
    expect(await lowest([placeOf(9), placeOf(7, [3, 5])])).toBe(3);
  });

  it('begins behind a place, whatever was taken and failed before its turn', async () => {
    expect(await lowest([placeOf(7, [20])])).toBe(8);
    expect(await lowest([placeOf(7, [], [12])])).toBe(8);
    expect(await lowest([placeOf(7, [5, 20])])).toBe(5);
  });

  it('is told by the subscription itself while it runs, once it knows', async () => {
    expect(await lowest([placeOf(7)], [placeOf(9)])).toBe(10);
    expect(await lowest([placeOf(7)], [undefined])).toBe(8);
    expect(await lowest([], [placeOf(4)])).toBe(5);
  });
});

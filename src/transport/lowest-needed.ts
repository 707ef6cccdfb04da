import type { SnapshotEntry, SnapshotStore } from '../snapshot-store.ts';
import { decodeCursor } from './cursor-codec.ts';
import { cursorBucket, type Placed } from './cursor-writer.ts';
import type { CursorRecord } from './cursor.ts';

/**
 * The lowest position that a durable subscription still needs, of this run or of runs before: what lies below may be
 * removed. `Infinity` where there are none. Reads all places that are kept.
 *
 * @throws StorageError
 */
export async function lowestNeeded(
  snapshots: SnapshotStore,
  placed: ReadonlyMap<string, Placed>,
): Promise<number> {
  let lowest = Infinity;
  let after: string | undefined;
  for (;;) {
    const entries: readonly SnapshotEntry[] = await snapshots.list(
      cursorBucket,
      after === undefined ? {} : { after },
    );
    for (const { key, value } of entries) {
      const record = placed.get(key)?.place() ?? decodeCursor(key, value);
      lowest = Math.min(lowest, firstOpen(record));
    }
    after = entries.at(-1)?.key;
    if (after === undefined) break;
  }
  // Some have no place written yet.
  for (const each of placed.values()) {
    const record = each.place();
    if (record !== undefined) lowest = Math.min(lowest, firstOpen(record));
  }
  return lowest;
}

function firstOpen({ position, open }: CursorRecord): number {
  // What failed before its turn is open beyond what is not read yet.
  return Math.min(position + 1, open[0]?.position ?? Infinity);
}

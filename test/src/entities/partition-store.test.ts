import { describe, expect, it } from 'vitest';
import { PartitionStore } from '../../../src/entities/partition-store.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import type { SnapshotStore } from '../../../src/snapshot-store.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { ConflictError } from '../../../streams/event/errors.ts';
import { ValidEnvelope } from '../../../streams/event/envelope.ts';

const bytes = new Uint8Array([1]);

function event(n: number): ValidEnvelope {
  const id = `0190163d-8694-739b-8000-${String(n).padStart(12, '0')}`;
  return new ValidEnvelope(id, 'a.b', 'app', 0, 'normal', 1, {}, undefined, undefined);
}

/** A store that says in which order it did what; `holds` is asked each time. */
function world(holds: () => boolean) {
  const { snapshots } = memoryStore()({ clock: createVirtualClock(), random: () => 0.5 });
  const done: string[] = [];
  const noted: SnapshotStore = {
    name: 'noted',
    read: (bucket, key) => snapshots.read(bucket, key),
    list: (bucket, options) => snapshots.list(bucket, options),
    write: async (write) => {
      const revision = await snapshots.write(write);
      done.push(`${write.value === undefined ? 'remove' : 'write'} ${write.key}`);
      return revision;
    },
  };
  const store = new PartitionStore({
    name: 'partition 3 of order',
    snapshots: noted,
    holds,
    publish: async ({ id }) => void done.push(`publish ${id.slice(-1)}`),
    storedSince: async (events, position) => {
      const ids = events.map(({ id }) => id);
      done.push(`look for ${ids.map((id) => id.slice(-1)).join(', ')} behind ${position}`);
      return new Set(ids.slice(1, 2));
    },
    published: async () => void done.push('note'),
  });
  return { store, done };
}

const commit = {
  writes: [
    { bucket: 'timers', key: 'old', value: undefined },
    { bucket: 'entity:order', key: 'a', value: bytes, expected: 0 },
    { bucket: 'timers', key: 'new', value: bytes },
  ],
  outboxes: [{ events: [event(1), event(2)], since: undefined }],
};

describe('PartitionStore', () => {
  it('adds entries, writes records, publishes, notes that, and removes entries: in this order', async () => {
    const { store, done } = world(() => true);
    const { revisions } = await store.commit(commit);

    expect(done).toEqual(['write new', 'write a', 'publish 1', 'publish 2', 'note', 'remove old']);
    expect(revisions[1]).toBeGreaterThan(0);
  });

  it('writes nothing more once the partition belongs to another process', async () => {
    const none = world(() => false);
    await expect(none.store.commit(commit)).rejects.toBeInstanceOf(ConflictError);
    let looks = 0;
    const meanwhile = world(() => (looks += 1) < 2);
    await expect(meanwhile.store.commit(commit)).rejects.toThrow(
      'partition 3 of order belongs to another process by now',
    );

    expect(none.done).toEqual([]);
    expect(meanwhile.done).toEqual(['write new']);
  });

  it('publishes of what may be stored already only what is not', async () => {
    const { store, done } = world(() => true);
    await store.commit({ outboxes: [{ events: [event(1), event(2), event(3)], since: 40 }] });

    expect(done).toEqual(['look for 1, 2, 3 behind 40', 'publish 1', 'publish 3']);
  });

  it('publishes nothing of a commit of which a record was refused', async () => {
    const { store, done } = world(() => true);
    await store.commit({ writes: [{ bucket: 'entity:order', key: 'a', value: bytes, expected: 0 }] });
    await expect(store.commit(commit)).rejects.toBeInstanceOf(ConflictError);

    expect(done).toEqual(['write a', 'write new']);
  });
});

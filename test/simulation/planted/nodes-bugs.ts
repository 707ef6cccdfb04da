import type { NodeClock } from '../../../src/testing/simulation/node-clock.ts';
import type { NodesParts } from '../../../src/testing/simulation/simulated-node.ts';
import type { DistantStore } from '../../../src/testing/simulation/simulated-network.ts';
import type { SnapshotWrite } from '../../../src/snapshot-store.ts';
import { ConflictError } from '../../../streams/event/errors.ts';
import { changed } from './changed.ts';

function withWrites(change: (write: SnapshotWrite) => SnapshotWrite): (store: DistantStore) => DistantStore {
  return (store) =>
    changed(store, {
      commit: (commit) => store.commit({ ...commit, writes: (commit.writes ?? []).map(change) }),
      snapshots: changed(store.snapshots, { write: (write) => store.snapshots.write(change(write)) }),
    });
}

/** Writes whatever is there now. */
const blindly = withWrites(({ expected: _expected, ...write }) => write);

/** Writes the events that are emitted in a commit of their own. */
function inTwoCommits(store: DistantStore): DistantStore {
  return changed(store, {
    async commit({ events = [], writes = [] }) {
      await store.commit({ events });
      return store.commit({ writes });
    },
  });
}

/** Writes again what was not answered, as if it had not been made. */
function again(store: DistantStore): DistantStore {
  return changed(store, {
    async commit(commit) {
      try {
        return await store.commit(commit);
      } catch (error) {
        if (error instanceof ConflictError) throw error;
        const writes = (commit.writes ?? []).map(({ expected: _expected, ...write }) => write);
        return store.commit({ ...commit, writes });
      }
    },
  });
}

/** Lists that show members as they were when they joined, and reads, too: no heartbeat is seen. */
function blind(store: DistantStore): DistantStore {
  const { snapshots } = store;
  const still = (value: { readonly revision: number }, key: string): number =>
    key.startsWith('member.') ? 1 : value.revision;
  return changed(store, {
    snapshots: changed(snapshots, {
      list: async (bucket, options) =>
        (await snapshots.list(bucket, options)).map((entry) => ({
          ...entry,
          revision: still(entry, entry.key),
        })),
      read: async (bucket, key) => {
        const found = await snapshots.read(bucket, key);
        return found && { ...found, revision: still(found, key) };
      },
    }),
  });
}

/** Tokens that never rise. */
function sameToken(store: DistantStore): DistantStore {
  return withWrites((write) => {
    if (!write.key.startsWith('partition.') || write.value === undefined) return write;
    const { owner } = JSON.parse(new TextDecoder().decode(write.value)) as { readonly owner?: string };
    return { ...write, value: new TextEncoder().encode(JSON.stringify({ owner, token: 1 })) };
  })(store);
}

/** A clock that goes by the wall. */
function byTheWall(clock: NodeClock): NodeClock {
  return changed(clock, { monotonic: () => clock.now() });
}

/** A clock that stands still while its process does: a process that wakes up believes it was never away. */
function asleep(clock: NodeClock): NodeClock {
  let stoppedAt: number | undefined;
  let lost = 0;
  return changed(clock, {
    monotonic: () => {
      const now = clock.monotonic();
      if (!clock.running) stoppedAt ??= now;
      else if (stoppedAt !== undefined) {
        lost += now - stoppedAt;
        stoppedAt = undefined;
      }
      return (stoppedAt ?? now) - lost;
    },
  });
}

/** Believes for ever what it once owned. */
function believes(leases: Parameters<NodesParts['leases']>[0]): Parameters<NodesParts['leases']>[0] {
  const owned = new Map<number, number>();
  return {
    token: (partition) => {
      const token = leases.token(partition);
      if (token > 0) owned.set(partition, token);
      return owned.get(partition) ?? 0;
    },
  };
}

/** Groups of processes, each with one thing wrong. */
export const nodesBugs: readonly {
  readonly bug: string;
  readonly laws: RegExp;
  readonly parts: Partial<NodesParts>;
}[] = [
  {
    bug: 'takes partitions without compare-and-set',
    laws: /one owner|tokens/,
    parts: { leaseStore: blindly },
  },
  { bug: 'writes entities without compare-and-set', laws: /fold|once/, parts: { workStore: blindly } },
  { bug: 'keeps state and emitted events apart', laws: /once/, parts: { workStore: inTwoCommits } },
  { bug: 'writes again what was not answered', laws: /once|fold/, parts: { workStore: again } },
  { bug: 'sees no heartbeats', laws: /one owner/, parts: { leaseStore: blind } },
  { bug: 'never raises tokens', laws: /tokens/, parts: { leaseStore: sameToken } },
  { bug: 'measures leases by the wall clock', laws: /one owner|in the end/, parts: { clock: byTheWall } },
  { bug: 'does not notice that it was stopped', laws: /one owner/, parts: { clock: asleep } },
  { bug: 'believes what it once owned', laws: /one owner/, parts: { leases: believes } },
];

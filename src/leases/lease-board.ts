import type { Clock } from '../../streams/event/clock.ts';
import type { SnapshotEntry, SnapshotStore } from '../snapshot-store.ts';
import { decodeMember, decodePartition, type PartitionEntry } from './lease-entry.ts';

const memberPrefix = 'member.';
const partitionPrefix = 'partition.';

/** The key of a member's entry. */
export function memberKey(member: string): string {
  return memberPrefix + member;
}

/** The key of a partition's entry. */
export function partitionKey(partition: number): string {
  return partitionPrefix + partition;
}

/** A partition as the store has it. */
export interface SeenPartition extends PartitionEntry {
  /** For the compare-and-set; 0 when there is no entry yet. */
  readonly revision: number;
}

/** One look at who is there and who owns what. */
export interface LeaseView {
  /** Members that may own partitions: alive, as far as can be known, and not leaving. */
  readonly candidates: ReadonlySet<string>;
  /** Whether a member must be taken to be at work still. */
  alive(member: string): boolean;
  /** The revision of a member's last heartbeat; 0 without one. */
  heartbeat(member: string): number;
  partition(number: number): SeenPartition;
  /** Members that have been silent for so long that their entries may go, with the revisions of these. */
  readonly forgotten: readonly (readonly [member: string, revision: number])[];
}

interface Sighting {
  /** Revision of the last heartbeat seen; 0 when the member had no entry. */
  readonly revision: number;
  /** Monotonic milliseconds, after the look that found this revision first. */
  readonly seenAt: number;
}

/**
 * Looks at the board and remembers since when each member has been silent.
 *
 * A member is dead when a look that *began* `leaseMs` after its last heartbeat was seen finds that same
 * heartbeat. So clocks of different machines are never compared, and a look whose answer was long under way
 * (the process was stopped) proves nothing.
 */
export class LeaseBoard {
  readonly #store: SnapshotStore;
  readonly #bucket: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  #sightings = new Map<string, Sighting>();

  constructor(store: SnapshotStore, bucket: string, leaseMs: number, clock: Clock) {
    this.#store = store;
    this.#bucket = bucket;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
  }

  /** @throws StorageError, TransportError */
  async look(): Promise<LeaseView> {
    const began = this.#clock.monotonic();
    const entries = await this.#read();
    const now = this.#clock.monotonic();

    const partitions = new Map<string, SeenPartition>();
    const heartbeats = new Map<string, number>();
    const leaving = new Set<string>();
    for (const { key, value, revision } of entries) {
      if (key.startsWith(memberPrefix)) {
        const member = key.slice(memberPrefix.length);
        heartbeats.set(member, revision);
        if (decodeMember(value)?.leaving !== false) leaving.add(member);
      } else if (key.startsWith(partitionPrefix)) {
        partitions.set(key, seen(value, revision));
      }
    }
    const named = new Set(heartbeats.keys());
    for (const { owner } of partitions.values()) if (owner !== undefined) named.add(owner);
    this.#sight(named, heartbeats, now);
    return this.#view(began, heartbeats, leaving, partitions);
  }

  async #read(): Promise<readonly SnapshotEntry[]> {
    const entries: SnapshotEntry[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.list(this.#bucket, after === undefined ? {} : { after });
      entries.push(...page);
      const last = page.at(-1);
      if (last === undefined) return entries;
      after = last.key;
    }
  }

  #sight(named: ReadonlySet<string>, heartbeats: ReadonlyMap<string, number>, now: number): void {
    const sightings = new Map<string, Sighting>();
    for (const member of named) {
      const revision = heartbeats.get(member) ?? 0;
      const before = this.#sightings.get(member);
      sightings.set(member, before?.revision === revision ? before : { revision, seenAt: now });
    }
    this.#sightings = sightings;
  }

  #view(
    began: number,
    heartbeats: ReadonlyMap<string, number>,
    leaving: ReadonlySet<string>,
    partitions: ReadonlyMap<string, SeenPartition>,
  ): LeaseView {
    const sightings = this.#sightings;
    const silentMs = (member: string): number => {
      const sighting = sightings.get(member);
      return sighting === undefined ? 0 : began - sighting.seenAt;
    };
    const alive = (member: string): boolean => silentMs(member) < this.#leaseMs;
    const members = [...heartbeats.keys()];
    return {
      alive,
      heartbeat: (member) => heartbeats.get(member) ?? 0,
      candidates: new Set(members.filter((member) => alive(member) && !leaving.has(member))),
      forgotten: [...heartbeats].filter(([member]) => silentMs(member) >= 10 * this.#leaseMs),
      partition: (number) =>
        partitions.get(partitionKey(number)) ?? { owner: undefined, token: 0, revision: 0 },
    };
  }
}

/** An entry that cannot be read belongs to nobody; its revision still guards the next write. */
function seen(value: Uint8Array, revision: number): SeenPartition {
  const entry = decodePartition(value);
  // Each owner takes a write of its own, so a token above the revision was forged, and one at it is above all of them.
  const isForged = entry === undefined || entry.token > revision;
  return isForged ? { owner: undefined, token: revision, revision } : { ...entry, revision };
}

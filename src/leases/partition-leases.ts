import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { ConflictError } from '../../streams/event/errors.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { assignPartitions } from './assign-partitions.ts';
import { LeaseBoard, memberKey, partitionKey, type LeaseView, type SeenPartition } from './lease-board.ts';
import { encodeEntry, type PartitionEntry } from './lease-entry.ts';

export interface PartitionLeasesOptions {
  /** Where the entries are kept: one bucket for each group of processes that share the partitions. */
  readonly bucket: string;
  /** This process: unique in the group, and never used again by another. Letters, digits, `_` and `-`. */
  readonly member: string;
  readonly partitions: number;
  /** Milliseconds of silence after which a member's partitions go to others. */
  readonly leaseMs: number;
}

/** What happens to the partitions of this process. None of them may throw. */
export interface PartitionLeasesPorts {
  readonly store: SnapshotStore;
  readonly clock: Clock;
  /** The partition is this process's now. `token` is higher than that of every owner before. */
  readonly acquired: (partition: number, token: number) => void;
  /** It is to go to another member: start nothing more of it, and resolve when nothing of it runs. */
  readonly drain: (partition: number) => Promise<void>;
  /** It is no longer this process's, since a moment ago: whatever still runs of it must not take effect. */
  readonly lost: (partition: number) => void;
  /** The store failed; it is tried again with the next heartbeat. */
  readonly failed: (error: unknown) => void;
}

interface Held {
  readonly token: number;
  /** Of the entry, for the write that hands it back. */
  readonly revision: number;
  draining: boolean;
}

/** Who is to own each partition, as long as these are the members. */
interface Assigned {
  readonly members: ReadonlySet<string>;
  readonly owners: readonly string[];
}

/** The share of a lease in which its owner may act; the rest is for clocks that run at different speeds. */
const usableShare = 0.8;

/**
 * Shares partitions among the processes of a group: each has at most one owner at any time.
 *
 *     free ── compare-and-set ─► held ── another is to own it ─► draining ─► handed back
 *                                  └───── no heartbeat for 0.8 leases ─► lost
 *
 * Members show by heartbeats that they live; all see the same members and so agree, by hashing, on who is
 * to own what. A partition changes hands when its owner hands it back, or has been silent for a whole
 * lease. `token` answers synchronously and by the monotonic clock, so a process that was stopped and wakes up
 * knows at its first instruction that it owns nothing; a write that was already on its way is fenced by the
 * token, which stores must compare. `read` of the store must be linearizable; `list` may lag.
 *
 * One heartbeat and one listing each quarter of a lease. The rounds do not wait for each other: a slow store that
 * holds up what is to be taken must not hold up the sign of life.
 */
export class PartitionLeases {
  readonly #options: PartitionLeasesOptions;
  readonly #ports: PartitionLeasesPorts;
  readonly #board: LeaseBoard;
  readonly #held = new Map<number, Held>();
  #assigned: Assigned = { members: new Set(), owners: [] };
  #validUntil = -Infinity;
  /** How often the time to act has run out: what was asked for in an earlier term is nothing to act on. */
  #term = 0;
  readonly #timers: { beat?: TimerHandle; look?: TimerHandle } = {};
  readonly #rounds: { beat?: Promise<void>; look?: Promise<void> } = {};
  readonly #hurried = { beat: false, look: false };
  #leaving = false;
  #stopped = false;
  #closing: Promise<void> | undefined;

  constructor(options: PartitionLeasesOptions, ports: PartitionLeasesPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#board = new LeaseBoard(ports.store, options.bucket, options.leaseMs, ports.clock);
  }

  /** Joins the group. */
  start(): void {
    this.#repeat('beat', this.#heartbeat);
    this.#repeat('look', this.#look);
  }

  /** Does the next rounds at once: the store is back, say. */
  hurry(): void {
    this.#hurry('beat');
    this.#hurry('look');
  }

  /** The fencing token of a partition that is this process's at this instant, else 0. */
  token(partition: number): number {
    if (this.#ports.clock.monotonic() >= this.#validUntil) return 0;
    return this.#held.get(partition)?.token ?? 0;
  }

  /** The partitions that are this process's at this instant. */
  get owned(): readonly number[] {
    return this.#ports.clock.monotonic() < this.#validUntil ? [...this.#held.keys()] : [];
  }

  /** Leaves: drains and hands back all partitions, then takes its name off the board. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    this.#leaving = true;
    // Heartbeats go on while it drains, or others would take what still runs.
    await Promise.all([...this.#held.keys()].map((partition) => this.#handBack(partition)));
    this.#stopped = true;
    this.#ports.clock.clearTimeout(this.#timers.beat);
    this.#ports.clock.clearTimeout(this.#timers.look);
    await Promise.all([this.#rounds.beat, this.#rounds.look]);
    this.#loseAll();
    try {
      await this.#ports.store.write({
        bucket: this.#options.bucket,
        key: memberKey(this.#options.member),
        value: undefined,
      });
    } catch (error) {
      this.#ports.failed(error);
    }
  }

  /** Does one round of heartbeats or of looks, and the next one a quarter of a lease later, whatever became of it. */
  #repeat(name: 'beat' | 'look', round: () => Promise<void>): void {
    this.#rounds[name] = this.#round(name, round);
  }

  async #round(name: 'beat' | 'look', round: () => Promise<void>): Promise<void> {
    try {
      await round();
    } catch (error) {
      this.#ports.failed(error);
    }
    if (this.#stopped) return;
    const again = (): void => {
      this.#timers[name] = undefined;
      this.#repeat(name, round);
    };
    const delayMs = this.#hurried[name] ? 0 : this.#options.leaseMs / 4;
    this.#hurried[name] = false;
    this.#timers[name] = this.#ports.clock.setTimeout(again, delayMs);
  }

  #hurry(name: 'beat' | 'look'): void {
    const { clock } = this.#ports;
    if (this.#timers[name] === undefined) this.#hurried[name] = true;
    else {
      clock.clearTimeout(this.#timers[name]);
      this.#timers[name] = undefined;
      this.#repeat(name, name === 'beat' ? this.#heartbeat : this.#look);
    }
  }

  readonly #look = async (): Promise<void> => {
    const view = await this.#board.look();
    this.#lapse();
    const candidates = new Set(view.candidates);
    // A list that lags says nothing of the member that reads it.
    if (!this.#leaving) candidates.add(this.#options.member);
    const owners = this.#ownersAmong(candidates);
    const decided: Promise<unknown>[] = [];
    for (let partition = 0; partition < this.#options.partitions; partition += 1) {
      decided.push(this.#decide(partition, view, owners[partition]));
    }
    for (const [member, revision] of view.forgotten) {
      decided.push(this.#write(memberKey(member), undefined, revision));
    }
    const settled = await Promise.allSettled(decided);
    for (const result of settled) if (result.status === 'rejected') this.#ports.failed(result.reason);
  };

  readonly #heartbeat = async (): Promise<void> => {
    const { store, clock } = this.#ports;
    const { bucket, member, leaseMs } = this.#options;
    // A process that was stopped finds out here, before it says that it lives.
    this.#lapse();
    const began = clock.monotonic();
    await store.write({
      bucket,
      key: memberKey(member),
      value: encodeEntry({ leaving: this.#leaving }),
    });
    // Others may have acted on the silence before this answer: a lease that ran out meanwhile stays lost.
    this.#lapse();
    const anew = clock.monotonic() >= this.#validUntil;
    this.#validUntil = began + leaseMs * usableShare;
    if (anew) this.#hurry('look');
  };

  /** Gives up everything if the time to act is over. */
  #lapse(): void {
    if (this.#ports.clock.monotonic() < this.#validUntil) return;
    this.#term += 1;
    this.#loseAll();
  }

  #loseAll(): void {
    for (const partition of this.#held.keys()) this.#lose(partition);
  }

  #lose(partition: number): void {
    if (this.#held.delete(partition)) this.#ports.lost(partition);
  }

  /** Who is to own what. Worked out anew only when somebody has come or gone. */
  #ownersAmong(members: ReadonlySet<string>): readonly string[] {
    const { members: known, owners } = this.#assigned;
    if (members.size === known.size && [...members].every((member) => known.has(member))) return owners;
    this.#assigned = { members, owners: assignPartitions(this.#options.partitions, members) };
    return this.#assigned.owners;
  }

  async #decide(partition: number, view: LeaseView, wanted: string | undefined): Promise<void> {
    const { member } = this.#options;
    const entry = view.partition(partition);
    const held = this.#held.get(partition);
    if (held !== undefined && entry.token > held.token) {
      this.#lose(partition);
      return;
    }
    if (held !== undefined) {
      if (wanted !== member && wanted !== undefined) void this.#handBack(partition);
      return;
    }
    if (this.#stopped) return;
    const { owner, token, revision } = entry;
    if (wanted === member && !this.#leaving) {
      const free = owner === undefined || owner === member || (await this.#silent(owner, view));
      if (free) await this.#take(partition, entry);
    } else if (owner === member) {
      // It was handed back, or lost, and the board does not say so: nobody else could ever take it.
      await this.#write(partitionKey(partition), { owner: undefined, token }, revision);
    }
  }

  /** Whether a member is dead. Lists may come from a replica that lags; a single read may not, and has the last word. */
  async #silent(owner: string, view: LeaseView): Promise<boolean> {
    if (view.alive(owner)) return false;
    const heartbeat = await this.#ports.store.read(this.#options.bucket, memberKey(owner));
    return (heartbeat?.revision ?? 0) === view.heartbeat(owner);
  }

  async #take(partition: number, { token, revision }: SeenPartition): Promise<void> {
    const { member } = this.#options;
    // What is taken without a sign of life could not be acted on.
    if (this.#ports.clock.monotonic() >= this.#validUntil) return;
    const term = this.#term;
    const next = token + 1;
    const taken = await this.#write(partitionKey(partition), { owner: member, token: next }, revision);
    if (taken === undefined) return;
    // Taken, but the time to act has run out since, so others may have it: a later round takes it with another token.
    if (this.#ports.clock.monotonic() >= this.#validUntil || this.#term !== term || this.#leaving) return;
    this.#held.set(partition, { token: next, revision: taken, draining: false });
    this.#ports.acquired(partition, next);
  }

  async #handBack(partition: number): Promise<void> {
    const held = this.#held.get(partition);
    if (held === undefined || held.draining) return;
    held.draining = true;
    await this.#ports.drain(partition);
    if (this.#held.get(partition) !== held) return;
    // From here nothing of it starts, whatever becomes of the write.
    this.#held.delete(partition);
    try {
      const { token, revision } = held;
      await this.#write(partitionKey(partition), { owner: undefined, token }, revision);
    } catch (error) {
      this.#ports.failed(error);
    }
  }

  /** The new revision; `undefined` when somebody else wrote first. Without an entry, the key goes. */
  async #write(
    key: string,
    entry: PartitionEntry | undefined,
    expected: number,
  ): Promise<number | undefined> {
    const value = entry === undefined ? undefined : encodeEntry(entry);
    try {
      return await this.#ports.store.write({ bucket: this.#options.bucket, key, value, expected });
    } catch (error) {
      if (error instanceof ConflictError) return undefined;
      throw error;
    }
  }
}

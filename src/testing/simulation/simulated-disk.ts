import type { Random } from '../../../streams/event/random.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { StorageError } from '../../../streams/event/errors.ts';
import type { Clock } from '../../../streams/event/clock.ts';
import type { AppendListener } from '../../event-log.ts';
import type { SnapshotWrite } from '../../snapshot-store.ts';
import type { Commit, Committed, StoreHealth } from '../../store.ts';
import { applyTo, emptyContents, torn, type Contents } from './disk-contents.ts';

/** How a simulated disk behaves. */
export interface SimulatedDiskOptions {
  /** The clock of the world, not of a process: the disk goes on when a process ends. */
  readonly clock: Clock;
  readonly random: Random;
  /**
   * `'durable'` (default): a commit is synced before it is answered. `'buffered'`: it is answered at once and synced
   * `syncMs` later, so that a power cut may lose the last ones.
   */
  readonly level?: 'durable' | 'buffered';
  /** Milliseconds that the next sync takes. 0, the default, commits at once, within the call. */
  readonly syncMs?: () => number;
  /** Share of commits that fail. Default `() => 0`, as for the others. */
  readonly writeError?: () => number;
  /** Share of those of which nobody can tell whether they were made. */
  readonly unknownOutcome?: () => number;
  /** Share of commits in the middle of which the process ends. */
  readonly crashInCommit?: () => number;
  /** Share of pages not synced that a power cut takes. */
  readonly pageLoss?: () => number;
  /**
   * What recovery makes of a commit of which some pages were lost: `'discarded'` (default), as a store with checksums
   * does, or `'read'`: what is left of it, as one without.
   */
  readonly tornCommits?: 'discarded' | 'read';
  /** Hears of each commit that has taken effect, also of those that nobody was answered for. */
  readonly onApplied?: (
    first: number,
    events: readonly EventEnvelope[],
    writes: readonly SnapshotWrite[],
  ) => void;
  /** Hears that the process has ended in the middle of a commit. */
  readonly onCrash?: () => void;
}

/** What a commit is waiting for. */
interface Pending {
  readonly commit: Commit;
  readonly done: (committed: Committed) => void;
  readonly failed: (error: unknown) => void;
  /** Nobody is told of it: its caller was told already that nobody knows. */
  readonly unanswered?: boolean;
}

/** Something that was done to the contents, to be done again after a power cut. */
type Deed = (contents: Contents) => void;

/** What an append has reached. */
const levels = { durable: 'disk', buffered: 'os' } as const;
const never = (): number => 0;

/**
 * A disk with a store on it, which outlives the processes that use it, and misbehaves as real ones do.
 *
 * What is synced and what is not are kept apart. A power cut takes pages of what is not, each with a share of its own;
 * recovery keeps all commits up to the first that lost one. What was answered at level `durable` is never lost.
 * `simulatedStore(disk)` gives a bus the store. Cost: about 1 µs a commit.
 */
export class SimulatedDisk {
  readonly level: 'durable' | 'buffered';
  readonly #options: SimulatedDiskOptions;
  readonly #syncMs: () => number;
  #contents: Contents = emptyContents();
  /** Written, visible, and not synced: `buffered` alone. */
  #deeds: Deed[] = [];
  #synced = 0;
  /** Written, and neither synced nor visible: `durable` alone. */
  #pending: Pending[] = [];
  #syncing = 0;
  #tell: AppendListener | undefined;
  #hears: ((health: StoreHealth) => void) | undefined;
  #health: StoreHealth;
  #full = false;
  /** Counts the processes that have opened it. */
  #process = 0;
  #alive = false;

  constructor(options: SimulatedDiskOptions) {
    this.level = options.level ?? 'durable';
    this.#options = options;
    this.#syncMs = options.syncMs ?? never;
    this.#health = { state: 'ok', since: options.clock.now() };
  }

  get records(): Contents['records'] {
    return this.#contents.records;
  }

  get states(): Contents['states'] {
    return this.#contents.states;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  /** Whether a process has it open, and still lives. */
  readonly isOpen = (process: number): boolean => this.#alive && process === this.#process;

  /** A process opens it; the one before, if it still runs, is cut off. Gives the number to call it with. */
  open(tell: AppendListener, hears: (health: StoreHealth) => void): number {
    if (this.#alive) this.crash('kill');
    this.#process += 1;
    this.#alive = true;
    this.#tell = tell;
    this.#hears = hears;
    return this.#process;
  }

  /** The process ends. `kill`: what it had handed over stays in the cache. `power`: the cache is lost with it. */
  crash(how: 'kill' | 'power'): void {
    this.#alive = false;
    this.#tell = undefined;
    this.#hears = undefined;
    const pending = this.#pending;
    this.#pending = [];
    this.#syncing += 1;
    const { random, tornCommits = 'discarded' } = this.#options;
    // What was written last is not on the disk where something before it is not.
    if (how === 'power' && this.#losesPages()) return;
    for (const { commit } of pending) {
      const { pages, lost } = this.#surviving(commit, how);
      if (lost === 0) this.#apply(commit);
      else if (tornCommits === 'read' && lost < pages) this.#apply(torn(commit, random));
      // In the order of their calls: of what comes after a commit that was lost, nothing is left.
      if (lost > 0) break;
    }
  }

  /** The process has closed it: all is written. */
  release(): void {
    this.#alive = false;
    this.#tell = undefined;
    this.#hears = undefined;
  }

  /** Resolves when no commit is under way. */
  drained(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const last = this.#pending.at(-1) as Pending;
      const { done, failed } = last;
      this.#pending[this.#pending.length - 1] = {
        ...last,
        done: (committed) => {
          done(committed);
          resolve();
        },
        failed: (error) => {
          failed(error);
          resolve();
        },
      };
    });
  }

  /** There is no room from now on: commits fail, reads work. */
  fill(): void {
    this.#full = true;
  }

  /** There is room again. */
  free(): void {
    this.#full = false;
  }

  /** Commits for a process that has it open. @throws StorageError, ConflictError */
  commit(commit: Commit): Committed | Promise<Committed> {
    const { random, writeError = never, unknownOutcome = never, crashInCommit = never } = this.#options;
    if (this.#full) throw this.#failed('its disk is full', false);
    if (random() < crashInCommit()) return this.#crashIn(commit);
    if (random() < writeError()) {
      const unknown = random() < unknownOutcome();
      if (unknown && random() < 0.5) this.#applyUnanswered(commit);
      throw this.#failed('its disk reports an I/O error', unknown);
    }
    const syncMs = this.#syncMs();
    if (this.level === 'buffered') {
      const committed = this.#apply(commit);
      this.#syncSoon(syncMs);
      return committed;
    }
    if (syncMs <= 0 && this.#pending.length === 0) return this.#apply(commit);
    return new Promise((done, failed) => {
      this.#pending.push({ commit, done, failed });
      if (this.#pending.length === 1) this.#flushIn(syncMs);
    });
  }

  /** Removes records, for trims and compaction. */
  change<T>(deed: (contents: Contents) => T): T {
    const result = deed(this.#contents);
    if (this.level === 'buffered') this.#deeds.push((contents) => void deed(contents));
    return result;
  }

  /** Behind what was handed over before it, though its caller has been told that it failed. */
  #applyUnanswered(commit: Commit): void {
    if (this.#pending.length === 0) this.#apply(commit, false);
    else this.#pending.push({ commit, done: () => {}, failed: () => {}, unanswered: true });
  }

  #crashIn(commit: Commit): Committed | Promise<Committed> {
    this.#pending.push({ commit, done: () => {}, failed: () => {} });
    this.crash(this.#options.random() < 0.5 ? 'kill' : 'power');
    this.#options.onCrash?.();
    if (this.level === 'durable' && this.#syncMs() > 0) return new Promise(() => {});
    throw new StorageError('the process ends here', { unknown: true });
  }

  /** Writes all that waits, in one sync. */
  #flushIn(syncMs: number): void {
    const syncing = this.#syncing;
    this.#options.clock.setTimeout(() => {
      if (syncing !== this.#syncing) return;
      const synced = this.#pending;
      this.#pending = [];
      for (const { commit, done, failed, unanswered = false } of synced) {
        try {
          done(this.#apply(commit, !unanswered));
        } catch (error) {
          failed(error);
        }
        // A listener may have ended the process.
        if (syncing !== this.#syncing) return;
      }
      if (this.#pending.length > 0) this.#flushIn(this.#syncMs());
    }, syncMs);
  }

  #syncSoon(syncMs: number): void {
    const upTo = this.#deeds.length;
    const syncing = this.#syncing;
    const sync = (): void => {
      if (syncing === this.#syncing) this.#synced = Math.max(this.#synced, upTo);
    };
    if (syncMs <= 0) sync();
    else this.#options.clock.setTimeout(sync, syncMs);
  }

  #apply(commit: Commit, tells = true): Committed {
    const { clock, onApplied } = this.#options;
    const now = clock.now();
    const { committed, appendedAt } = applyTo(this.#contents, commit, now, levels[this.level]);
    if (this.level === 'buffered') this.#deeds.push((contents) => void applyTo(contents, commit, now, 'os'));
    this.#recovered();
    onApplied?.(committed.first ?? 0, commit.events ?? [], commit.writes ?? []);
    if (tells && committed.first !== undefined)
      this.#tell?.(committed.first, commit.events ?? [], appendedAt);
    return committed;
  }

  /** Loses what a power cut takes of what is not synced, and all that came after. */
  #losesPages(): boolean {
    if (this.#synced === this.#deeds.length) return false;
    const { random, pageLoss = never } = this.#options;
    let keep = this.#synced;
    while (keep < this.#deeds.length && random() >= pageLoss()) keep += 1;
    if (keep === this.#deeds.length) return false;
    this.#deeds = this.#deeds.slice(0, keep);
    this.#synced = keep;
    this.#contents = emptyContents();
    for (const deed of this.#deeds) deed(this.#contents);
    return true;
  }

  #surviving(commit: Commit, how: 'kill' | 'power'): { readonly pages: number; readonly lost: number } {
    const { random, pageLoss = never } = this.#options;
    const pages = 1 + (commit.events?.length ?? 0) + (commit.writes?.length ?? 0);
    // A process that is killed has written all of a commit, or not handed it over yet.
    if (how === 'kill') return { pages, lost: random() < 0.5 ? 0 : pages };
    let lost = 0;
    for (let page = 0; page < pages; page += 1) if (random() < pageLoss()) lost += 1;
    return { pages, lost };
  }

  #failed(reason: string, unknown: boolean): StorageError {
    this.#turn({ state: 'failed', reason, since: this.#options.clock.now() });
    return new StorageError(`the simulated disk failed: ${reason}`, { unknown });
  }

  #recovered(): void {
    if (this.#health.state === 'failed') this.#turn({ state: 'ok', since: this.#options.clock.now() });
  }

  #turn(health: StoreHealth): void {
    const changed = health.state !== this.#health.state;
    this.#health = health;
    if (changed) this.#hears?.(health);
  }
}

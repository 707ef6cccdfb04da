import type { EntityRunner } from '../../actors/entity-logic.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { SuspectTurn } from '../leases/suspect-trials.ts';
import { whenDone } from '../when-done.ts';
import type { EntityInput, LiveEntity } from './live-entity.ts';
import { mostTogether, narrowing, type Suspect } from './suspect.ts';

/** Milliseconds that an entity's children have to show what they do, before the next input is tried. */
const childrenMs = 1_000;

/** What becomes of an input while they are tried few by few: `deadly`, as many owners died of it as may. */
export type Verdict = 'go' | 'wait' | 'deadly';

/** The parts of a kind that take part in a trial. */
export interface TriedWork {
  readonly commits: { readonly pending: boolean };
  readonly parking: { has(key: string): boolean };
  readonly room: { readonly cache: { get(key: string): LiveEntity | undefined } };
  readonly runner: Pick<EntityRunner, 'busy'>;
  readonly states: { positionOf(key: string): Promise<number> };
  readonly engine: { readonly wake: () => void; readonly seen: number; tryEach(trial: undefined): void };
  readonly failures: { readonly lowest: number; readonly leaving: number };
}

/** Where it is kept what is being tried. */
export interface TrialNotes {
  readonly suspect: Suspect | undefined;
  /** What owners before may have had in their hands ends here. */
  readonly horizon: number;
  /** Resolves when it is kept that so many are tried, from this one on. @throws ConflictError, StorageError */
  mark(sequence: number, key: string, size: number): Promise<void>;
  /** Resolves when it is kept that all has been tried. @throws ConflictError, StorageError */
  acquit(): Promise<void>;
}

export interface EntityTrialPorts {
  readonly clock: Clock;
  readonly notes: TrialNotes;
  readonly turn: SuspectTurn;
  /** Owners that one input may cost. */
  readonly maxTrials: number;
  readonly work: TriedWork;
  /** Up to here the entity of the first suspect has handled all, though whoever did that died before it had said so. */
  readonly handled: number;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Tries the inputs of a partition few by few, where its owners have died one after the other.
 *
 *     its turn ─► note the first 64 ─► handle and keep them ─► note the next ─► … ─► nothing is left: acquitted
 *                      └── the process dies: it was one of them; the next owner tries 8, then 1, and counts who dies of it
 *
 * As soon as eight groups are handled, the next are larger again. It tries what those owners can have had in their hands: events
 * up to a horizon, and whatever is due by then.
 */
export class EntityTrial {
  readonly #ports: EntityTrialPorts;
  #admitted = false;
  #over = false;
  #left = false;
  #marking = false;
  #size: number;
  /** Groups of that size that have been tried. */
  #groups = 0;
  /** How many more may go with those that are being tried. */
  #ahead = 0;
  /** The last that may go, and the keys of all that are being tried. */
  #last: EntityInput | undefined;
  #keys = new Set<string>();
  #triedAt = 0;
  #timer: TimerHandle;

  constructor(ports: EntityTrialPorts) {
    this.#ports = ports;
    this.#size = ports.notes.suspect?.size ?? mostTogether;
    void this.#wait(ports.turn);
  }

  /** How many owners died of the input that is suspected. */
  get deaths(): number {
    return this.#ports.notes.suspect?.deaths ?? 0;
  }

  /** How many inputs at most belong to what is tried now, from the next on. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Whether an input may be handled now. Who has to wait is woken. */
  judge(key: string, input: EntityInput): Verdict {
    const { notes, work, maxTrials, handled } = this.#ports;
    const { position } = input;
    if (input === this.#last) return 'go';
    if (this.#ahead > 0) {
      // Also what would need no trial: with fewer of them together, the next owner is to come as far.
      this.#ahead -= 1;
      this.#goes(key, input);
      return 'go';
    }
    if (position > notes.horizon || work.parking.has(key)) return 'go';
    const known = work.room.cache.get(key);
    if (position > 0 && known !== undefined && position <= known.position) return 'go';
    if (!this.#admitted || !this.#isFree()) return 'wait';
    const { suspect } = notes;
    if (suspect?.sequence === position && suspect.key === key && suspect.deaths >= maxTrials) {
      // What is wrong with one event is often wrong with those behind it.
      this.#groups = 0;
      return position > 0 && position <= handled ? 'go' : 'deadly';
    }
    this.#mark(key, input);
    return 'wait';
  }

  /** Nothing waits to be handled: it is over, as soon as all is kept. */
  nothingLeft(): void {
    if (!this.#isFree()) return;
    const { notes, work } = this.#ports;
    // The next suspect is not tried before, or this one would be blamed for it, too.
    this.#keep(notes.acquit(), () => {
      work.engine.tryEach(undefined);
      work.engine.wake();
    });
  }

  /** Makes room for other suspects. */
  leave(): void {
    this.#left = true;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#ports.turn.leave();
  }

  async #wait({ admitted, over }: SuspectTurn): Promise<void> {
    await admitted;
    this.#admitted = true;
    if (!this.#left) this.#ports.work.engine.wake();
    await over;
    this.#over = true;
  }

  #goes(key: string, input: EntityInput): void {
    this.#last = input;
    this.#keys.add(key);
  }

  /** Whether what was tried is kept, given up or not, and its children have shown what they do. */
  #isFree(): boolean {
    const { work, clock } = this.#ports;
    // A letter that is not stored when the next one ends the process would be none.
    if (this.#marking || work.commits.pending || work.failures.leaving > 0) return false;
    if (this.#over || !this.#isBusy()) return true;
    const waitMs = this.#triedAt + childrenMs - clock.monotonic();
    if (waitMs <= 0) return true;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(work.engine.wake, waitMs, true);
    return false;
  }

  #isBusy(): boolean {
    const { room, runner } = this.#ports.work;
    for (const key of this.#keys) {
      const { state } = room.cache.get(key) ?? {};
      if (state !== undefined && runner.busy(state)) return true;
    }
    return false;
  }

  #mark(key: string, input: EntityInput): void {
    const { notes, work, clock } = this.#ports;
    // Where an owner has died of one of several, those several fall into so many groups.
    if (this.#groups === narrowing) {
      this.#size = Math.min(mostTogether, this.#size * narrowing);
      this.#groups = 0;
    }
    const size = this.#size;
    this.#groups += 1;
    this.#keep(notes.mark(input.position, key, size), () => {
      this.#ahead = size - 1;
      this.#keys.clear();
      this.#goes(key, input);
      this.#triedAt = clock.monotonic();
      work.engine.wake();
    });
  }

  #keep(kept: Promise<void>, then: () => void): void {
    this.#marking = true;
    whenDone(
      kept,
      () => {
        this.#marking = false;
        if (!this.#left) then();
      },
      (error: unknown) => {
        if (!this.#left) this.#ports.onFailed(error);
      },
    );
  }
}

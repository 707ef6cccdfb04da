import type { EntityRunner } from '../../actors/entity-logic.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { SuspectTurn } from '../leases/suspect-trials.ts';
import { whenDone } from '../when-done.ts';
import type { EntityInput, LiveEntity } from './live-entity.ts';
import type { Suspect } from './place-record.ts';

/** Milliseconds that an entity's children have to show what they do, before the next input is tried. */
const childrenMs = 1_000;

/** What becomes of an input while they are tried one by one: `deadly`, as many owners died of it as may. */
export type Verdict = 'go' | 'wait' | 'deadly';

/** The parts of a kind that take part in a trial. */
export interface TriedWork {
  readonly commits: { readonly pending: boolean };
  readonly parking: { has(key: string): boolean };
  readonly room: { readonly cache: { get(key: string): LiveEntity | undefined } };
  readonly runner: Pick<EntityRunner, 'busy'>;
  readonly states: { positionOf(key: string): Promise<number> };
  readonly engine: { readonly wake: () => void; tryEach(trial: undefined): void };
}

/** Where it is kept what is being tried. */
export interface TrialNotes {
  readonly suspect: Suspect | undefined;
  /** What owners before may have had in their hands ends here. */
  readonly horizon: number;
  /** Resolves when it is kept that this is tried. @throws ConflictError, StorageError */
  mark(sequence: number, key: string): Promise<void>;
  /** All has been tried. */
  acquit(): void;
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
 * Tries the inputs of a partition one by one, where its owners have died one after the other.
 *
 *     its turn ─► note the first ─► handle it, keep it ─► note the next ─► … ─► nothing is left: acquitted
 *                      └── the process dies: it was this one, and the next owner counts it
 *
 * It tries what those owners can have had in their hands: events up to a horizon, and whatever is due by then.
 */
export class EntityTrial {
  readonly #ports: EntityTrialPorts;
  #admitted = false;
  #over = false;
  #left = false;
  #marking = false;
  /** The one that is being tried. */
  #tried: EntityInput | undefined;
  #triedAt = 0;
  #timer: TimerHandle;

  constructor(ports: EntityTrialPorts) {
    this.#ports = ports;
    void this.#wait(ports.turn);
  }

  /** How many owners died of the input that is suspected. */
  get deaths(): number {
    return this.#ports.notes.suspect?.deaths ?? 0;
  }

  /** Whether an input may be handled now. Who has to wait is woken. */
  judge(key: string, input: EntityInput): Verdict {
    const { notes, work, maxTrials, handled } = this.#ports;
    const { position } = input;
    if (input === this.#tried || position > notes.horizon || work.parking.has(key)) return 'go';
    const known = work.room.cache.get(key);
    if (position > 0 && known !== undefined && position <= known.position) return 'go';
    if (!this.#admitted || !this.#isFree()) return 'wait';
    const { suspect } = notes;
    if (suspect?.sequence === position && suspect.key === key && suspect.deaths >= maxTrials) {
      return position > 0 && position <= handled ? 'go' : 'deadly';
    }
    this.#mark(key, input);
    return 'wait';
  }

  /** Nothing waits to be handled: it is over, as soon as all is kept. */
  nothingLeft(): void {
    if (!this.#isFree()) return;
    this.#ports.notes.acquit();
    this.#ports.work.engine.tryEach(undefined);
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

  /** Whether what was tried last is kept, and its children have shown what they do. */
  #isFree(): boolean {
    const { work, clock } = this.#ports;
    if (this.#marking || work.commits.pending) return false;
    const { state } = work.room.cache.get(this.#tried?.key ?? '') ?? {};
    if (this.#over || state === undefined || !work.runner.busy(state)) return true;
    const waitMs = this.#triedAt + childrenMs - clock.monotonic();
    if (waitMs <= 0) return true;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(work.engine.wake, waitMs, true);
    return false;
  }

  #mark(key: string, input: EntityInput): void {
    const { notes, work, clock, onFailed } = this.#ports;
    this.#marking = true;
    whenDone(
      notes.mark(input.position, key),
      () => {
        this.#marking = false;
        if (this.#left) return;
        this.#tried = input;
        this.#triedAt = clock.monotonic();
        work.engine.wake();
      },
      (error: unknown) => {
        if (!this.#left) onFailed(error);
      },
    );
  }
}

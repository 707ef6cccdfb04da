import { TimeHeap } from '../queue/time-heap.ts';
import {
  type InputPoint,
  type OpenMark,
  type ResumePoint,
  ResumeTracker,
} from '../windows/resume-tracker.ts';
import type { Run, RunStart } from './run.ts';

/** Where a pattern that is looked for anew must take its input up. Plain data, to be stored. */
export interface PatternResumePoint extends ResumePoint {
  /** Position of the last input that had come. */
  readonly seen: number;
  /** Where the first event of the run lies that began first: what was looked at before it was done with. */
  readonly first?: number;
  /**
   * The same for each key that has runs, instead of `first`: where a match ends other runs, those that others
   * have ended must not be begun again. For a key that is not listed all that was looked at is done with.
   */
  readonly open?: readonly (readonly [key: string, position: number])[];
}

/** An input that waits to be looked at. */
export interface Arrival {
  readonly position: number;
  readonly mark: OpenMark;
}

type Began = Pick<Run<unknown>, 'startSequence' | 'start'>;

/** The state of a key, as far as it matters here. */
interface Tracked {
  readonly key: unknown;
  /** The one that began first stands first; matches that wait, wait for one that began before them. */
  readonly runs: readonly Began[];
  tracked: boolean;
}

/**
 * Follows from which input on all runs of a matcher can be made again.
 *
 * Events are looked at in an order of their own, so what a run needs begins with the earliest arrival that
 * was not looked at before its first event. That never goes back from run to run: the run that began first
 * tells. Keys stand in a heap by their first run, put right only when one comes to the top: O(log keys) for
 * each run that was first of its key.
 */
export class PatternRecovery {
  readonly #tell: (point: PatternResumePoint) => void;
  /** A match ends other runs, or a run keeps others from beginning: a key must not be begun amid. */
  readonly #listsKeys: boolean;
  readonly #inputs = new ResumeTracker(() => {});
  readonly #first = new TimeHeap<Tracked>();
  #told: InputPoint | undefined;
  #seen = -Infinity;
  #untold = 0;
  /** Where each key begins that had runs when the point was told that this began from. */
  readonly #begins = new Map<string, number>();
  readonly #begun = new Set<string>();
  #isBegun = false;
  /** Until all is as it was when that point was told, a new one would be wrong for keys that are skipped. */
  readonly #resumedAt: PatternResumePoint | undefined;

  constructor(
    listsKeys: boolean,
    resumeAt: PatternResumePoint | undefined,
    tell: (point: PatternResumePoint) => void,
  ) {
    this.#listsKeys = listsKeys;
    this.#tell = tell;
    this.#resumedAt = resumeAt;
    for (const [key, position] of resumeAt?.open ?? []) this.#begins.set(key, position);
  }

  /** An input has come; the watermark before it is `watermark`. */
  arrive(position: number, watermark: number): Arrival {
    this.#seen = position;
    this.#untold += 1;
    this.#inputs.see(position, watermark);
    return { position, mark: this.#inputs.open() };
  }

  /** An input is looked at next. */
  take({ position, mark }: Arrival): RunStart {
    const point = this.#inputs.needed ?? mark.point;
    this.#inputs.close(mark);
    return { position, point };
  }

  /** Of an input that was looked at before the point was told: whether no run needs it. */
  isPast(key: unknown, position: number): boolean {
    if (!this.#listsKeys) {
      this.#isBegun ||= position === this.#resumedAt?.first;
      return !this.#isBegun;
    }
    const text = String(key);
    if (this.#begun.has(text)) return false;
    if (this.#begins.get(text) !== position) return true;
    this.#begun.add(text);
    return false;
  }

  /** A key may have runs now. */
  track(state: Tracked): void {
    const first = state.runs[0];
    if (state.tracked || first === undefined) return;
    state.tracked = true;
    this.#first.push(first.startSequence, state);
  }

  /** Says where to resume, if that has changed; `keys` holds all keys that have runs, `live` of them. */
  report(told: number, keys: Iterable<Tracked>, live: number): void {
    const resumed = this.#resumedAt;
    if (resumed !== undefined && (told < resumed.told || this.#seen < resumed.seen)) return;
    const oldest = this.#oldest();
    const point = oldest?.point ?? this.#inputs.needed;
    if (point === undefined || point === this.#told) return;
    // A list costs as much as it is long; told no more often, it costs each input the same.
    if (this.#listsKeys && this.#told !== undefined && this.#untold < live) return;
    this.#told = point;
    this.#untold = 0;
    const resume = { ...point, told, seen: this.#seen };
    if (this.#listsKeys) this.#tell({ ...resume, open: openOf(keys) });
    else this.#tell(oldest === undefined ? resume : { ...resume, first: oldest.position });
  }

  /** The first event of the run that began first. */
  #oldest(): RunStart | undefined {
    const heap = this.#first;
    for (let state = heap.peek(); state !== undefined; state = heap.peek()) {
      const first = state.runs[0];
      if (first?.startSequence === heap.nextTime) return first.start;
      heap.pop();
      if (first === undefined) state.tracked = false;
      else heap.push(first.startSequence, state);
    }
    return undefined;
  }
}

function openOf(keys: Iterable<Tracked>): [string, number][] {
  const open: [string, number][] = [];
  for (const state of keys) {
    const start = state.runs[0]?.start;
    if (start !== undefined) open.push([String(state.key), start.position]);
  }
  return open;
}

import { none } from '../queue/linked-lists.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import {
  type InputPoint,
  type OpenMark,
  type ResumePoint,
  ResumeTracker,
} from '../windows/resume-tracker.ts';
import type { MatchedKeys } from './matched-keys.ts';
import type { RunStart } from './run.ts';
import type { RunTable } from './run-table.ts';

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

/** The keys and their runs, as far as they matter here. */
type Keys = Pick<MatchedKeys<unknown, unknown>, 'first' | 'known' | 'nameOf'>;
type Runs = Pick<RunTable<unknown>, 'start' | 'startSequence'>;

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
  readonly #first = new TimeHeap<number>();
  /** Whether a key stands in that heap; its place may have gone to another key since. */
  readonly #isTracked: boolean[] = [];
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
  track(key: number, keys: Keys, runs: Runs): void {
    const run = keys.first[key] as number;
    if (run === none || this.#isTracked[key] === true) return;
    this.#isTracked[key] = true;
    this.#first.push(runs.startSequence[run] as number, key);
  }

  /** Says where to resume, if that has changed; `live` keys have runs. */
  report(told: number, keys: Keys, runs: Runs, live: number): void {
    const resumed = this.#resumedAt;
    if (resumed !== undefined && (told < resumed.told || this.#seen < resumed.seen)) return;
    const oldest = this.#oldest(keys, runs);
    const point = oldest?.point ?? this.#inputs.needed;
    if (point === undefined || point === this.#told) return;
    // A list costs as much as it is long; told no more often, it costs each input the same.
    if (this.#listsKeys && this.#told !== undefined && this.#untold < live) return;
    this.#told = point;
    this.#untold = 0;
    const resume = { ...point, told, seen: this.#seen };
    if (this.#listsKeys) this.#tell({ ...resume, open: openOf(keys, runs) });
    else this.#tell(oldest === undefined ? resume : { ...resume, first: oldest.position });
  }

  /** The first event of the run that began first. */
  #oldest(keys: Keys, runs: Runs): RunStart | undefined {
    const heap = this.#first;
    for (let key = heap.peek(); key !== undefined; key = heap.peek()) {
      const run = keys.first[key] as number;
      const began = run === none ? none : (runs.startSequence[run] as number);
      if (began === heap.nextTime) return runs.start[run];
      heap.pop();
      if (run === none) this.#isTracked[key] = false;
      else heap.push(began, key);
    }
    return undefined;
  }
}

function openOf(keys: Keys, runs: Runs): [string, number][] {
  const open: [string, number][] = [];
  for (const key of keys.known()) {
    const start = runs.start[keys.first[key] as number];
    if (start !== undefined) open.push([String(keys.nameOf(key)), start.position]);
  }
  return open;
}

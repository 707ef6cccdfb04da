import type { Subscriber } from 'rxjs';
import { AggregateSet } from '../aggregates/aggregate-set.ts';
import { slidingFigure } from '../aggregates/sliding-figure.ts';
import type { SlidingFigure, SlidingRead } from '../aggregates/sliding-reads.ts';
import { QueueFullError } from '../event/errors.ts';
import { Fifo } from '../windows/fifo.ts';
import { type OpenMark, ResumeTracker } from '../windows/resume-tracker.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import { checkPosition } from './check-position.ts';
import { checkEventTime } from './event-time.ts';
import type { SideOutput } from './side-output.ts';
import type { Stage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import type { WindowOptions } from './window-options.ts';
import { resultId, type WindowKey } from './window-result.ts';

/** What every result of a sliding window says beside its figures. */
export interface SlidingFrame<T, K> {
  readonly key: K;
  /** The value at which the window ends; it is counted. */
  readonly value: T;
  /** Its event time. */
  readonly time: number;
  /** How many values came too late since the result before; 0 where the `late` output takes them. */
  readonly late: number;
  /** The same for the same result of a second run: name, time, key and place among results of one time. */
  readonly id: string;
}

/** A result of a sliding window: the frame, and one property for each aggregate. */
export type SlidingResult<T, K, R> = SlidingFrame<T, K> & { readonly [Name in keyof R]: R[Name] };

export interface SlidingSettings<T, R, K extends WindowKey> extends Pick<
  WindowOptions<T, R, K>,
  'aggregate' | 'late' | 'errors' | 'position' | 'resumeFrom' | 'resumeAt'
> {
  readonly sizeMs: number;
  readonly maxBuffered: number;
  readonly evicted?: SideOutput<NoInfer<T>>;
  readonly name: string;
  readonly time: (value: T) => number;
  readonly key: (value: T) => K;
}

/** A value that is held, and what its aggregates read from it. */
interface Held<T, K> extends SlidingRead {
  readonly value: T;
  readonly key: K;
  readonly mark: OpenMark | undefined;
}

/** The window of one key. */
interface SlidingPane<T, K> {
  readonly values: Fifo<Held<T, K>>;
  readonly figures: readonly SlidingFigure[];
  /** Event time of the last result, and how many had it. */
  lastTime: number;
  ordinal: number;
}

/**
 * A value waits in `waiting` until the watermark reaches it. Then it is in the window of its key, and in
 * `inside`, where the values of all keys are in order of time, so that each is taken out when its time is up.
 */
export class SlidingStage<T, R, K extends WindowKey> implements Stage<T> {
  readonly #settings: SlidingSettings<T, R, K>;
  readonly #output: Subscriber<SlidingResult<T, K, R> | Watermark>;
  readonly #aggregates: AggregateSet<T, R>;
  readonly #resume: ResumeTracker | undefined;
  readonly #waiting = new TimeHeap<Held<T, K>>();
  readonly #inside = new Fifo<Held<T, K>>();
  readonly #panes = new Map<K, SlidingPane<T, K>>();
  #time = -Infinity;
  #lateValues = 0;

  constructor(settings: SlidingSettings<T, R, K>, output: Subscriber<SlidingResult<T, K, R> | Watermark>) {
    this.#settings = settings;
    this.#output = output;
    this.#aggregates = new AggregateSet(settings.aggregate);
    const { resumeFrom } = settings;
    if (resumeFrom !== undefined) this.#resume = new ResumeTracker((point) => resumeFrom.next(point));
  }

  value(value: T): void {
    const settings = this.#settings;
    let time: number;
    let key: K;
    try {
      time = checkEventTime(settings.time(value));
      key = settings.key(value);
      this.#aggregates.read(value);
      if (settings.position !== undefined) {
        this.#resume?.see(checkPosition(settings.position(value)), this.#time);
      }
    } catch (error) {
      if (settings.errors === undefined) throw error;
      settings.errors.next({ value, error });
      return;
    }
    if (time < this.#time) {
      if (settings.late === undefined) this.#lateValues += 1;
      else settings.late.next(value);
    } else {
      const reads = this.#aggregates.takeReads();
      const held = { value, key, time, reads, mark: this.#resume?.open() };
      // At the watermark itself all that goes before it has come.
      if (time === this.#time) this.#enter(held);
      else this.#waiting.push(time, held);
      if (this.#waiting.size + this.#inside.size > settings.maxBuffered) this.#evictFirst();
    }
    this.#resume?.report(this.#time);
  }

  watermark(mark: Watermark): void {
    this.#advance(mark.time);
    this.#output.next(mark);
  }

  end(): void {
    this.#advance(Infinity);
  }

  #advance(time: number): void {
    this.#time = time;
    while (this.#waiting.nextTime <= time) {
      const held = this.#waiting.pop();
      if (held === undefined || this.#output.closed) break;
      this.#enter(held);
    }
    this.#leave(time);
    this.#resume?.report(this.#time);
  }

  /** Counts a value and emits the figures that end at it. */
  #enter(held: Held<T, K>): void {
    const { key, time, reads } = held;
    this.#leave(time);
    let pane = this.#panes.get(key);
    if (pane === undefined) {
      const figures = this.#aggregates.aggregates.map((aggregate, at) => slidingFigure(aggregate, at));
      pane = { values: new Fifo(), figures, lastTime: NaN, ordinal: 0 };
      this.#panes.set(key, pane);
    }
    pane.values.push(held);
    this.#inside.push(held);
    const { figures } = pane;
    for (let at = 0; at < figures.length; at += 1) figures[at]?.add(reads[at], time);
    pane.ordinal = pane.lastTime === time ? pane.ordinal + 1 : 0;
    pane.lastTime = time;
    // What lies before the point of an earlier run was told in that run.
    const { resumeAt } = this.#settings;
    if (resumeAt === undefined || time >= resumeAt.told) this.#output.next(this.#makeResult(held, pane));
  }

  /** Takes out what is no longer in the window of a value at `now`. */
  #leave(now: number): void {
    const { sizeMs } = this.#settings;
    for (;;) {
      const oldest = this.#inside.at(0);
      if (oldest === undefined || now - oldest.time < sizeMs) return;
      this.#takeOut(oldest);
    }
  }

  #takeOut(oldest: Held<T, K>): void {
    this.#inside.shift();
    this.#resume?.close(oldest.mark);
    const pane = this.#panes.get(oldest.key);
    if (pane === undefined) return;
    for (const figure of pane.figures) figure.removeOldest(pane.values);
    pane.values.shift();
    if (pane.values.size === 0) this.#panes.delete(oldest.key);
  }

  #makeResult({ key, value, time }: Held<T, K>, pane: SlidingPane<T, K>): SlidingResult<T, K, R> {
    const { name, sizeMs } = this.#settings;
    const id = resultId(name, time, key, pane.ordinal);
    const result: Record<string, unknown> = { key, value, time, late: this.#lateValues, id };
    this.#lateValues = 0;
    const { names } = this.#aggregates;
    const { figures } = pane;
    for (let at = 0; at < figures.length; at += 1) result[names[at] ?? ''] = figures[at]?.result(sizeMs);
    // One figure was put in for each name in R.
    return result as unknown as SlidingResult<T, K, R>;
  }

  #evictFirst(): void {
    const { evicted, maxBuffered, name } = this.#settings;
    if (evicted === undefined) {
      throw new QueueFullError(
        `${name} holds more than maxBuffered = ${maxBuffered} values; raise it, or give an evicted output`,
      );
    }
    const oldest = this.#inside.at(0);
    if (oldest !== undefined) {
      this.#takeOut(oldest);
      evicted.next(oldest.value);
      return;
    }
    const first = this.#waiting.pop();
    if (first === undefined) return;
    this.#resume?.close(first.mark);
    evicted.next(first.value);
  }
}

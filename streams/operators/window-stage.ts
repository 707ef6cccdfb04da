import type { Subscriber } from 'rxjs';
import { AggregateSet } from '../aggregates/aggregate-set.ts';
import type { Clock } from '../event/clock.ts';
import { QueueFullError } from '../event/errors.ts';
import { ResumeTracker } from '../windows/resume-tracker.ts';
import { checkPosition } from './check-position.ts';
import { checkEventTime } from './event-time.ts';
import type { Stage } from './stage.ts';
import { Ticker } from './ticker.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import { resultId, type WindowKey, type WindowResult, type WindowTiming } from './window-result.ts';

/** A window of one key that gives a result. */
export interface Told<K> {
  readonly key: K;
  /** Where its figures are. */
  readonly slot: number;
  readonly start: number;
  readonly end: number;
  /** How many results of it came before. */
  readonly revision: number;
}

/**
 * What all windows over event time do alike: read values, put late and failed ones out by the side, keep the
 * watermark, give results. Where a value belongs and when a window closes is for each kind to say.
 *
 * A value is added before anything is emitted for it, so that results fed back into the source meet a state
 * that is whole.
 */
export abstract class WindowStage<T, R, K extends WindowKey> implements Stage<T> {
  protected readonly settings: WindowSettings<T, R, K>;
  protected readonly output: Subscriber<WindowResult<K, R> | Watermark>;
  protected readonly aggregates: AggregateSet<T, R>;
  protected readonly resume: ResumeTracker | undefined;
  /** The watermark: what ends at or before it is closed. */
  protected time = -Infinity;
  /** Defers what waits for the end of a burst; undefined where nothing does. */
  protected readonly burst: Clock | undefined;
  readonly #ticker: Ticker | undefined;
  #inBurst = false;
  #lateValues = 0;

  constructor(settings: WindowSettings<T, R, K>, output: Subscriber<WindowResult<K, R> | Watermark>) {
    this.settings = settings;
    this.output = output;
    this.aggregates = new AggregateSet(settings.aggregate);
    const { resumeFrom, clock, early } = settings;
    this.burst = early?.coalesce === true ? clock : undefined;
    if (resumeFrom !== undefined) this.resume = new ResumeTracker((point) => resumeFrom.next(point));
    if (clock !== undefined && early?.everyClockMs !== undefined) {
      this.#ticker = new Ticker(clock, early.everyClockMs, () => {
        this.fireEarly();
        return false;
      });
    }
  }

  /** Counts the value that was read last. False if no window takes it any more. */
  protected abstract take(key: K, time: number): boolean;

  /** Closes what ends at or before the watermark. */
  protected abstract close(): void;

  /** Gives early results of all open windows that have taken values since their last. */
  protected abstract fireEarly(): void;

  /** Gives the early results that have waited for the end of a burst. */
  protected abstract endBurst(): void;

  /** Calls `endBurst` once the code that runs now is done. */
  protected awaitBurst(burst: Clock): void {
    if (this.#inBurst) return;
    this.#inBurst = true;
    burst.defer(() => {
      this.#inBurst = false;
      if (!this.output.closed) this.endBurst();
    });
  }

  value(value: T): void {
    const { settings, resume } = this;
    let time: number;
    let key: K;
    try {
      time = checkEventTime(settings.time(value));
      key = settings.key(value);
      this.aggregates.read(value);
      if (resume !== undefined && settings.position !== undefined) {
        resume.see(checkPosition(settings.position(value)), this.time);
      }
    } catch (error) {
      if (settings.errors === undefined) throw error;
      settings.errors.next({ value, error });
      return;
    }
    if (!this.take(key, time)) {
      if (settings.late === undefined) this.#lateValues += 1;
      else settings.late.next(value);
    }
    if (this.#ticker !== undefined) this.#ticker.hear();
    if (resume !== undefined) resume.report(this.time);
  }

  watermark(mark: Watermark): void {
    const { everyMs } = this.settings;
    const passed = Math.floor(mark.time / everyMs) > Math.floor(this.time / everyMs);
    this.time = mark.time;
    this.close();
    if (passed) this.fireEarly();
    this.resume?.report(this.time);
    this.output.next(mark);
  }

  end(): void {
    this.time = Infinity;
    this.close();
    this.resume?.report(this.time);
  }

  dispose(): void {
    this.#ticker?.stop();
  }

  /** Emits what a window holds, unless that was told before the pipeline started anew. */
  protected emit(window: Told<K>, timing: WindowTiming, replaces?: readonly string[]): void {
    const done = window.end + this.settings.allowedLatenessMs;
    if (done <= this.settings.toldUntil) return;
    // An early result may be told when its window is over: a reader of the one before has brought the watermark.
    const final = timing === 'on-time' && done <= this.time;
    const result = this.#makeResult(window, timing, final, this.#lateValues, replaces);
    this.#lateValues = 0;
    this.output.next(result);
  }

  /** Puts a window out by the side, for there are too many. */
  protected evict(window: Told<K>, replaces?: readonly string[]): void {
    const { evicted, maxOpenWindows, name } = this.settings;
    if (evicted === undefined) {
      throw new QueueFullError(
        `${name} has maxOpenWindows = ${maxOpenWindows} windows open; raise it, or give an evicted output`,
      );
    }
    const timing = window.end <= this.time ? 'late' : 'early';
    evicted.next(this.#makeResult(window, timing, false, 0, replaces));
  }

  #makeResult(
    { key, slot, start, end, revision }: Told<K>,
    timing: WindowTiming,
    final: boolean,
    late: number,
    replaces: readonly string[] | undefined,
  ): WindowResult<K, R> {
    const id = resultId(this.settings.name, start, key, revision);
    const frame: Record<string, unknown> = {
      key,
      start,
      end,
      time: end - 1,
      timing,
      revision,
      final,
      late,
      id,
    };
    if (replaces !== undefined) frame['replaces'] = replaces;
    this.aggregates.putResults(frame, slot, end - start);
    // The set has put in one figure for each name in R.
    return frame as unknown as WindowResult<K, R>;
  }
}

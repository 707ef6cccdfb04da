import { type OperatorFunction, type Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import { QueueFullError, ValidationError } from '../event/errors.ts';
import { MinimumTime, type TimeInput } from '../windows/minimum-time.ts';
import { checkLimit, checkMs } from './check-number.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { runStage, type Stage } from './stage.ts';
import { Ticker } from './ticker.ts';
import { Watermark } from './watermark.ts';

export interface WatermarkOptions<T> {
  /** How far behind the latest value a value may come and still be on time. Default `0`: none may. */
  readonly boundMs?: number;
  /** Event time of a value, in milliseconds since the epoch. Default: its `time` property. */
  readonly time?: (value: NoInfer<T>) => number;
  /** Emit a watermark only when it is this much above the last. Default `0`: at each advance. */
  readonly everyMs?: number;
  /** Which producer a value comes from. Each has its own watermark; theirs is the minimum. Default: one. */
  readonly source?: (value: NoInfer<T>) => unknown;
  /** How many producers there may be; beyond, a value of a new one has failed. Default `1_000`. */
  readonly maxSources?: number;
  /** A producer silent for this long is set aside, so that it does not hold the others. Needs `clock`. */
  readonly idleAfterMs?: number;
  /** When nothing has come for this long, the watermark goes on with the clock. Needs `clock`. */
  readonly advanceOnSilenceMs?: number;
  /** Tells the time for `idleAfterMs`, `advanceOnSilenceMs` and `maxClockSkewMs`. */
  readonly clock?: Clock;
  /** How far in the future of `clock` a value may lie; beyond, it has failed. Default `60_000` with a clock. */
  readonly maxClockSkewMs?: number;
  /** The watermark to begin with, to resume where a pipeline left off. Default: none. */
  readonly startAt?: number;
  /** Takes values without a usable time. Without it such a value ends the stream with its error. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<WatermarkOptions<unknown>> = {
  boundMs: true,
  time: 'function',
  everyMs: true,
  source: 'function',
  maxSources: true,
  idleAfterMs: true,
  advanceOnSilenceMs: true,
  clock: true,
  maxClockSkewMs: true,
  startAt: true,
  errors: 'output',
};

/**
 * Puts watermarks between the values: after a value, how far event time is known to have come.
 *
 * The watermark is the latest time seen less `boundMs`; it says that no value below it is still expected,
 * never goes back, and is `Infinity` when the source completes. With `source`, it is the minimum over the
 * producers. Values pass unchanged, late ones too: windows decide what is late. O(1) a value.
 *
 * @throws RangeError when an option is out of range, TypeError when one lacks the `clock` it needs.
 * @example
 * ```ts
 * from([{ time: 1_000 }, { time: 3_000 }]).pipe(
 *   withWatermarks({ boundMs: 500 }),
 *   map((value) => value.time),
 * ); // => 1000, 500, 3000, 2500, Infinity
 * ```
 */
export function withWatermarks<T>(options: WatermarkOptions<T> = {}): OperatorFunction<T, T | Watermark> {
  checkOptions('withWatermarks', options, names);
  const settings = resolveOptions(options);
  const stage = runStage<T, T>((output) => new WatermarkStage(settings, output));
  return (source) => source.pipe(stage);
}

interface Settings<T> extends WatermarkOptions<T> {
  readonly boundMs: number;
  readonly everyMs: number;
  readonly maxSources: number;
  readonly maxClockSkewMs: number;
}

function resolveOptions<T>(options: WatermarkOptions<T>): Settings<T> {
  const { boundMs = 0, everyMs = 0, maxSources = 1_000, clock, startAt } = options;
  const { maxClockSkewMs = 60_000 } = options;
  checkMs('boundMs', boundMs, 0);
  checkMs('everyMs', everyMs, 0);
  checkLimit('maxSources', maxSources, 1);
  for (const name of ['idleAfterMs', 'advanceOnSilenceMs', 'maxClockSkewMs'] as const) {
    const ms = options[name];
    if (ms === undefined || (name === 'maxClockSkewMs' && ms === Infinity)) continue;
    checkMs(name, ms, name === 'maxClockSkewMs' ? 0 : 1);
    if (clock === undefined) throw new TypeError(`${name} needs a clock`);
  }
  if (startAt !== undefined && !(typeof startAt === 'number' && startAt < Infinity)) {
    throw new RangeError(`startAt must be milliseconds, or -Infinity, got ${describeValue(startAt)}`);
  }
  return { ...options, boundMs, everyMs, maxSources, maxClockSkewMs };
}

class WatermarkStage<T> implements Stage<T> {
  readonly #settings: Settings<T>;
  readonly #output: Subscriber<T | Watermark>;
  readonly #time: (value: T) => number;
  readonly #sources = new Map<unknown, TimeInput>();
  readonly #minimum = new MinimumTime();
  readonly #tickers: Ticker[] = [];
  /** Latest time of all. */
  #latest = -Infinity;
  /** The watermark as emitted. */
  #mark: number;
  /** Times up to here are not ahead of the clock, without asking it. */
  #notAhead = -Infinity;

  constructor(settings: Settings<T>, output: Subscriber<T | Watermark>) {
    this.#settings = settings;
    this.#output = output;
    this.#time = settings.time ?? timeProperty;
    this.#mark = -Infinity;
    const { clock, idleAfterMs, advanceOnSilenceMs, startAt = -Infinity } = settings;
    if (clock !== undefined && idleAfterMs !== undefined) {
      this.#tickers.push(new Ticker(clock, idleAfterMs, () => this.#setAsideSilent()));
    }
    if (clock !== undefined && advanceOnSilenceMs !== undefined) {
      this.#tickers.push(new Ticker(clock, advanceOnSilenceMs, (quietMs) => this.#goOn(quietMs)));
    }
    if (startAt > -Infinity) this.#emit(startAt);
  }

  value(value: T): void {
    let time: number;
    let input: TimeInput | undefined;
    try {
      time = checkEventTime(this.#time(value));
      if (time > this.#notAhead) this.#checkAhead(time);
      if (this.#settings.source !== undefined) input = this.#inputOf(this.#settings.source(value));
    } catch (error) {
      const { errors } = this.#settings;
      if (errors === undefined) throw error;
      errors.next({ value, error });
      return;
    }
    this.#output.next(value);
    for (const ticker of this.#tickers) ticker.hear();
    if (time > this.#latest) this.#latest = time;
    if (input !== undefined) {
      this.#minimum.raise(input, time);
      this.#advance(this.#minimum.time - this.#settings.boundMs);
    } else {
      this.#advance(this.#latest - this.#settings.boundMs);
    }
  }

  watermark(): void {
    // A watermark from further up is about times that this operator reads anew.
  }

  end(): void {
    this.#emit(Infinity);
  }

  dispose(): void {
    for (const ticker of this.#tickers) ticker.stop();
  }

  #advance(time: number): void {
    if (time > this.#mark && time - this.#mark >= this.#settings.everyMs) this.#emit(time);
  }

  #emit(time: number): void {
    this.#mark = time;
    this.#output.next(new Watermark(time));
  }

  #checkAhead(time: number): void {
    const { clock, maxClockSkewMs } = this.#settings;
    if (clock === undefined) {
      this.#notAhead = Infinity;
      return;
    }
    this.#notAhead = clock.now() + maxClockSkewMs;
    if (time <= this.#notAhead) return;
    const ahead = time - this.#notAhead + maxClockSkewMs;
    const message = `lies ${ahead} ms in the future, more than maxClockSkewMs, ${maxClockSkewMs}`;
    throw new ValidationError(`the event time ${message}`, { issues: [{ field: 'time', message }] });
  }

  #inputOf(source: unknown): TimeInput {
    let input = this.#sources.get(source);
    if (input !== undefined) return input;
    const { maxSources } = this.#settings;
    if (this.#sources.size >= maxSources) {
      throw new QueueFullError(`withWatermarks already follows maxSources = ${maxSources} producers`);
    }
    input = this.#minimum.add();
    this.#sources.set(source, input);
    return input;
  }

  #setAsideSilent(): boolean {
    const active = this.#minimum.setAsideSilent();
    this.#advance(this.#minimum.time - this.#settings.boundMs);
    return active;
  }

  #goOn(quietMs: number): boolean {
    this.#advance(this.#latest - this.#settings.boundMs + quietMs);
    return true;
  }
}

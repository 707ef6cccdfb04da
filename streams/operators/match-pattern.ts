import type { OperatorFunction, Subscriber } from 'rxjs';
import { compilePattern } from '../cep/compile-pattern.ts';
import { KeyedMatcher, type LossReason, type MatcherOutput } from '../cep/keyed-matcher.ts';
import type { PartialMatch, PatternMatch } from '../cep/match.ts';
import type { Pattern } from '../cep/pattern-builder.ts';
import type { Completed, Run } from '../cep/run.ts';
import type { PatternSpec } from '../cep/stage.ts';
import { takenEvents } from '../cep/taken-events.ts';
import { describeValue } from '../event/describe-value.ts';
import { QueueFullError } from '../event/errors.ts';
import { TimeBuffer } from '../queue/time-buffer.ts';
import { checkLimit } from './check-number.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { runStage, type Stage } from './stage.ts';
import { Watermark } from './watermark.ts';

/** Among what the pattern is looked for, in what order, and within what bounds. */
export interface MatchPatternOptions<E, S, K = undefined> {
  /** Patterns are looked for among the events of one key. Default: all events together. */
  readonly key?: (event: E) => K;
  /** Event time of an event, in milliseconds since the epoch. Default: its `time` property. */
  readonly time?: (event: E) => number;
  /**
   * `event-time` (default): events are sorted by time, and looked at once the watermark has passed them.
   * `arrival`: events are looked at as they come, for sources that are in order.
   */
  readonly order?: 'event-time' | 'arrival';
  /** Runs in the making a key may have; beyond, those that began first are evicted. Default `1_000`. */
  readonly maxPartials?: number;
  /** Events a run may hold; one that would go on beyond is evicted. Default `10_000`. */
  readonly maxEvents?: number;
  /** Keys that may have runs; beyond, the key whose runs expire first is evicted. Default `100_000`. */
  readonly maxKeys?: number;
  /** Events that may wait for the watermark; beyond, the stream ends with an error. Default `1_000_000`. */
  readonly maxBuffered?: number;
  /** Takes events below the watermark. Without it they are counted on the next match. */
  readonly late?: SideOutput<E>;
  /** Takes events without a usable time, and those for which a selector or condition threw. Else: an error. */
  readonly errors?: SideOutput<FailedValue<E>>;
  /** Takes runs that `within`, or the end of the source, has ended. Without it they go unseen. */
  readonly timedOut?: SideOutput<PartialMatch<S, K>>;
  /** Takes runs that a limit has ended. Without it, reaching a limit ends the stream with an error. */
  readonly evicted?: SideOutput<PartialMatch<S, K>>;
}

/**
 * Emits the matches of a pattern, each with the events that made it, by stage.
 *
 * With watermarks in the stream a match does not depend on the order in which events came, within their
 * bound, and an absence is noticed without a further event. A match comes when its last event is known to
 * be in order; when the source completes, all waits are over.
 *
 * O(runs of the key) an event; memory is bounded by the `max` options. Reaching one is never silent.
 *
 * @throws RangeError when a limit is below 1, TypeError when the pattern cannot be.
 * @example
 * ```ts
 * const retries = pattern<{ time: number; what: string }>()
 *   .begin('lost', (e) => e.what === 'lost')
 *   .next('again', (e) => e.what === 'sent');
 * from([{ time: 1, what: 'lost' }, { time: 2, what: 'sent' }]).pipe(
 *   matchPattern(retries, { order: 'arrival' }),
 *   withoutWatermarks(),
 *   map((match) => match.events.again[0].time),
 * ); // => 2
 * ```
 */
export function matchPattern<E, S, K = undefined>(
  pattern: Pattern<E, S>,
  options: MatchPatternOptions<E, S, K> = {},
): OperatorFunction<E | Watermark, PatternMatch<S, K> | Watermark> {
  const settings = checkOptions(options);
  const { spec } = pattern;
  compilePattern(spec);
  return runStage<E, PatternMatch<S, K>>((output) => new PatternStage(spec, settings, output));
}

interface Settings<E, S, K> extends MatchPatternOptions<E, S, K> {
  readonly maxPartials: number;
  readonly maxEvents: number;
  readonly maxKeys: number;
  readonly maxBuffered: number;
}

function checkOptions<E, S, K>(options: MatchPatternOptions<E, S, K>): Settings<E, S, K> {
  const {
    maxPartials = 1_000,
    maxEvents = 10_000,
    maxKeys = 100_000,
    maxBuffered = 1_000_000,
    order,
  } = options;
  checkLimit('maxPartials', maxPartials, 1);
  checkLimit('maxEvents', maxEvents, 1);
  checkLimit('maxKeys', maxKeys, 1);
  checkLimit('maxBuffered', maxBuffered, 1);
  if (order !== undefined && order !== 'event-time' && order !== 'arrival') {
    throw new TypeError(`order must be event-time or arrival, got ${describeValue(order)}`);
  }
  return { ...options, maxPartials, maxEvents, maxKeys, maxBuffered };
}

class PatternStage<E, S, K> implements Stage<E>, MatcherOutput<E, K> {
  readonly #settings: Settings<E, S, K>;
  readonly #output: Subscriber<PatternMatch<S, K> | Watermark>;
  readonly #names: readonly string[];
  readonly #matcher: KeyedMatcher<E, K>;
  readonly #key: ((event: E) => K) | undefined;
  readonly #time: (event: E) => number;
  readonly #sorts: boolean;
  /** Events that are not below the watermark. */
  readonly #waiting = new TimeBuffer<E>();
  /** What came while an event was being looked at, from a reader that feeds its source. */
  readonly #inbox: (E | Watermark)[] = [];
  #busy = false;
  #mark = -Infinity;
  #late = 0;

  constructor(
    spec: PatternSpec<E>,
    settings: Settings<E, S, K>,
    output: Subscriber<PatternMatch<S, K> | Watermark>,
  ) {
    const program = compilePattern(spec);
    this.#settings = settings;
    this.#output = output;
    this.#names = program.names;
    this.#key = settings.key;
    this.#time = settings.time ?? timeProperty;
    this.#sorts = settings.order !== 'arrival';
    this.#matcher = new KeyedMatcher(program, settings, this);
  }

  value(event: E): void {
    if (this.#busy) this.#defer(event);
    else this.#run(event);
  }

  watermark(mark: Watermark): void {
    if (this.#busy) this.#defer(mark);
    else this.#run(mark);
  }

  end(): void {
    this.#release(Infinity);
    this.#matcher.end();
  }

  failed(value: E, error: unknown): void {
    const { errors } = this.#settings;
    if (errors === undefined) throw error;
    errors.next({ value, error });
  }

  matched(key: K, { taken, startTime, endTime }: Completed<E>): void {
    const events = takenEvents(taken, this.#names) as S;
    const late = this.#late;
    this.#late = 0;
    this.#output.next({ key, events, start: startTime, end: endTime, time: endTime, late });
  }

  lost(key: K, run: Run<E>, reason: LossReason, end: number): void {
    const { timedOut, evicted } = this.#settings;
    const sink = reason === 'evicted' ? evicted : timedOut;
    if (sink === undefined) return;
    const events = takenEvents(run.taken, this.#names) as PartialMatch<S, K>['events'];
    sink.next({ key, events, start: run.startTime, end, reason });
  }

  overflowed(key: K, limit: string): void {
    if (this.#settings.evicted !== undefined) return;
    const where = key === undefined ? '' : ` at key ${describeValue(key)}`;
    throw new QueueFullError(
      `matchPattern reached ${limit}${where}; narrow the pattern, or take what is given up with an evicted output`,
    );
  }

  #run(input: E | Watermark): void {
    this.#busy = true;
    this.#take(input);
    for (let index = 0; index < this.#inbox.length; index += 1)
      this.#take(this.#inbox[index] as E | Watermark);
    this.#inbox.length = 0;
    this.#busy = false;
  }

  #defer(input: E | Watermark): void {
    this.#checkRoom(this.#inbox.length);
    this.#inbox.push(input);
  }

  #take(input: E | Watermark): void {
    if (input instanceof Watermark) {
      this.#pass(input);
      return;
    }
    let time: number;
    try {
      time = checkEventTime(this.#time(input));
    } catch (error) {
      this.failed(input, error);
      return;
    }
    if (time < this.#mark) this.#leaveOut(input);
    else if (this.#sorts) {
      this.#checkRoom(this.#waiting.size);
      this.#waiting.push(time, input);
    } else this.#process(input, time);
  }

  #pass(mark: Watermark): void {
    if (mark.time <= this.#mark) return;
    this.#mark = mark.time;
    this.#release(mark.time);
    if (this.#key === undefined && mark.time < Infinity) this.#matcher.meet(undefined as K, mark.time);
    this.#matcher.advance(mark.time);
    this.#output.next(mark);
  }

  #release(before: number): void {
    const waiting = this.#waiting;
    while (waiting.nextTime < before && !this.#output.closed) {
      const time = waiting.nextTime;
      this.#process(waiting.shift(), time);
    }
  }

  #process(event: E, time: number): void {
    let key = undefined as K;
    if (this.#key !== undefined) {
      try {
        key = this.#key(event);
      } catch (error) {
        this.failed(event, error);
        return;
      }
    }
    this.#matcher.process(key, event, time);
  }

  #leaveOut(event: E): void {
    if (this.#settings.late === undefined) this.#late += 1;
    else this.#settings.late.next(event);
  }

  #checkRoom(size: number): void {
    if (size < this.#settings.maxBuffered) return;
    throw new QueueFullError(
      `matchPattern holds maxBuffered = ${size} events that wait for a watermark; put withWatermarks() before it`,
    );
  }
}

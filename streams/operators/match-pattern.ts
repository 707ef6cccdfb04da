import type { OperatorFunction, Subscriber } from 'rxjs';
import { compilePattern } from '../cep/compile-pattern.ts';
import { KeyedMatcher, type LossReason, type MatcherOutput } from '../cep/keyed-matcher.ts';
import { matchId } from '../cep/match-id.ts';
import type { PartialMatch, PatternMatch } from '../cep/match.ts';
import { type Arrival, PatternRecovery } from '../cep/pattern-recovery.ts';
import type { Pattern } from '../cep/pattern-builder.ts';
import type { Completed, Ended, RunStart } from '../cep/run.ts';
import type { PatternSpec } from '../cep/stage.ts';
import { takenEvents } from '../cep/taken-events.ts';
import { describeValue } from '../event/describe-value.ts';
import { QueueFullError } from '../event/errors.ts';
import { TimeBuffer } from '../queue/time-buffer.ts';
import { checkPosition } from './check-position.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import {
  checkPatternOptions,
  type MatchPatternOptions,
  type PatternSettings,
} from './match-pattern-options.ts';
import { runStage, type Stage } from './stage.ts';
import { Watermark } from './watermark.ts';

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
  const spec = specOf(pattern);
  const settings = checkPatternOptions(options, spec);
  compilePattern(spec);
  return runStage<E, PatternMatch<S, K>>((output) => new PatternStage(spec, settings, output));
}

function specOf<E>(found: { readonly spec: PatternSpec<E> }): PatternSpec<E> {
  // Called without types, it may be given anything.
  if (typeof found?.spec === 'object') return found.spec;
  throw new TypeError(`matchPattern needs a pattern, as pattern() makes it; got ${describeValue(found)}`);
}

class PatternStage<E, S, K> implements Stage<E>, MatcherOutput<E, K> {
  readonly #settings: PatternSettings<E, S, K>;
  readonly #output: Subscriber<PatternMatch<S, K> | Watermark>;
  readonly #names: readonly string[];
  readonly #matcher: KeyedMatcher<E, K>;
  readonly #key: ((event: E) => K) | undefined;
  readonly #time: (event: E) => number;
  readonly #sorts: boolean;
  /** Events that are not below the watermark. */
  readonly #waiting = new TimeBuffer<E>();
  readonly #recovery: PatternRecovery | undefined;
  /** For each of `#waiting`, how it came. Empty without `#recovery`. */
  readonly #arrivals = new TimeBuffer<Arrival>();
  /** What came while an event was being looked at, from a reader that feeds its source. */
  readonly #inbox: (E | Watermark)[] = [];
  /** How many of them have been taken. */
  #unpacked = 0;
  #busy = false;
  #mark = -Infinity;
  #late = 0;

  constructor(
    spec: PatternSpec<E>,
    settings: PatternSettings<E, S, K>,
    output: Subscriber<PatternMatch<S, K> | Watermark>,
  ) {
    const program = compilePattern(spec);
    this.#settings = settings;
    this.#output = output;
    this.#names = program.names;
    this.#key = settings.key;
    this.#time = settings.time ?? timeProperty;
    this.#sorts = settings.order !== 'arrival';
    this.#recovery = recoveryFor(spec, settings);
    this.#matcher = new KeyedMatcher(program, settings, this, this.#recovery);
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
    this.#unpack();
    this.#release(Infinity);
    this.#matcher.end();
    this.#report(Infinity);
  }

  failed(value: E, error: unknown): void {
    const { errors } = this.#settings;
    if (errors === undefined) throw error;
    errors.next({ value, error });
  }

  matched(key: K, match: Completed<E>): void {
    const { startTime, endTime } = match;
    const { name, position } = this.#settings;
    const events = takenEvents(match.taken, this.#names) as S;
    const id = matchId(name, key, match, position);
    const late = this.#late;
    this.#late = 0;
    this.#output.next({ key, events, start: startTime, end: endTime, time: endTime, late, id });
  }

  lost(key: K, run: Ended<E>, reason: LossReason, end: number): void {
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
    this.#unpack();
    this.#busy = false;
  }

  /** Takes what came meanwhile. A reader may end the source amid it, which then takes the rest. */
  #unpack(): void {
    while (this.#unpacked < this.#inbox.length) {
      const input = this.#inbox[this.#unpacked] as E | Watermark;
      this.#unpacked += 1;
      this.#take(input);
    }
    // Setting the length of an array is a call into the engine, even where it changes nothing.
    if (this.#unpacked > 0) this.#inbox.length = 0;
    this.#unpacked = 0;
  }

  #defer(input: E | Watermark): void {
    this.#checkRoom(this.#inbox.length, 'for a reader that feeds them in; let it stop');
    this.#inbox.push(input);
  }

  #take(input: E | Watermark): void {
    if (input instanceof Watermark) {
      this.#pass(input);
      return;
    }
    const recovery = this.#recovery;
    const { position: positionOf } = this.#settings;
    let time: number;
    let position = 0;
    try {
      time = checkEventTime(this.#time(input));
      // Read now, though ids need it only for a match: what throws concerns this event.
      if (positionOf !== undefined) position = checkPosition(positionOf(input));
    } catch (error) {
      this.failed(input, error);
      return;
    }
    if (time < this.#mark) {
      this.#leaveOut(input);
      return;
    }
    const arrival = recovery?.arrive(position, this.#mark);
    if (this.#sorts) {
      this.#checkRoom(this.#waiting.size, 'for a watermark; put withWatermarks() before it');
      this.#waiting.push(time, input);
      if (arrival !== undefined) this.#arrivals.push(time, arrival);
      return;
    }
    this.#process(input, time, arrival);
    this.#report(this.#mark);
  }

  #pass(mark: Watermark): void {
    this.#mark = mark.time;
    this.#release(mark.time);
    if (this.#key === undefined && mark.time < Infinity) this.#matcher.meet(undefined as K, mark.time);
    this.#matcher.advance(mark.time);
    this.#report(mark.time);
    this.#output.next(mark);
  }

  #release(before: number): void {
    const waiting = this.#waiting;
    while (waiting.nextTime < before && !this.#output.closed) {
      const time = waiting.nextTime;
      const event = waiting.shift();
      this.#process(event, time, this.#recovery === undefined ? undefined : this.#arrivals.shift());
    }
  }

  #process(event: E, time: number, arrival: Arrival | undefined): void {
    let key = undefined as K;
    const start = arrival && this.#recovery?.take(arrival);
    if (this.#key !== undefined) {
      try {
        key = this.#key(event);
      } catch (error) {
        this.failed(event, error);
        return;
      }
    }
    if (start !== undefined && this.#isPast(key, time, start)) this.#matcher.advance(time);
    else this.#matcher.process(key, event, time, start);
  }

  /** Whether the event was done with before the crash, and no run of its key is to be made again with it. */
  #isPast(key: K, time: number, { position }: RunStart): boolean {
    const { resumeAt } = this.#settings;
    if (resumeAt === undefined) return false;
    const wasLookedAt = this.#sorts ? time < resumeAt.told : position <= resumeAt.seen;
    return wasLookedAt && this.#recovery?.isPast(key, position) === true;
  }

  /** Not once the output is closed: what waits may then be below the watermark. */
  #report(told: number): void {
    if (this.#recovery !== undefined && !this.#output.closed) this.#matcher.report(told);
  }

  #leaveOut(event: E): void {
    if (this.#settings.late === undefined) this.#late += 1;
    else this.#settings.late.next(event);
  }

  #checkRoom(size: number, whatFor: string): void {
    if (size < this.#settings.maxBuffered) return;
    throw new QueueFullError(`matchPattern holds maxBuffered = ${size} events that wait ${whatFor}`);
  }
}

function recoveryFor<E, S, K>(
  { skip, starts }: PatternSpec<E>,
  { resumeFrom, resumeAt }: PatternSettings<E, S, K>,
): PatternRecovery | undefined {
  if (resumeFrom === undefined && resumeAt === undefined) return undefined;
  // Runs of the same key are strangers to each other unless a match, or a run, ends or bars others.
  const areStrangers = skip === 'none' && starts === 'each';
  return new PatternRecovery(!areStrangers, resumeAt, (point) => resumeFrom?.next(point));
}

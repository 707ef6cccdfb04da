import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { PartialMatch } from '../cep/match.ts';
import type { PatternResumePoint } from '../cep/pattern-recovery.ts';
import type { PatternSpec } from '../cep/stage.ts';
import { describeValue } from '../event/describe-value.ts';
import { checkLimit } from './check-number.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

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
  /** Begins the ids of matches; different for each pipeline whose matches meet. Default `matchPattern`. */
  readonly name?: string;
  /** Where an event lies in its source: a number that grows from event to event. For ids and `resumeFrom`. */
  readonly position?: (event: E) => number;
  /**
   * Learns from where the source must be read again after a crash. Needs `position`, and keys whose texts
   * differ. A match may then come twice, with the same id. Not for patterns with `once`, or that begin with
   * `absentFor`: they need all that ever came.
   */
  readonly resumeFrom?: SideOutput<PatternResumePoint>;
  /** The point that this pipeline starts anew from. */
  readonly resumeAt?: PatternResumePoint;
  /** Takes events below the watermark. Without it they are counted on the next match. */
  readonly late?: SideOutput<E>;
  /** Takes events without a usable time, and those for which a selector or condition threw. Else: an error. */
  readonly errors?: SideOutput<FailedValue<E>>;
  /** Takes runs that `within`, or the end of the source, has ended. Without it they go unseen. */
  readonly timedOut?: SideOutput<PartialMatch<S, K>>;
  /** Takes runs that a limit has ended. Without it, reaching a limit ends the stream with an error. */
  readonly evicted?: SideOutput<PartialMatch<S, K>>;
}

export const matchPatternNames: OptionNames<MatchPatternOptions<unknown, unknown, unknown>> = {
  key: 'function',
  time: 'function',
  order: true,
  maxPartials: true,
  maxEvents: true,
  maxKeys: true,
  maxBuffered: true,
  name: true,
  position: 'function',
  resumeFrom: 'output',
  resumeAt: true,
  late: 'output',
  errors: 'output',
  timedOut: 'output',
  evicted: 'output',
};

/** Options that have been checked, with their defaults. */
export interface PatternSettings<E, S, K> extends MatchPatternOptions<E, S, K> {
  readonly name: string;
  readonly maxPartials: number;
  readonly maxEvents: number;
  readonly maxKeys: number;
  readonly maxBuffered: number;
}

/** @throws RangeError when a limit is below 1, TypeError when options do not go together. */
export function checkPatternOptions<E, S, K>(
  options: MatchPatternOptions<E, S, K>,
  spec: PatternSpec<E>,
): PatternSettings<E, S, K> {
  checkOptions('matchPattern', options, matchPatternNames);
  const {
    maxPartials = 1_000,
    maxEvents = 10_000,
    maxKeys = 100_000,
    maxBuffered = 1_000_000,
    order,
    name = 'matchPattern',
  } = options;
  checkLimit('maxPartials', maxPartials, 1);
  checkLimit('maxEvents', maxEvents, 1);
  checkLimit('maxKeys', maxKeys, 1);
  checkLimit('maxBuffered', maxBuffered, 1);
  if (order !== undefined && order !== 'event-time' && order !== 'arrival') {
    throw new TypeError(`order must be event-time or arrival, got ${describeValue(order)}`);
  }
  if (options.resumeFrom !== undefined || options.resumeAt !== undefined) checkRecovery(options, spec);
  return { ...options, name, maxPartials, maxEvents, maxKeys, maxBuffered };
}

function checkRecovery<E, S, K>(
  { position, resumeAt }: MatchPatternOptions<E, S, K>,
  { starts, stages }: PatternSpec<E>,
): void {
  if (position === undefined) throw new TypeError('resumeFrom and resumeAt need a position');
  if (starts === 'once' || stages[0]?.kind === 'absent') {
    const which = starts === 'once' ? 'that starts once' : 'that begins with absentFor';
    throw new TypeError(`a pattern ${which} cannot resume: it needs all events that ever came`);
  }
  if (resumeAt === undefined) return;
  for (const part of ['position', 'watermark', 'told', 'seen'] as const) {
    const value: unknown = resumeAt[part];
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw new TypeError(`resumeAt.${part} must be a number, got ${describeValue(value)}`);
    }
  }
}

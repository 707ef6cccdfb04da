import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { LogRange } from '../event-log.ts';
import { typeMatcher } from './type-matcher.ts';

/** A range with its defaults filled in. */
export interface ResolvedRange {
  readonly from: number;
  readonly to: number;
  readonly since: number | undefined;
  readonly until: number | undefined;
  /** Undefined when all types are wanted. */
  readonly accepts: ((type: string) => boolean) | undefined;
  readonly key: string | undefined;
  readonly correlationId: string | undefined;
  readonly limit: number;
  readonly newest: boolean;
}

const maxLimit = 65_536;

const names: OptionNames<LogRange> = {
  from: true,
  to: true,
  since: true,
  until: true,
  patterns: true,
  key: true,
  correlationId: true,
  limit: true,
  order: true,
};

const wholeLog: ResolvedRange = {
  from: 1,
  to: Number.MAX_SAFE_INTEGER,
  since: undefined,
  until: undefined,
  accepts: undefined,
  key: undefined,
  correlationId: undefined,
  limit: 1_024,
  newest: false,
};

/** Checks a range and fills in what it leaves out. @throws TypeError, RangeError that name the option */
export function resolveRange(range: LogRange | undefined): ResolvedRange {
  if (range === undefined) return wholeLog;
  checkOptions('the range of a log', range, names);
  const { from, to, since, until, patterns, key, correlationId, limit, order } = range;
  checkPosition('from', from);
  checkPosition('to', to);
  checkMoment('since', since);
  checkMoment('until', until);
  checkText('key', key);
  checkText('correlationId', correlationId);
  if (order !== undefined) checkChoice('order', order, ['oldest', 'newest']);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= maxLimit)) {
    throw new RangeError(`limit must be an integer from 1 to ${maxLimit}, got ${describeValue(limit)}`);
  }
  return {
    from: Math.max(1, from ?? 1),
    to: to ?? Number.MAX_SAFE_INTEGER,
    since,
    until,
    accepts: patterns === undefined ? undefined : typeMatcher(patterns),
    key,
    correlationId,
    limit: limit ?? 1_024,
    newest: order === 'newest',
  };
}

/** Whether a range wants an event of its positions and times. */
export function isWanted(event: EventEnvelope, { key, correlationId, accepts }: ResolvedRange): boolean {
  if (key !== undefined && event.key !== key) return false;
  if (correlationId !== undefined && event.correlationId !== correlationId) return false;
  return accepts === undefined || accepts(event.type);
}

/** Refuses what is no position. 0 stands before the first: a reader that goes down from 1 comes there. */
export function checkPosition(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new RangeError(
    `${name} must be a position of the log, an integer of 0 or more; got ${describeValue(value)}`,
  );
}

/** Refuses what is no time. @throws RangeError */
export function checkMoment(name: string, value: number | undefined): void {
  if (value === undefined || Number.isFinite(value)) return;
  throw new RangeError(`${name} must be a time in milliseconds since the epoch, got ${describeValue(value)}`);
}

function checkText(name: string, value: string | undefined): void {
  if (value === undefined || typeof value === 'string') return;
  throw new TypeError(`${name} must be a string, got ${describeValue(value)}`);
}

import { NEVER, of } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import {
  adaptiveConcurrency,
  aggregate,
  backoff,
  batch,
  cooldown,
  count,
  countWindow,
  dedupe,
  detectAbsence,
  detectCount,
  detectSequence,
  enrich,
  failureWindow,
  hoppingWindow,
  joinAsOf,
  joinInterval,
  joinLatest,
  joinWindow,
  laneMap,
  matchPattern,
  mergeLanes,
  mergeWatermarked,
  orderByKey,
  pattern,
  rateLimit,
  retryWithBackoff,
  risingEdge,
  sample,
  sessionWindow,
  slidingWindow,
  trialWindow,
  tumblingWindow,
  validate,
  withBackpressure,
  withWatermarks,
} from 'breakwater/streams';
import { z } from 'zod';
import type { Timed } from './operator-contract.ts';

export type Options = Readonly<Record<string, unknown>>;
/** Makes an operator with options that its types would not allow. */
export type Make = (options: never) => unknown;

const clock = createVirtualClock();
const table = NEVER;
const key = (value: Timed): string => value.key;
const aggregates = { aggregate: { n: count<Timed>() } };
const keys = { leftKey: key, rightKey: key };
const random = () => 0.5;
const any = pattern<Timed>().begin('any');

/** Each operator, options that it takes, and those of its options that are numbers. */
export const operatorOptions: readonly (readonly [string, Make, Options, readonly string[]])[] = [
  [
    'tumblingWindow',
    tumblingWindow,
    { ...aggregates, sizeMs: 10 },
    ['sizeMs', 'allowedLatenessMs', 'maxOpenWindows'],
  ],
  ['hoppingWindow', hoppingWindow, { ...aggregates, sizeMs: 10, hopMs: 5 }, ['sizeMs', 'hopMs']],
  ['sessionWindow', sessionWindow, { ...aggregates, gapMs: 10 }, ['gapMs', 'maxOpenWindows']],
  ['slidingWindow', slidingWindow, { ...aggregates, sizeMs: 10 }, ['sizeMs', 'maxBuffered']],
  ['countWindow', countWindow, { ...aggregates, size: 10 }, ['size', 'every', 'maxKeys']],
  [
    'aggregate',
    (options: never) => aggregate<Timed, { n: number }>(aggregates.aggregate, options),
    {},
    ['maxKeys'],
  ],
  [
    'joinWindow',
    (options: never) => joinWindow(table, options),
    { ...keys, sizeMs: 10 },
    ['sizeMs', 'maxBuffered'],
  ],
  [
    'joinInterval',
    (options: never) => joinInterval(table, options),
    { ...keys, fromMs: 0, toMs: 5 },
    ['maxBuffered'],
  ],
  ['joinAsOf', (options: never) => joinAsOf(table, options), keys, ['maxBuffered']],
  ['joinLatest', (options: never) => joinLatest(table, options), keys, ['maxKeys']],
  [
    'matchPattern',
    (options: never) => matchPattern(any, options),
    {},
    ['maxPartials', 'maxEvents', 'maxKeys', 'maxBuffered'],
  ],
  ['detectSequence', (options: never) => detectSequence([() => true], options), {}, ['withinMs', 'maxKeys']],
  [
    'detectCount',
    (options: never) => detectCount(() => true, options),
    { count: 2, withinMs: 5 },
    ['count', 'withinMs'],
  ],
  [
    'detectAbsence',
    (options: never) => detectAbsence(() => true, options),
    { forMs: 5 },
    ['forMs', 'maxBuffered'],
  ],
  ['risingEdge', risingEdge, { when: () => true }, ['maxKeys']],
  ['cooldown', cooldown, { ms: 5 }, ['ms', 'maxKeys']],
  [
    'withWatermarks',
    withWatermarks,
    { clock },
    ['boundMs', 'everyMs', 'maxSources', 'idleAfterMs', 'advanceOnSilenceMs', 'maxClockSkewMs'],
  ],
  ['mergeWatermarked', (options: never) => mergeWatermarked([of(1)], options), { clock }, ['idleAfterMs']],
  ['laneMap', (options: never) => laneMap(() => NEVER, options), {}, ['concurrency', 'capacity']],
  ['orderByKey', (options: never) => orderByKey(() => NEVER, options), {}, ['concurrency', 'capacity']],
  ['withBackpressure', withBackpressure, {}, ['credit', 'capacity']],
  ['mergeLanes', (options: never) => mergeLanes({}, options), {}, ['credit', 'capacity']],
  ['rateLimit', rateLimit, { clock, ratePerSecond: 5 }, ['ratePerSecond', 'burst', 'capacity', 'maxKeys']],
  ['dedupe', dedupe, { clock }, ['windowMs', 'maxIds']],
  ['sample', sample, { random, share: 0.5 }, ['share']],
  ['batch', batch, { clock, sizeOf: () => 1 }, ['maxCount', 'maxBytes', 'maxWaitMs']],
  [
    'enrich',
    enrich,
    { clock, key, lookUp: key, combine: key },
    ['concurrency', 'capacity', 'maxEntries', 'ttlMs'],
  ],
  ['validate', (options: never) => validate(z.number(), options), {}, ['concurrency', 'capacity']],
  ['retryWithBackoff', retryWithBackoff, { clock, random }, ['maxAttempts', 'baseMs', 'maxMs', 'factor']],
  ['backoff', backoff, {}, ['baseMs', 'maxMs', 'factor']],
  ['adaptiveConcurrency', adaptiveConcurrency, { clock }, ['initial', 'min', 'max', 'tolerance']],
  [
    'failureWindow',
    failureWindow,
    {},
    ['windowSize', 'minimumCalls', 'failureRateThreshold', 'consecutiveFailures'],
  ],
  ['trialWindow', trialWindow, { trials: 3 }, ['trials', 'failureRateThreshold', 'slowCallRateThreshold']],
];

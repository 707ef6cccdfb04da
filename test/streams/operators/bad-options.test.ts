import { NEVER, of, type OperatorFunction, Subject } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
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
  type Watermark,
  withBackpressure,
  withWatermarks,
} from 'breakwater/streams';
import { z } from 'zod';
import type { Timed } from '../../support/operator-contract.ts';
import { operatorNames } from '../../support/operator-names.ts';

type Options = Readonly<Record<string, unknown>>;
/** Makes an operator with options that its types would not allow. */
type Make = (options: never) => unknown;

const clock = createVirtualClock();
const table = NEVER;
const key = (value: Timed): string => value.key;
const aggregates = { aggregate: { n: count<Timed>() } };
const keys = { leftKey: key, rightKey: key };
const random = () => 0.5;
const any = pattern<Timed>().begin('any');

/** Each operator, options that it takes, and those of its options that are numbers. */
const cases: readonly (readonly [string, Make, Options, readonly string[]])[] = [
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

const impossible: readonly (readonly [unknown, string])[] = [
  [Number.NaN, 'NaN'],
  [-1, '-1'],
  ['5', '"5"'],
];

describe('an option that cannot be', () => {
  it('is tried with every operator that has numbers for options', () => {
    const without = ['clockScheduler', 'withoutWatermarks'];
    expect([...cases.map(([name]) => name), ...without].toSorted()).toEqual(operatorNames());
  });

  const each = cases.flatMap(([name, make, options, numbers]) =>
    numbers.map((option) => [name, option, make, options] as const),
  );

  it.each(each)('is refused by %s at once, with its name and value: %s', (_name, option, make, options) => {
    expect(() => make(options as never)).not.toThrow();
    for (const [value, shown] of impossible) {
      const attempt = (): unknown => make({ ...options, [option]: value } as never);
      expect(attempt).toThrow(option);
      expect(attempt).toThrow(shown);
    }
  });
});

// H25: windows of no size, or of a year that begin every millisecond.
describe('H25: a window that cannot be', () => {
  const year = 31_536_000_000;
  const figures = { aggregate: { n: count() } };

  it.each([
    ['tumblingWindow', () => tumblingWindow({ ...figures, sizeMs: 0 }), 'sizeMs', '0'],
    ['hoppingWindow', () => hoppingWindow({ ...figures, sizeMs: 0, hopMs: 0 }), 'sizeMs', '0'],
    ['slidingWindow', () => slidingWindow({ ...figures, sizeMs: 0 }), 'sizeMs', '0'],
    ['sessionWindow', () => sessionWindow({ ...figures, gapMs: 0 }), 'gapMs', '0'],
    ['countWindow', () => countWindow({ ...figures, size: 0 }), 'size', '0'],
    ['joinWindow', () => joinWindow(table, { ...keys, sizeMs: 0 }), 'sizeMs', '0'],
    [
      'hoppingWindow',
      () => hoppingWindow({ ...figures, sizeMs: year, hopMs: 1 }),
      'hopMs',
      '31536000000 windows',
    ],
    [
      'joinWindow',
      () => joinWindow(table, { ...keys, sizeMs: year, hopMs: 1 }),
      'hopMs',
      '31536000000 windows',
    ],
  ])('is refused by %s', (_name, make, option, shown) => {
    expect(make).toThrow(option);
    expect(make).toThrow(shown);
  });
});

/** More than any limit by default. */
const crowd = 1_000_001;
type Crowded = OperatorFunction<Timed | Watermark, unknown>;
const crowded: readonly (readonly [string, Crowded])[] = [
  ['tumblingWindow', tumblingWindow({ ...aggregates, sizeMs: 10, key })],
  ['hoppingWindow', hoppingWindow({ ...aggregates, sizeMs: 10, hopMs: 5, key })],
  ['sessionWindow', sessionWindow({ ...aggregates, gapMs: 10, key })],
  ['slidingWindow', slidingWindow({ ...aggregates, sizeMs: 10, key })],
  ['countWindow', countWindow({ ...aggregates, size: 5, key })],
  ['aggregate', aggregate(aggregates.aggregate, { key })],
  ['joinInterval', joinInterval(table, { ...keys, fromMs: 0, toMs: 5, maxBuffered: 100_000 })],
  ['matchPattern', matchPattern(any.next('other'), { key, order: 'arrival' })],
  ['risingEdge', risingEdge<Timed>({ when: () => true, key })],
  ['cooldown', cooldown<Timed>({ ms: 5, key })],
  [
    'rateLimit',
    rateLimit<Timed | Watermark>({ clock, ratePerSecond: 1, key: (value) => (value as Timed).key }),
  ],
  ['withWatermarks', withWatermarks<Timed>({ source: key }) as Crowded],
];

describe('a million keys at one moment', () => {
  it.each(crowded)(
    'end %s with an error that names its limit, unless there is a place for them',
    (_name, operator) => {
      const source = new Subject<Timed | Watermark>();
      let failure: unknown;
      source.pipe(operator).subscribe({ error: (error: unknown) => (failure = error) });
      for (let at = 0; at < crowd && failure === undefined; at += 1)
        source.next({ time: 1, key: `key-${at}` });

      expect(String(failure)).toMatch(/max(?:OpenWindows|Buffered|Keys|Sources)\D*\d/u);
    },
  );
});

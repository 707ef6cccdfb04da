import { from, NEVER, of } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import {
  adaptiveConcurrency,
  backoff,
  batch,
  count,
  failureWindow,
  hoppingWindow,
  joinAsOf,
  joinWindow,
  sample,
  tumblingWindow,
  withWatermarks,
} from 'breakwater/streams';
import { emissionsOf } from '../../support/run-pipeline.ts';

/** Makes something with one option of a value that its type may not allow. */
type Make = (value: never) => unknown;

const clock = createVirtualClock();
const keys = { leftKey: () => 'k', rightKey: () => 'k' };
const random = (): number => 0.5;

const tumbling = (options: object): unknown =>
  tumblingWindow({ ...options, sizeMs: 10, aggregate: { n: count() } });

/** For each option, values at its bounds that are taken, and those just beyond, or no numbers, that are not. */
const bounds: readonly (readonly [string, Make, readonly unknown[], readonly unknown[]])[] = [
  ['tolerance', (tolerance) => adaptiveConcurrency({ clock, tolerance }), [1, 1.1], [0.99, Infinity, '2']],
  ['initial', (initial) => adaptiveConcurrency({ clock, max: 9, initial }), [1, 9], [0, 10, '5']],
  ['targetMs', (targetMs) => adaptiveConcurrency({ clock, targetMs }), [0.1, Infinity], [0, -1, '5']],
  ['decrease', (decrease) => adaptiveConcurrency({ clock, decrease }), [0.01, 0.99], [0, 1, -0.5, '0.5']],
  ['factor', (factor) => backoff({ factor }), [1, 1.5], [0.9, Infinity, '2']],
  ['jitter', (jitter) => backoff({ jitter }), [0, 1, 0.5, 'full', 'none'], [-0.1, 1.1, '0.5', 'some', null]],
  ['baseMs', (baseMs) => backoff({ baseMs }), [0, 2_147_483_647], [-1, 2_147_483_648, '5']],
  ['share', (share) => sample({ random, share }), [0, 1], [-0.1, 1.1, '0.5']],
  [
    'failureRateThreshold',
    (failureRateThreshold) => failureWindow({ failureRateThreshold }),
    [0.01, 1, Infinity],
    [0, 1.01, -1, '0.5'],
  ],
  ['maxWaitMs', (maxWaitMs) => batch({ clock, maxWaitMs }), [0, 0.5], [-1, Infinity, '5']],
  ['toleranceMs', (toleranceMs) => joinAsOf(NEVER, { ...keys, toleranceMs }), [0, Infinity], [-1, NaN, '5']],
  ['maxKeys', (maxKeys) => joinAsOf(NEVER, { ...keys, maxKeys }), [1, Infinity], [0, 1.5, '5']],
  [
    'hopMs',
    (hopMs) => hoppingWindow({ sizeMs: 10_000, hopMs, aggregate: { n: count() } }),
    [1, 10_000],
    [0, 10_001, '5'],
  ],
  [
    'hopMs',
    (hopMs) => joinWindow(NEVER, { ...keys, sizeMs: 10_000, hopMs }),
    [1, 10_000],
    [0.5, 10_001, '5'],
  ],
  ['allowedLatenessMs', (ms) => tumbling({ allowedLatenessMs: ms }), [0, Infinity], [-1, 0.5, '5']],
  ['maxOpenWindows', (most) => tumbling({ maxOpenWindows: most }), [1, Infinity], [0, NaN, '5']],
  ['early.everyCount', (everyCount) => tumbling({ early: { everyCount } }), [1, Infinity], [0, 1.5, '5']],
  ['early.everyMs', (everyMs) => tumbling({ early: { everyMs } }), [1, Infinity], [0, NaN, '5']],
  [
    'early.everyClockMs',
    (everyClockMs) => tumbling({ clock, early: { everyClockMs } }),
    [1, 5],
    [0, 0.5, Infinity, '5'],
  ],
  ['startAt', (startAt) => withWatermarks({ startAt }), [0, -Infinity, 1.5], [Infinity, NaN, '5']],
  [
    'maxClockSkewMs',
    (maxClockSkewMs) => withWatermarks({ clock, maxClockSkewMs }),
    [0, Infinity],
    [-1, NaN, '5'],
  ],
  ['idleAfterMs', (idleAfterMs) => withWatermarks({ clock, idleAfterMs }), [1, 1.5], [0.5, Infinity, '5']],
];

describe('an option with bounds', () => {
  it.each(bounds)('is taken at them, and refused by its name beyond: %s', (name, make, taken, refused) => {
    for (const value of taken) expect(() => make(value as never)).not.toThrow();
    for (const value of refused) {
      expect(() => make(value as never)).toThrow(`${name} must be`);
      if (typeof value === 'string') expect(() => make(value as never)).toThrow(`got "${value}"`);
    }
  });
});

describe('early results', () => {
  it('refuse options that they do not have', () => {
    expect(() => tumbling({ early: { every: 5 } })).toThrow(
      '"every" is not an option of early; there are everyCount, coalesce, everyMs, everyClockMs',
    );
  });
});

describe('batch', () => {
  it.each([-1, Number.NaN, Infinity, '5', undefined])('refuses %s as a size', (size) => {
    const source = of(1).pipe(batch({ maxCount: 2, sizeOf: () => size as number }));
    expect(() => emissionsOf(source)).toThrow('sizeOf must give bytes, 0 or more, got');
  });

  it('takes a size of 0', () => {
    const source = of(1, 2).pipe(batch({ maxBytes: 1, sizeOf: () => 0 }));
    expect(emissionsOf(source)).toEqual([[1, 2]]);
  });
});

describe('sample', () => {
  it('passes nothing of a share of 0, and all of a share of 1, whatever chance says', () => {
    const chances = [0, 0.5, 1 - 2 ** -53];
    const passed = (share: number): unknown[] =>
      chances.flatMap((chance) => emissionsOf(from([1]).pipe(sample({ share, random: () => chance }))));
    expect([passed(0), passed(1)]).toEqual([[], [1, 1, 1]]);
  });
});

describe('a retry', () => {
  it('waits within the spread that it is given, of 0 not at all and of 1 up to twice as long', () => {
    const delays = (jitter: number): number[] =>
      [0, 0.5, 1].map((chance) => backoff({ baseMs: 100, jitter })(1, () => chance));
    expect([delays(0), delays(1)]).toEqual([
      [100, 100, 100],
      [0, 100, 200],
    ]);
  });
});

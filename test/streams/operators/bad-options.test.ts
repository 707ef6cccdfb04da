import { NEVER, type OperatorFunction, Subject } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  cooldown,
  count,
  countWindow,
  hoppingWindow,
  joinInterval,
  joinWindow,
  matchPattern,
  pattern,
  rateLimit,
  risingEdge,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type Watermark,
  withWatermarks,
} from 'breakwater/streams';
import type { Timed } from '../../support/operator-contract.ts';
import { operatorNames } from '../../support/operator-names.ts';
import { operatorOptions } from '../../support/operator-options.ts';

const clock = createVirtualClock();
const table = NEVER;
const key = (value: Timed): string => value.key;
const aggregates = { aggregate: { n: count<Timed>() } };
const keys = { leftKey: key, rightKey: key };
const any = pattern<Timed>().begin('any');

const impossible: readonly (readonly [unknown, string])[] = [
  [Number.NaN, 'NaN'],
  [-1, '-1'],
  ['5', '"5"'],
];

describe('an option that cannot be', () => {
  it('is tried with every operator that has numbers for options', () => {
    const without = ['clockScheduler', 'withoutWatermarks'];
    expect([...operatorOptions.map(([name]) => name), ...without].toSorted()).toEqual(operatorNames());
  });

  const each = operatorOptions.flatMap(([name, make, options, numbers]) =>
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

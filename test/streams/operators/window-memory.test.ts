import { type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  cooldown,
  count,
  countWindow,
  hoppingWindow,
  risingEdge,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  Watermark,
  withWatermarks,
} from 'breakwater/streams';
import { bytesInUse } from '../../support/heap.ts';
import type { Timed } from '../../support/operator-contract.ts';

const key = (value: Timed): string => value.key;
const aggregate = { n: count<Timed>() };
const evicted = { next: (): void => {} };
type Operator = OperatorFunction<Timed, unknown> | OperatorFunction<Timed | Watermark, unknown>;

const passing: readonly (readonly [string, Operator])[] = [
  ['tumblingWindow', tumblingWindow({ sizeMs: 100, key, aggregate })],
  ['tumblingWindow with lateness', tumblingWindow({ sizeMs: 100, allowedLatenessMs: 100, key, aggregate })],
  ['hoppingWindow', hoppingWindow({ sizeMs: 100, hopMs: 30, key, aggregate })],
  [
    'hoppingWindow with lateness',
    hoppingWindow({ sizeMs: 100, hopMs: 30, allowedLatenessMs: 90, key, aggregate }),
  ],
  [
    'hoppingWindow with early results',
    hoppingWindow({ sizeMs: 100, hopMs: 30, early: { everyMs: 20 }, key, aggregate }),
  ],
  ['sessionWindow', sessionWindow({ gapMs: 100, allowedLatenessMs: 50, key, aggregate })],
  ['slidingWindow', slidingWindow({ sizeMs: 100, key, aggregate })],
  ['cooldown', cooldown({ ms: 100, key })],
];
const crowded: readonly (readonly [string, Operator])[] = [
  ['tumblingWindow', tumblingWindow({ sizeMs: 100, key, aggregate, maxOpenWindows: 100, evicted })],
  ['hoppingWindow', hoppingWindow({ sizeMs: 100, hopMs: 30, key, aggregate, maxOpenWindows: 100, evicted })],
  [
    'hoppingWindow with early results',
    hoppingWindow({
      sizeMs: 100,
      hopMs: 30,
      early: { everyMs: 20 },
      accumulation: 'discarding',
      key,
      aggregate,
      maxOpenWindows: 100,
      evicted,
    }),
  ],
  ['sessionWindow', sessionWindow({ gapMs: 100, key, aggregate, maxOpenWindows: 100, evicted })],
  ['slidingWindow', slidingWindow({ sizeMs: 100, key, aggregate, maxBuffered: 100, evicted })],
  ['countWindow', countWindow({ size: 5, key, aggregate, maxKeys: 100, evicted })],
  ['cooldown', cooldown({ ms: 1e12, key, maxKeys: 100, evicted })],
  ['risingEdge', risingEdge({ when: () => true, key, maxKeys: 100, evicted })],
  ['withWatermarks', withWatermarks<Timed>({ source: key, maxSources: 100, errors: evicted })],
];

const lateForEver: readonly (readonly [string, Operator])[] = [
  [
    'tumblingWindow',
    tumblingWindow({
      sizeMs: 100,
      allowedLatenessMs: Infinity,
      key,
      aggregate,
      maxOpenWindows: 100,
      evicted,
    }),
  ],
  [
    'hoppingWindow',
    hoppingWindow({
      sizeMs: 100,
      hopMs: 30,
      allowedLatenessMs: Infinity,
      key,
      aggregate,
      maxOpenWindows: 100,
      evicted,
    }),
  ],
  [
    'hoppingWindow that tells only what is new',
    hoppingWindow({
      sizeMs: 100,
      hopMs: 30,
      allowedLatenessMs: Infinity,
      accumulation: 'discarding',
      key,
      aggregate: { all: collect<Timed>() },
      maxOpenWindows: 100,
      evicted,
    }),
  ],
  [
    'sessionWindow',
    sessionWindow({ gapMs: 100, allowedLatenessMs: Infinity, key, aggregate, maxOpenWindows: 100, evicted }),
  ],
];

/** How much more memory is in use after all `items` than after the first tenth of them. */
function growth(operator: Operator, count: number, itemAt: (at: number) => Timed | Watermark): number {
  const source = new Subject<Timed | Watermark>();
  let failure: unknown;
  const subscription = source
    .pipe(operator as OperatorFunction<Timed | Watermark, unknown>)
    .subscribe({ error: (error: unknown) => (failure = error) });
  let before = 0;
  for (let at = 0; at < count; at += 1) {
    if (at === count / 10) before = bytesInUse();
    source.next(itemAt(at));
  }
  const after = bytesInUse();
  // Still subscribed while memory is read, or there would be nothing left to measure.
  subscription.unsubscribe();
  if (failure !== undefined) throw failure;
  return after - before;
}

// Each value left behind would be 100 bytes or more: some 10 MB.
const fewBytes = 2_000_000;

describe('memory', () => {
  it.each(passing)('is let go as time passes, though each key comes once: %s', (_name, operator) => {
    const grown = growth(operator, 100_000, (at) =>
      at % 2 === 0 ? { time: at, key: `key-${at}` } : new Watermark(at - 50),
    );

    expect(grown).toBeLessThan(fewBytes);
  });

  it.each(crowded)(
    'stays within its limit, though time stands still and each key is new: %s',
    (_name, operator) => {
      // Times that jump about open a window each; none closes.
      const grown = growth(operator, 100_000, (at) => ({
        time: ((at * 7919) % 100_003) * 1_000,
        key: `key-${at}`,
      }));

      expect(grown).toBeLessThan(fewBytes);
    },
  );

  it('is let go as windows close that share slices', () => {
    const sharing = hoppingWindow({ sizeMs: 100, hopMs: 30, key, aggregate: { all: collect<Timed>() } });
    const grown = growth(sharing, 100_000, (at) =>
      at % 10 === 9 ? new Watermark(at) : { time: at, key: 'all' },
    );

    expect(grown).toBeLessThan(fewBytes);
  });

  it('is let go as sessions merge', () => {
    const merging = sessionWindow({ gapMs: 100, key, aggregate: { all: collect<Timed>() } });
    const grown = growth(merging, 100_000, (at) => {
      const base = Math.floor(at / 4) * 1_000;
      return at % 4 === 3 ? new Watermark(base) : { time: base + ([0, 150, 75][at % 4] ?? 0), key: '' };
    });

    expect(grown).toBeLessThan(fewBytes);
  });

  it.each(lateForEver)(
    'stays within its limit, though late values of one time are allowed for ever: %s',
    (_name, operator) => {
      const grown = growth(operator, 100_000, (at) =>
        at === 0 ? new Watermark(1e12) : { time: at % 50, key: `key-${at}` },
      );

      expect(grown).toBeLessThan(fewBytes);
    },
  );

  it.each(lateForEver)(
    'stays within its limit, though late values are allowed for ever: %s',
    (_name, operator) => {
      const grown = growth(operator, 100_000, (at) =>
        at === 0 ? new Watermark(1e12) : { time: ((at * 7919) % 100_003) * 100, key: `key-${at}` },
      );

      expect(grown).toBeLessThan(fewBytes);
    },
  );
});

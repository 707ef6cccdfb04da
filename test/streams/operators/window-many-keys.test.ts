import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  first,
  sum,
  tumblingWindow,
  Watermark,
  type WindowOptions,
  type WindowResult,
  withoutWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { aMillion } from '../../support/a-million.ts';
import type { Reading } from '../../support/naive-windows.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

/** Beyond this many keys in a window, values wait to be added together. */
const many = 16_384;
const aggregate = {
  n: count<Reading>(),
  total: sum(({ amount }: Reading) => amount),
  first: first(({ amount }: Reading) => amount),
};
const key = (reading: Reading): string => reading.key;

/** So many that the window from 1 000 to 2 000 has many keys. */
const crowd: readonly Reading[] = Array.from({ length: many }, (_, at) => ({
  time: 1_000 + (at % 1_000),
  key: `key-${at}`,
  amount: 1,
}));

const readings = fc.record({
  time: fc.oneof(fc.constantFrom(999, 1_000, 1_999, 2_000), fc.integer({ min: 900, max: 2_300 })),
  key: fc.integer({ min: many - 40, max: many + 40 }).map((at) => `key-${at}`),
  amount: fc.integer({ min: 1, max: 9 }),
});

const items = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: readings },
    {
      weight: 1,
      arbitrary: fc
        .oneof(fc.constantFrom(1_999, 2_000, 2_040), fc.integer({ min: 900, max: 2_100 }))
        .map((time) => new Watermark(time)),
    },
  ),
  { maxLength: 400, size: 'max' },
);

interface Figures {
  readonly n: number;
  readonly total: number;
  readonly first: number | undefined;
}
type Options = Partial<WindowOptions<Reading, Figures, string>>;
type Result = WindowResult<string, Figures>;

function textOf({ id, timing, final, n, total, first: earliest }: Result): string {
  return `${id} ${timing} ${final} ${n} ${total} ${earliest ?? '-'}`;
}

/** All that comes out, side outputs included, with what lies between watermarks in their places. */
function play(input: readonly (Reading | Watermark)[], options: Options): string[] {
  const told: string[] = [];
  const late = { next: (reading: Reading) => void told.push(`late ${reading.key} ${reading.time}`) };
  const evicted = { next: (result: Result) => void told.push(`evicted ${textOf(result)}`) };
  const limited = options.maxOpenWindows === undefined ? {} : { evicted };
  from(input)
    .pipe(tumblingWindow({ sizeMs: 1_000, key, aggregate, late, ...limited, ...options }))
    .subscribe((result) => told.push(result instanceof Watermark ? `mark ${result.time}` : textOf(result)));
  return told;
}

describe('a window of many keys', () => {
  it('tells the same as one that adds each value at once', () => {
    const choices = fc.record({
      accumulation: fc.constantFrom('accumulating' as const, 'discarding' as const),
      allowedLatenessMs: fc.constantFrom(0, 50),
      everyMs: fc.constantFrom(300, 100_000),
      room: fc.constantFrom(undefined, many + 8, many + 70),
    });
    fc.assert(
      fc.property(items, choices, (more, { everyMs, room, ...rest }) => {
        const input = [...crowd, ...more];
        const options = room === undefined ? rest : { ...rest, maxOpenWindows: room };

        const together = play(input, { ...options, early: { everyMs } });
        // Where windows count, each value is added at once; none counts as far as this.
        const oneByOne = play(input, { ...options, early: { everyMs, everyCount: 1_000_000 } });
        expect(together.findIndex((row, at) => row !== oneByOne[at])).toBe(-1);
        expect(together.length).toBe(oneByOne.length);
      }),
      { numRuns: 15 },
    );
  });

  it('has all values in its figures when it gives early results by the clock', () => {
    const clock = createVirtualClock();
    const source = new Subject<Reading | Watermark>();
    const told = new Map<string, number>();
    source
      .pipe(
        tumblingWindow({ sizeMs: 1_000, key, aggregate, clock, early: { everyClockMs: 10 } }),
        withoutWatermarks(),
      )
      .subscribe((result) => told.set(result.key, result.n));
    for (const reading of crowd) source.next(reading);
    source.next({ time: 1_005, key: 'key-7', amount: 1 });
    source.next({ time: 1_005, key: 'new', amount: 1 });
    clock.advanceBySync(10);

    expect([told.size, told.get('key-7'), told.get('new')]).toEqual([many + 1, 2, 1]);
  });

  it('tells by count as soon as the count is reached', () => {
    const told: string[] = [];
    const source = new Subject<Reading>();
    source
      .pipe(tumblingWindow({ sizeMs: 1_000, key, aggregate, early: { everyCount: 2 } }), withoutWatermarks())
      .subscribe((result) => told.push(textOf(result)));
    for (const reading of crowd) source.next(reading);
    expect(told).toEqual([]);
    source.next({ time: 1_005, key: 'key-7', amount: 5 });

    expect(told).toEqual(['tumblingWindow/1000/key-7#0 early false 2 6 5']);
  });

  it('counts each value of a million', () => {
    const million = Array.from({ length: aMillion }, (_, at) => ({
      ...crowd[at % many],
      time: 5,
      amount: at,
    }));
    const results = emissionsOf(
      from(million as Reading[]).pipe(
        tumblingWindow({
          sizeMs: 10,
          key,
          aggregate: { n: count(), total: sum(({ amount }: Reading) => amount) },
        }),
        withoutWatermarks(),
      ),
    );

    expect(results.reduce((all, { n }) => all + n, 0)).toBe(aMillion);
    expect(results.reduce((all, { total }) => all + total, 0)).toBe((aMillion * (aMillion - 1)) / 2);
  });
});

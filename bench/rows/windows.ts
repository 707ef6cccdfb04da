import { from, groupBy, mergeMap, type Observable, reduce } from 'rxjs';
import {
  count,
  DDSketch,
  distinct,
  hoppingWindow,
  max,
  risingEdge,
  sessionWindow,
  slidingWindow,
  sum,
  tumblingWindow,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { atLeast, noGoal, timesEachPeer } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { type Call, drawCalls } from '../workload/calls.ts';

const events = 512 * 1024;
const key = (call: Call): string => call.user;
const aggregate = {
  n: count<Call>(),
  total: sum((call: Call) => call.ms),
  slowest: max((call: Call) => call.ms),
};

/** Runs calls of so many users through windows, and counts what these give. */
function windows(
  users: number,
  perMs: number,
  operate: (calls: Observable<Call | Watermark>) => Observable<unknown>,
): () => Measure {
  return () => {
    const calls = drawCalls(events, users, perMs);
    return () => {
      let results = 0;
      const rate = ratePerCore(events, () => {
        const inTime = from(calls).pipe(withWatermarks({ boundMs: 100 }));
        operate(inTime).subscribe(() => (results += 1));
      });
      if (results < users / 2) throw new Error(`only ${results} results`);
      return rate;
    };
  };
}

const tumbling = (users: number) =>
  windows(users, 100, (calls) =>
    calls.pipe(tumblingWindow({ sizeMs: 60_000, key, aggregate }), withoutWatermarks()),
  );
const hopping = (hopMs: number) =>
  windows(1_000, 10, (calls) =>
    calls.pipe(hoppingWindow({ sizeMs: 40_000, hopMs, key, aggregate }), withoutWatermarks()),
  );
const sliding = windows(1_000, 10, (calls) =>
  calls.pipe(
    slidingWindow({ sizeMs: 1_000, key, aggregate: { n: count() } }),
    risingEdge({ when: ({ n }) => n >= 12, key: (result: { readonly key: string }) => result.key }),
    withoutWatermarks(),
  ),
);

/** What plain RxJS has: a group for each window and key, none of which closes before the end. */
function rxjsGroups(): Measure {
  const calls = drawCalls(events, 1_000, 100);
  return () =>
    ratePerCore(events, () => {
      let results = 0;
      from(calls)
        .pipe(
          groupBy((call) => `${Math.floor(call.time / 60_000)}/${call.user}`),
          mergeMap((group) =>
            group.pipe(
              reduce(
                ({ n, total, slowest }, { ms }) => ({
                  n: n + 1,
                  total: total + ms,
                  slowest: Math.max(slowest, ms),
                }),
                { n: 0, total: 0, slowest: -Infinity },
              ),
            ),
          ),
        )
        .subscribe(() => (results += 1));
      if (results < 1_000) throw new Error(`only ${results} results`);
    });
}

/** What only the look-up of a key and the writing of its figures costs: most of it is waiting for memory. */
function plainLoop(): Measure {
  const calls = drawCalls(events, 100_000, 100);
  return () =>
    ratePerCore(events, () => {
      const users = new Map<string, { n: number; total: number; slowest: number }>();
      for (const { user, ms } of calls) {
        let figures = users.get(user);
        if (figures === undefined) {
          figures = { n: 0, total: 0, slowest: -Infinity };
          users.set(user, figures);
        }
        figures.n += 1;
        figures.total += ms;
        if (ms > figures.slowest) figures.slowest = ms;
      }
      if (users.size < 50_000) throw new Error(`only ${users.size} users`);
    });
}

/** Reads the 95th percentile after every thousandth number. */
function percentiles(make: () => { add(value: number): void; percentile(): number }): () => Measure {
  const numbers = 64 * 1024;
  return () => {
    const calls = drawCalls(numbers, 1, 1);
    return () =>
      ratePerCore(numbers, () => {
        const figures = make();
        for (const [at, { ms }] of calls.entries()) {
          figures.add(ms);
          if (at % 1_000 === 999 && !(figures.percentile() > 0)) throw new Error('no percentile');
        }
      });
  };
}

const shared = { unit: 'events/s', better: 'higher', peers: [] } as const;
const rowOf = (id: string, what: string, prepare: () => Measure): Row => ({
  ...shared,
  id,
  what,
  goal: noGoal,
  subject: { name: 'breakwater', prepare },
});

export const windowsTumbling: Row = {
  ...rowOf('windows-tumbling', 'tumbling windows of a minute, 3 figures, 1,000 keys', tumbling(1_000)),
  goal: atLeast(2_000_000, 'events/s'),
  peers: [{ name: 'rxjs groupBy + reduce', prepare: rxjsGroups }],
};

export const windowsManyKeys: Row = {
  ...rowOf('windows-many-keys', 'the same with 100,000 keys, of 5 values each', tumbling(100_000)),
  peers: [
    { name: 'the same with 10 keys', prepare: tumbling(10) },
    { name: 'a plain loop, 100,000 keys', prepare: plainLoop },
  ],
};

export const windowsHopping: Row = {
  ...rowOf('windows-hopping', 'hopping windows of 40 s every 4 s, 3 figures, 1,000 keys', hopping(4_000)),
  goal: atLeast(2_000_000, 'events/s'),
  peers: [{ name: 'the same every 20 s', prepare: hopping(20_000) }],
};

export const windowsSliding = rowOf(
  'windows-sliding',
  'a count over the last second at each event, 1,000 keys, and alerts on its edges',
  sliding,
);

export const windowsSession = rowOf(
  'windows-session',
  'sessions of 1,000 keys, 3 figures',
  windows(1_000, 10, (calls) =>
    calls.pipe(sessionWindow({ gapMs: 300, key, aggregate }), withoutWatermarks()),
  ),
);

export const windowsDistinct = rowOf(
  'windows-distinct',
  'different numbers in a minute, 1,000 keys',
  windows(1_000, 100, (calls) =>
    calls.pipe(
      tumblingWindow({ sizeMs: 60_000, key, aggregate: { n: distinct((call) => call.ms) } }),
      withoutWatermarks(),
    ),
  ),
);

export const windowsPercentile: Row = {
  ...rowOf(
    'windows-percentile',
    'numbers counted, and their 95th percentile read at every thousandth of 64 Ki',
    percentiles(() => {
      const sketch = new DDSketch();
      return { add: (value) => sketch.add(value), percentile: () => sketch.quantile(0.95) };
    }),
  ),
  unit: 'numbers/s',
  goal: timesEachPeer(2),
  peers: [
    {
      name: 'sorting',
      prepare: percentiles(() => {
        const numbers: number[] = [];
        return {
          add: (value) => numbers.push(value),
          percentile: () => {
            const sorted = Float64Array.from(numbers).toSorted();
            return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
          },
        };
      }),
    },
  ],
};

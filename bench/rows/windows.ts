import { bufferCount, bufferTime, from, map, type Observable, reduce } from 'rxjs';
import {
  count,
  countWindow,
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
import { atLeast, noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { effectGroups } from '../peers/effect-groups.ts';
import { type Call, drawCalls } from '../workload/calls.ts';
import { figuresOf, gathering, inGroups, nothing, withCall } from '../workload/gathered-calls.ts';

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

const windowedGroup = (call: Call): string => `${Math.floor(call.time / 60_000)}/${call.user}`;

/** What gathers the calls of a user by the clock: here, where all come at once, until the end. */
const byClock: readonly Subject[] = [
  {
    name: 'rxjs bufferTime, by the clock',
    prepare: gathering(
      events,
      1_000,
      inGroups(key, (group) => group.pipe(bufferTime(60_000), map(figuresOf))),
    ),
  },
  {
    name: 'effect groupedWithin, by the clock',
    prepare: gathering(events / 8, 1_000, () => effectGroups(key, { seconds: 60 }, figuresOf)),
  },
];

const perWindow = 100;
const counting = gathering(events, 4_000, () => (calls) => {
  let results = 0;
  from(calls)
    .pipe(countWindow({ size: perWindow, key, aggregate }), withoutWatermarks())
    .subscribe(() => (results += 1));
  return results;
});

/** What only the look-up of a key and the writing of its figures costs: most of it is waiting for memory. */
const plainLoop = (keys: number) => (): Measure => {
  const calls = drawCalls(events, keys, 100);
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
      if (users.size < keys / 2) throw new Error(`only ${users.size} users`);
    });
};

/** The least that keyed figures can cost: a look-up, and three numbers that lie side by side. */
const plainColumns = (keys: number) => (): Measure => {
  const calls = drawCalls(events, keys, 100);
  return () =>
    ratePerCore(events, () => {
      const places = new Map<string, number>();
      const figures = new Float64Array(3 * keys);
      for (const { user, ms } of calls) {
        let place = places.get(user);
        if (place === undefined) {
          place = 3 * places.size;
          places.set(user, place);
          figures[place + 2] = -Infinity;
        }
        figures[place] = (figures[place] ?? 0) + 1;
        figures[place + 1] = (figures[place + 1] ?? 0) + ms;
        if (ms > (figures[place + 2] ?? 0)) figures[place + 2] = ms;
      }
      if (places.size < keys / 2) throw new Error(`only ${places.size} users`);
    });
};

const shared = { unit: 'events/s', better: 'higher', peers: [] } as const;
const rowOf = (id: string, what: string, prepare: Subject['prepare']): Row => ({
  ...shared,
  id,
  what,
  goal: noGoal,
  subject: { name: 'breakwater', prepare },
});

export const windowsTumbling: Row = {
  ...rowOf('windows-tumbling', 'tumbling windows of a minute, 3 figures, 1,000 keys', tumbling(1_000)),
  goal: atLeast(2_000_000, 'events/s'),
  peers: [
    {
      // A group for each window and key, none of which closes before the end.
      name: 'rxjs groupBy + reduce',
      prepare: gathering(
        events,
        1_000,
        inGroups(windowedGroup, (group) => group.pipe(reduce(withCall, nothing))),
      ),
    },
    ...byClock,
  ],
};

export const windowsManyKeys: Row = {
  ...rowOf('windows-many-keys', 'the same with 100,000 keys, of 5 values each', tumbling(100_000)),
  peers: [
    { name: 'the same with 10 keys', prepare: tumbling(10) },
    { name: 'a plain loop, 100,000 keys', prepare: plainLoop(100_000) },
    { name: 'a plain loop, 10 keys', prepare: plainLoop(10) },
    { name: 'a plain loop over columns, 100,000 keys', prepare: plainColumns(100_000) },
    { name: 'a plain loop over columns, 10 keys', prepare: plainColumns(10) },
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

export const windowsCount: Row = {
  ...rowOf('windows-count', `windows of ${perWindow} values of a key, 3 figures, 1,000 keys`, counting),
  peers: [
    {
      name: 'rxjs groupBy + bufferCount',
      prepare: gathering(
        events,
        4_000,
        inGroups(key, (group) => group.pipe(bufferCount(perWindow), map(figuresOf))),
      ),
    },
    {
      name: 'effect groupByKey + grouped',
      prepare: gathering(events / 8, 1_000, () => effectGroups(key, { count: perWindow }, figuresOf)),
    },
  ],
};

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

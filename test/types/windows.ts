// Compiled, never run: what must be inferred, and what must not compile.
import { type Observable, of, Subject } from 'rxjs';
import {
  aggregate,
  collect,
  count,
  distinct,
  type EventEnvelope,
  first,
  hoppingWindow,
  largest,
  last,
  max,
  quantile,
  quantiles,
  risingEdge,
  sessionWindow,
  slidingWindow,
  sum,
  topK,
  tumblingWindow,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';

type Call = EventEnvelope<{ readonly ms: number; readonly user: string }, 'api.call'>;
declare const calls: Observable<Call>;

function same<Expected>(): <Actual>(
  actual: Observable<Actual>,
) => [Expected, Actual] extends [Actual, Expected] ? 'same' : 'different' {
  return () => 'same' as never;
}

// The ten lines of a user: values, keys and figures are inferred.
const perMinute = calls.pipe(
  withWatermarks({ boundMs: 5_000 }),
  tumblingWindow({
    sizeMs: 60_000,
    key: (e) => e.key,
    aggregate: {
      n: count(),
      slow: count((e) => e.data.ms > 100),
      p95: quantile(0.95, (e) => e.data.ms),
      users: distinct((e) => e.data.user),
      ends: quantiles([0, 1], (e) => e.data.ms),
      last: last((e) => e.data.user),
      first: first(),
      all: collect(),
      names: collect({ select: (e) => e.data.user }),
      worst: largest(2, (e) => e.data.ms),
      top: topK(3, (e) => e.data.user),
    },
  }),
  withoutWatermarks(),
);
perMinute.subscribe((result) => {
  const key: string | undefined = result.key;
  const n: number = result.n + result.slow + result.p95 + result.users + result.start + result.revision;
  const ends: readonly [number, number] = result.ends;
  const last: string | undefined = result.last;
  const first: Call | undefined = result.first;
  const all: readonly Call[] = result.all;
  const names: readonly string[] = result.names;
  const worst: readonly Call[] = result.worst;
  const top: string | undefined = result.top[0]?.value;
  void [key, n, ends, last, first, all, names, worst, top];
  // @ts-expect-error a figure that was not asked for is not there
  void result.p99;
  // @ts-expect-error results are not to be changed
  result.n = 3;
});

// Without a key, the key is undefined; windows follow on windows without a time selector.
same<{ readonly most: number }>()(
  calls.pipe(
    withWatermarks(),
    hoppingWindow({ sizeMs: 10, hopMs: 5, aggregate: { n: count() } }),
    sessionWindow({ gapMs: 5, aggregate: { most: max((w) => w.n) } }),
    withoutWatermarks(),
    aggregate({ most: max((w) => w.most) }),
  ),
) satisfies 'same';

same<{ readonly key: string } & { readonly n: number }>()(
  calls.pipe(aggregate({ n: count() }, { key: (e) => e.data.user })),
) satisfies 'same';

// A selector for something more general does not narrow the values.
const timeOf = ({ time }: { readonly time: number }): number => time;
calls.pipe(
  withWatermarks({ time: timeOf }),
  slidingWindow({ sizeMs: 5, time: timeOf, aggregate: { total: sum((e) => e.data.ms) } }),
  risingEdge({
    when: ({ total, value }) => total > value.data.ms,
    key: ({ key }: { readonly key?: unknown }) => key,
  }),
);

// Side outputs take the values as they are.
const late = new Subject<Call>();
calls.pipe(withWatermarks(), tumblingWindow({ sizeMs: 1, aggregate: { n: count() }, late }));

// An event has a time, and is no watermark for that.
same<Call>()(of<Call | Watermark>(new Watermark(1)).pipe(withoutWatermarks())) satisfies 'same';

const inTime = calls.pipe(withWatermarks());
// @ts-expect-error a property that values do not have
inTime.pipe(tumblingWindow({ sizeMs: 1, aggregate: { n: sum((e) => e.data.nope) } }));
// @ts-expect-error a selector for other values
inTime.pipe(tumblingWindow({ sizeMs: 1, aggregate: { n: sum((e: { readonly a: number }) => e.a) } }));
// @ts-expect-error a figure that is no aggregate
inTime.pipe(tumblingWindow({ sizeMs: 1, aggregate: { n: 3 } }));
// @ts-expect-error a selector that gives no number
inTime.pipe(tumblingWindow({ sizeMs: 1, aggregate: { n: sum((e) => e.data.user) } }));
// @ts-expect-error an object is no key
inTime.pipe(tumblingWindow({ sizeMs: 1, key: (e) => e.data, aggregate: { n: count() } }));
// @ts-expect-error a size is needed
inTime.pipe(tumblingWindow({ aggregate: { n: count() } }));
// @ts-expect-error so is a hop
inTime.pipe(hoppingWindow({ sizeMs: 5, aggregate: { n: count() } }));
// @ts-expect-error a misspelt option
calls.pipe(withWatermarks({ bound: 5 }));
// @ts-expect-error an output for other values
inTime.pipe(tumblingWindow({ sizeMs: 1, aggregate: { n: count() }, late: new Subject<number>() }));

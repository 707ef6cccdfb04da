// Compiled, never run: what must be inferred, and what must not compile.
import { asyncScheduler, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  adaptiveConcurrency,
  aggregate,
  approximateDistinct,
  backoff,
  type Backoff,
  type Clock,
  clockScheduler,
  type ConcurrencyLimit,
  cooldown,
  countWindow,
  customAggregate,
  detectAbsence,
  detectCount,
  detectSequence,
  type FailedValue,
  failureWindow,
  laneMap,
  mean,
  mergeWatermarked,
  min,
  orderByKey,
  type PatternResumePoint,
  rate,
  risingEdge,
  slidingWindow,
  trialWindow,
  type Trip,
  variance,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';

interface Login {
  readonly time: number;
  readonly user: string;
  readonly ms: number;
}

declare const logins: Observable<Login>;
declare const others: Observable<{ readonly time: number; readonly other: true } | Watermark>;
declare const results: Observable<'ok' | 'failed'>;
declare const clock: Clock;
const inTime = logins.pipe(withWatermarks());

// Each figure gives its own type, one of ours too, with or without a part that reads.
const figures = logins.pipe(
  aggregate({
    users: approximateDistinct((login) => login.user),
    perSecond: rate(),
    average: mean((login) => login.ms),
    fastest: min((login) => login.ms),
    spread: variance((login) => login.ms),
    names: customAggregate({
      create: () => ({ all: '' }),
      read: (login: Login) => login.user.length,
      add: (state, length) => void (state.all += length.toFixed()),
      merge: (into, from) => void (into.all += from.all),
      result: ({ all }) => all,
    }),
  }),
);
figures.subscribe((result) => {
  expectTypeOf(result.names).toEqualTypeOf<string>();
  expectTypeOf(result.average).toEqualTypeOf<number>();
  expectTypeOf([result.users, result.perSecond]).toEqualTypeOf<number[]>();
});
const parts = { create: () => ({ n: 0 }), merge: () => {}, result: () => 0 };
// @ts-expect-error what was read is a number
customAggregate({ ...parts, read: (login: Login) => login.ms, add: (_state, _ms: string) => {} });

// Alerts keep the type of what they are raised for.
const alerts = inTime.pipe(
  slidingWindow({ sizeMs: 5, key: (login) => login.user, aggregate: { slowest: min((login) => login.ms) } }),
  risingEdge({ when: ({ slowest }) => slowest > 5, key: ({ key }) => key }),
  cooldown({ ms: 5, key: ({ key }) => key, errors: new Subject<FailedValue<unknown>>() }),
  withoutWatermarks(),
);
alerts.subscribe(({ key, value }) => {
  expectTypeOf(key).toEqualTypeOf<string>();
  expectTypeOf(value).toEqualTypeOf<Login>();
});
// @ts-expect-error a length of time is needed
inTime.pipe(cooldown({ key: (login) => login.user }));
// @ts-expect-error a condition gives yes or no
inTime.pipe(risingEdge({ when: (login) => login.user }));

inTime
  .pipe(countWindow({ size: 3, key: (login) => login.user, aggregate: { n: rate() } }), withoutWatermarks())
  .subscribe(({ key, full }) => {
    expectTypeOf(key).toEqualTypeOf<string>();
    expectTypeOf(full).toEqualTypeOf<boolean>();
  });
// @ts-expect-error values that are counted are not late
inTime.pipe(countWindow({ size: 3, aggregate: { n: rate() }, late: new Subject<Login>() }));

// Short forms know the event from the stream.
const key = (login: Login): string => login.user;
inTime.pipe(detectCount((login) => login.ms > 5, { count: 3, withinMs: 5, key })).subscribe((match) => {
  if ('events' in match) expectTypeOf(match.events).toEqualTypeOf<readonly Login[]>();
});
inTime.pipe(detectAbsence((login) => login.ms > 5, { forMs: 3, key })).subscribe((match) => {
  if ('after' in match) expectTypeOf(match.after).toEqualTypeOf<Login>();
});
const points = new Subject<PatternResumePoint>();
inTime.pipe(detectSequence([(login) => login.ms > 5], { position: (login) => login.ms, resumeFrom: points }));
// @ts-expect-error how many and how soon are needed
inTime.pipe(detectCount((login) => login.ms > 5, { count: 3 }));
// @ts-expect-error how long is needed
inTime.pipe(detectAbsence((login) => login.ms > 5, {}));
// @ts-expect-error conditions come in a row
inTime.pipe(detectSequence((login) => login.ms > 5));

expectTypeOf(mergeWatermarked([inTime, inTime])).toEqualTypeOf<Observable<Login | Watermark>>();
// @ts-expect-error streams of other values are no sources of one
mergeWatermarked<Login>([inTime, others]);

// What goes by the results of calls, and what delays and bounds them.
expectTypeOf(results.pipe(failureWindow())).toEqualTypeOf<Observable<Trip>>();
results.pipe(trialWindow({ trials: 3 })).subscribe(({ verdict }) => {
  expectTypeOf(verdict).toEqualTypeOf<'open' | 'close'>();
});
// @ts-expect-error how many trials is needed
results.pipe(trialWindow({}));
// @ts-expect-error logins are no results of calls
logins.pipe(failureWindow());

expectTypeOf(backoff()).toEqualTypeOf<Backoff>();
// @ts-expect-error jitter is full, none or a share
backoff({ jitter: 'some' });
expectTypeOf(adaptiveConcurrency({ clock })).toEqualTypeOf<() => ConcurrencyLimit>();
logins.pipe(laneMap(async (login) => login.ms, { concurrency: adaptiveConcurrency({ clock }) }));
// @ts-expect-error latency is measured by a clock
adaptiveConcurrency({});
expectTypeOf(logins.pipe(orderByKey(async (login) => login.ms, { key }))).toEqualTypeOf<Observable<number>>();
// @ts-expect-error its order is by key
logins.pipe(orderByKey(async (login) => login.ms, { order: 'total' }));
expectTypeOf(clockScheduler(clock)).toExtend<SchedulerLike>();
// @ts-expect-error a scheduler is no clock
clockScheduler(asyncScheduler);

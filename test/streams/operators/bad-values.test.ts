import { concat, from, map, NEVER, of, type OperatorFunction, pipe, Subject, tap } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  batch,
  cooldown,
  count,
  countWindow,
  customAggregate,
  dedupe,
  detectAbsence,
  detectCount,
  detectSequence,
  enrich,
  type FailedValue,
  hoppingWindow,
  joinAsOf,
  joinInterval,
  joinLatest,
  joinWindow,
  laneMap,
  matchPattern,
  mergeLanes,
  orderByKey,
  pattern,
  rateLimit,
  risingEdge,
  sample,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  Watermark,
  withBackpressure,
  withWatermarks,
} from 'breakwater/streams';
import type { Timed } from '../../support/operator-contract.ts';
import { operatorNames } from '../../support/operator-names.ts';

type Item = Timed | Watermark;
type Errors = { readonly errors?: { next(failed: FailedValue<unknown>): void } };
/** What is wrong with an operator's input, as the operator reports it: a value, or for joins its side. */
type Create = (errors: Errors) => OperatorFunction<Item, unknown>;

const clock = createVirtualClock();
const aggregates = { n: count<Timed>() };
const bad = 'bad';
const at = (time: number, key = 'good'): Timed => ({ time, key });

function keyOf({ key }: Timed): string {
  if (key === bad) throw new Error('no key');
  return key;
}
const table = of<Item[]>(at(1), new Watermark(1e9));
const joinKeys = { leftKey: keyOf, rightKey: ({ key }: Timed) => key, kind: 'left' } as const;
const settle = <T>(): OperatorFunction<{ ack(): void } & T, unknown> => tap((held) => held.ack());
/** Takes marks out before an operator that knows values only. */
const values = <R>(operator: OperatorFunction<Timed, R>): OperatorFunction<Item, R> =>
  pipe(
    map((item: Item) => (item instanceof Watermark ? at(item.time) : item)),
    operator,
  );

/** Every operator that calls a function about a value, with one that throws for the key `bad`. */
const throwing: Readonly<Record<string, Create>> = {
  tumblingWindow: (errors) => tumblingWindow({ ...errors, sizeMs: 10, key: keyOf, aggregate: aggregates }),
  hoppingWindow: (errors) =>
    hoppingWindow({ ...errors, sizeMs: 10, hopMs: 5, key: keyOf, aggregate: aggregates }),
  sessionWindow: (errors) => sessionWindow({ ...errors, gapMs: 10, key: keyOf, aggregate: aggregates }),
  slidingWindow: (errors) => slidingWindow({ ...errors, sizeMs: 10, key: keyOf, aggregate: aggregates }),
  countWindow: (errors) => countWindow({ ...errors, size: 1, key: keyOf, aggregate: aggregates }),
  aggregate: (errors) => aggregate(aggregates, { ...errors, key: keyOf }),
  joinWindow: (errors) => joinWindow(table, { ...joinKeys, ...errors, sizeMs: 10 }),
  joinInterval: (errors) => joinInterval(table, { ...joinKeys, ...errors, fromMs: 0, toMs: 5 }),
  joinAsOf: (errors) => joinAsOf(table, { ...joinKeys, ...errors }),
  joinLatest: (errors) => joinLatest(table, { ...joinKeys, ...errors }),
  matchPattern: (errors) => matchPattern(pattern<Timed>().begin('any'), { ...errors, key: keyOf }),
  detectSequence: (errors) =>
    detectSequence([(value: Timed) => keyOf(value) !== ''], { ...errors, position: ({ time }) => time }),
  detectCount: (errors) => detectCount(() => true, { ...errors, key: keyOf, count: 1, withinMs: 5 }),
  detectAbsence: (errors) => detectAbsence<Timed, string>(() => true, { ...errors, key: keyOf, forMs: 5 }),
  risingEdge: (errors) => risingEdge<Timed>({ ...errors, when: (value) => keyOf(value) !== '' }),
  cooldown: (errors) => cooldown<Timed>({ ...errors, ms: 1, key: keyOf }),
  withWatermarks: (errors) => withWatermarks<Timed>({ ...errors, source: keyOf }) as never,
  laneMap: (errors) => values(laneMap((value: Timed) => of(keyOf(value)), errors)),
  orderByKey: (errors) => values(orderByKey((value: Timed) => of(value), { ...errors, key: keyOf })),
  withBackpressure: (errors) =>
    values(pipe(withBackpressure<Timed>({ ...errors, order: 'key', key: keyOf }), settle())),
  mergeLanes: (errors) =>
    values((source) =>
      mergeLanes({ normal: source }, { ...errors, order: 'key', key: keyOf }).pipe(settle()),
    ),
  rateLimit: (errors) => values(rateLimit({ ...errors, clock, ratePerSecond: 1e6, burst: 100, key: keyOf })),
  dedupe: (errors) =>
    values(dedupe({ ...errors, windowMs: Infinity, id: (value) => `${keyOf(value)} ${value.time}` })),
  sample: (errors) => values(sample({ ...errors, share: 1, key: keyOf })),
  batch: (errors) => values(batch({ ...errors, maxCount: 1, sizeOf: (value) => keyOf(value).length })),
  enrich: (errors) =>
    values(enrich({ ...errors, key: keyOf, lookUp: (key: string) => key, combine: (value: Timed) => value })),
};

/** What comes of the items without an end of the source, and what is put aside. */
function play(create: Create, items: readonly Item[], takesErrors: boolean) {
  const failed: unknown[] = [];
  const emitted: unknown[] = [];
  const failures: unknown[] = [];
  const source = new Subject<Item>();
  let completed = false;
  const errors = { next: ({ value }: FailedValue<unknown>) => failed.push(value) };
  source.pipe(create(takesErrors ? { errors } : {})).subscribe({
    next: (item) => emitted.push(item),
    error: (error: unknown) => failures.push(error),
    complete: () => (completed = true),
  });
  for (const item of items) source.next(item);
  source.complete();
  return { failed, emitted, failures, completed };
}

const mark = new Watermark(1_000_000);
const good = [at(1), at(2), mark];
const withBad = [at(1), at(1, bad), at(2), mark];
const sideOf = (value: unknown): unknown => (value as { left?: unknown; value?: unknown }).left ?? value;

/** Operators that call no function about a value, or have an output of their own for what it makes fail. */
const callsNothing = [
  'adaptiveConcurrency',
  'backoff',
  'clockScheduler',
  'failureWindow',
  'mergeWatermarked',
  'retryWithBackoff',
  'trialWindow',
  'validate',
  'withoutWatermarks',
];

it('has a case for every operator', () => {
  expect([...Object.keys(throwing), ...callsNothing].toSorted()).toEqual(operatorNames());
});

describe.each(Object.entries(throwing))('a function that throws, in %s', (_name, create) => {
  it('puts the value aside, and the stream goes on as if it had not come', () => {
    const { failed, emitted, failures, completed } = play(create, withBad, true);

    expect(failed.map(unwrapped)).toEqual([at(1, bad)]);
    expect([failures, completed]).toEqual([[], true]);
    expect(JSON.stringify(emitted)).toBe(JSON.stringify(play(create, good, true).emitted));
    expect(emitted.length).toBeGreaterThan(0);
  });

  it('ends the stream with what was thrown where nobody takes errors', () => {
    const { failures, completed } = play(create, withBad, false);

    expect([failures, completed]).toEqual([[new Error('no key')], false]);
  });
});

/** A join says of which side a value is. */
function unwrapped(failed: unknown): unknown {
  const { side, value } = failed as { readonly side?: string; readonly value?: unknown };
  return side === undefined ? sideOf(failed) : value;
}

const key = ({ key: own }: Timed): string => own;
/** Every operator that reads event time. */
const timed: Readonly<Record<string, Create>> = {
  withWatermarks: (errors) => withWatermarks<Timed>(errors) as never,
  tumblingWindow: (errors) => tumblingWindow({ ...errors, sizeMs: 10, aggregate: aggregates }),
  hoppingWindow: (errors) => hoppingWindow({ ...errors, sizeMs: 10, hopMs: 5, aggregate: aggregates }),
  sessionWindow: (errors) => sessionWindow({ ...errors, gapMs: 10, aggregate: aggregates }),
  slidingWindow: (errors) => slidingWindow({ ...errors, sizeMs: 10, aggregate: aggregates }),
  countWindow: (errors) => countWindow({ ...errors, size: 1, aggregate: aggregates }),
  joinWindow: (errors) => joinWindow(table, { leftKey: key, rightKey: key, ...errors, sizeMs: 10 }),
  joinInterval: (errors) =>
    joinInterval(table, { leftKey: key, rightKey: key, ...errors, fromMs: 0, toMs: 5 }),
  joinAsOf: (errors) => joinAsOf(table, { leftKey: key, rightKey: key, ...errors }),
  matchPattern: (errors) => matchPattern(pattern<Timed>().begin('any'), errors),
  detectSequence: (errors) => detectSequence<Timed>([() => true], errors),
  detectCount: (errors) => detectCount<Timed>(() => true, { ...errors, count: 1, withinMs: 5 }),
  detectAbsence: (errors) => detectAbsence<Timed>(() => true, { ...errors, forMs: 5 }),
  cooldown: (errors) => cooldown<Timed>({ ...errors, ms: 1 }),
  dedupe: (errors) =>
    values(dedupe({ ...errors, windowMs: 10, id: ({ time }) => `${time}`, time: ({ time }) => time })),
};

describe.each(Object.entries(timed))('an event time that is none, in %s', (_name, create) => {
  it.each([
    ['missing', undefined],
    ['NaN', Number.NaN],
    ['negative', -1],
    ['after the last Date', 8.64e15 + 2],
    ['a text', '2026-01-01'],
    ['a text that spells one', '2'],
    ['a bigint', 2n],
  ])('is put aside, or ends the stream with a ValidationError: %s', (_what, time) => {
    const broken = { time, key: 'good' } as Timed;
    const { failed, failures, completed } = play(create, [at(1), broken, at(2), mark], true);

    expect([failed.map(unwrapped), failures, completed]).toEqual([[broken], [], true]);
    expect(play(create, [at(1), broken], false).failures).toMatchObject([{ code: 'ERR_VALIDATION' }]);
  });
});

/** Every kind of operator that reads where a value lies in its source. */
const positioned: Readonly<Record<string, Create>> = {
  tumblingWindow: (errors) =>
    tumblingWindow({ ...errors, ...resumable(), sizeMs: 10, aggregate: aggregates }),
  hoppingWindow: (errors) =>
    hoppingWindow({ ...errors, ...resumable(), sizeMs: 10, hopMs: 5, aggregate: aggregates }),
  sessionWindow: (errors) => sessionWindow({ ...errors, ...resumable(), gapMs: 10, aggregate: aggregates }),
  slidingWindow: (errors) => slidingWindow({ ...errors, ...resumable(), sizeMs: 10, aggregate: aggregates }),
  matchPattern: (errors) => matchPattern(pattern<Timed>().begin('any'), { ...errors, ...resumable() }),
  'matchPattern for ids alone': (errors) =>
    matchPattern(pattern<Timed>().begin('any'), { ...errors, position: resumable().position }),
};

function resumable() {
  const position = ({ time, key: own }: Timed): number => {
    if (own === 'throws') throw new Error('no position');
    return own === bad ? Number.NaN : time;
  };
  return { position, resumeFrom: { next: () => {} } };
}

describe.each(Object.entries(positioned))('a position that is none, in %s', (_name, create) => {
  it.each([bad, 'throws'])('is put aside, or ends the stream: %s', (own) => {
    const { failed, failures, completed } = play(create, [at(1), at(1, own), at(2), mark], true);

    expect([failed.map(unwrapped), failures, completed]).toEqual([[at(1, own)], [], true]);
    expect(play(create, [at(1), at(1, own)], false).failures).toHaveLength(1);
  });
});

describe('an event time far in the future', () => {
  it('is put aside by withWatermarks with a clock, so that it does not make all others late', () => {
    const failed: unknown[] = [];
    const now = clock.now();
    const errors = { next: ({ value }: FailedValue<Timed>) => failed.push(value) };
    const marks: number[] = [];
    concat(from([at(now), at(now + 60_001), at(now + 1)]), NEVER)
      .pipe(withWatermarks({ clock, errors }))
      .subscribe((item) => item instanceof Watermark && marks.push(item.time));

    expect(failed).toEqual([at(now + 60_001)]);
    expect(marks.at(-1)).toBe(now + 1);
  });
});

describe('a custom aggregate', () => {
  const figure = customAggregate({
    create: () => ({ total: 0 }),
    read: (value: Timed) => keyOf(value).length,
    add: (state, length) => void (state.total += length),
    merge: (into, other) => void (into.total += other.total),
    result: ({ total }) => total,
  });

  it('reads each value before any figure counts it: one that cannot be read is in none', () => {
    const create: Create = (errors) =>
      tumblingWindow({ ...errors, sizeMs: 10, aggregate: { n: count<Timed>(), figure } });
    const { failed, emitted, failures } = play(create, withBad, true);

    expect([failed, failures]).toEqual([[at(1, bad)], []]);
    expect(emitted[0]).toMatchObject({ n: 2, figure: 8 });
  });
});

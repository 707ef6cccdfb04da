import fc from 'fast-check';
import { type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  detectAbsence,
  detectCount,
  detectSequence,
  matchPattern,
  pattern,
  type PatternResumePoint,
  type SideOutput,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';

/** A letter with a key, and where it lies in its source. */
interface Stored {
  readonly what: string;
  readonly key: string;
  readonly time: number;
  readonly position: number;
}

interface Told {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

interface Recovery {
  readonly resumeFrom: SideOutput<PatternResumePoint>;
  readonly resumeAt?: PatternResumePoint;
  readonly key?: (letter: Stored) => string;
  readonly position: (letter: Stored) => number;
  readonly order: 'event-time' | 'arrival';
}

type Pipeline = (recovery: Recovery) => OperatorFunction<Stored | Watermark, Told | Watermark>;

const is = (what: string) => (letter: Stored) => letter.what === what;
const ab = pattern<Stored>().begin('a', is('a')).followedBy('b', is('b'));
const again = pattern<Stored>()
  .begin('a', is('a'))
  .followedBy('b', (letter, so) => letter.what === 'b' && letter.time % 3 === so.a[0].time % 3);

const pipelines: readonly (readonly [string, Pipeline])[] = [
  ['a sequence', (recovery) => detectSequence([is('a'), is('b'), is('c')], { ...recovery, withinMs: 9 })],
  ['a strict sequence', (recovery) => detectSequence([is('a'), is('b')], { ...recovery, strict: true })],
  ['a count', (recovery) => detectCount(is('a'), { ...recovery, count: 3, withinMs: 12 })],
  [
    'a count of matches that overlap',
    (recovery) => detectCount(is('a'), { ...recovery, count: 3, withinMs: 12, overlapping: true }),
  ],
  ['an absence', (recovery) => detectAbsence(is('b'), { ...recovery, forMs: 5, after: is('a') })],
  ['any way on', (recovery) => matchPattern(ab.within(10).followedByAny('c', is('c')), recovery)],
  ['what must not follow', (recovery) => matchPattern(ab.notFollowedBy(is('c')).within(8), recovery)],
  ['matches that end other runs', (recovery) => matchPattern(again.skip('pastLast'), recovery)],
  ['matches that end those of one event', (recovery) => matchPattern(again.skip('next'), recovery)],
  ['matches that end those before', (recovery) => matchPattern(again.skip({ toLast: 'b' }), recovery)],
  [
    'repetition, and matches that end other runs',
    (recovery) =>
      matchPattern(
        pattern<Stored>().begin('a', is('a')).oneOrMore().followedBy('b', is('b')).within(9).skip('pastLast'),
        recovery,
      ),
  ],
  [
    'stages that begin anew when they are through',
    (recovery) => matchPattern(again.every('a', 'b'), recovery),
  ],
  [
    'later stages that begin anew',
    (recovery) => matchPattern(ab.followedBy('c', is('c')).every('b', 'c').within(15), recovery),
  ],
];

/** A source that can be read again from any position, and what all runs over it have told. */
function memorySource(log: readonly Stored[], pipeline: Pipeline, order: Recovery['order'], keyed = true) {
  let point: PatternResumePoint | undefined;
  const told: Told[] = [];
  return {
    told,
    point: () => point,
    /** Reads from `resumeAt` up to `until`; crashes there, unless that is the end. */
    run(until: number, resumeAt?: PatternResumePoint): void {
      const source = new Subject<Stored>();
      const recovery: Recovery = {
        order,
        position: (letter) => letter.position,
        resumeFrom: { next: (next) => (point = next) },
        ...(keyed && { key: (letter: Stored) => letter.key }),
        ...(resumeAt !== undefined && { resumeAt }),
      };
      const startAt = resumeAt?.watermark ?? -Infinity;
      const subscription = source
        .pipe(withWatermarks({ boundMs: 6, startAt }), pipeline(recovery), withoutWatermarks())
        .subscribe(({ id, start, end }) => told.push({ id, start, end }));
      for (const letter of log.slice(resumeAt?.position ?? 0, until)) source.next(letter);
      if (until === log.length) source.complete();
      subscription.unsubscribe();
    },
  };
}

const drafts = fc.record({
  what: fc.constantFrom('a', 'a', 'b', 'c'),
  key: fc.constantFrom('x', 'y', 'z'),
  gap: fc.integer({ min: 0, max: 4 }),
  delay: fc.constantFrom(0, 0, 0, 3, 6, 12),
});

/** Letters as they arrive: those with a delay after later ones, some too late for the watermark. */
const logs = fc.array(drafts, { maxLength: 30, size: 'max' }).map((all) => {
  let time = 0;
  const letters = all.map(({ what, key, gap, delay }) => {
    time += gap;
    return { what, key, time, arrives: time + delay };
  });
  return letters
    .toSorted((a, b) => a.arrives - b.arrives)
    .map(({ what, key, time: at }, position): Stored => ({ what, key, time: at, position }));
});

/** Matches by id, as a consumer keeps them that recognises what it has had already. */
function byId(told: readonly Told[]): Map<string, Told> {
  return new Map(told.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((match) => [match.id, match]));
}

describe('a pattern that is looked for anew from where it says', () => {
  const orders = ['event-time', 'arrival'] as const;
  const cases = pipelines.flatMap(([name, pipeline]) =>
    orders.map((order) => [name, order, pipeline] as const),
  );

  it.each(cases)('gives, all in all, what it gives without a crash: %s, in %s', (_name, order, pipeline) => {
    fc.assert(
      fc.property(logs, fc.nat(), fc.nat(), fc.boolean(), (log, first, second, keyed) => {
        const whole = memorySource(log, pipeline, order, keyed);
        whole.run(log.length);
        const crashed = memorySource(log, pipeline, order, keyed);
        const [earlier, later] = [first % (log.length + 1), second % (log.length + 1)].toSorted(
          (a, b) => a - b,
        );
        if (earlier !== undefined && earlier < log.length) crashed.run(earlier);
        // Storing the point loses nothing of it.
        const stored = structuredClone(crashed.point());
        if (later !== undefined && later < log.length) crashed.run(later, stored);
        crashed.run(log.length, crashed.point());

        expect(byId(crashed.told)).toEqual(byId(whole.told));
        expect(byId(whole.told).size).toBe(whole.told.length);
      }),
      { numRuns: 300 },
    );
  });

  it('needs the first event of the run that began first, and moves on when it ends', () => {
    const log = ['a', 'x', 'a', 'x', 'b', 'x', 'x'].map((what, position) => {
      return { what, key: 'k', time: position * 10, position };
    });
    const source = memorySource(log, (recovery) => matchPattern(ab, recovery), 'arrival');
    source.run(4);
    expect(source.point()).toMatchObject({ position: 0, seen: 0 });
    source.run(6);
    expect(source.point()).toMatchObject({ position: 5, seen: 5 });
  });

  it('moves on with the watermark where events are sorted, and lists no keys that it need not', () => {
    const log = ['a', 'x', 'b', 'x', 'x', 'x'].map((what, position) => {
      return { what, key: 'k', time: position * 10, position };
    });
    const source = memorySource(log, (recovery) => matchPattern(ab, recovery), 'event-time');
    source.run(3);
    expect(source.point()).toMatchObject({ position: 0 });
    source.run(5);
    expect(source.point()).toMatchObject({ position: 4, watermark: 24 });
    expect(source.point()).not.toHaveProperty('open');
  });

  it('may be looked for anew without telling where again', () => {
    const resumeAt = { position: 0, watermark: -Infinity, told: -Infinity, seen: 1 };
    const options = { position: (letter: Stored) => letter.position, order: 'arrival', resumeAt } as const;
    const source = new Subject<Stored>();
    const ids: string[] = [];
    source.pipe(matchPattern(ab, options), withoutWatermarks()).subscribe(({ id }) => ids.push(id));
    for (const [position, what] of ['a', 'b', 'a', 'b'].entries())
      source.next({ what, key: 'k', time: position, position });

    // What had been seen is not told again.
    expect(ids).toEqual(['matchPattern/#0:2;1:3']);
  });

  it('needs what was looked at after the first event of a run though it came before', () => {
    const log = [
      { what: 'x', key: 'k', time: 5, position: 0 },
      { what: 'a', key: 'k', time: 3, position: 1 },
      { what: 'y', key: 'k', time: 20, position: 2 },
      { what: 'y', key: 'k', time: 30, position: 3 },
    ];
    const source = memorySource(log, (recovery) => matchPattern(ab, recovery), 'event-time');
    source.run(3);

    expect(source.point()).toMatchObject({ position: 0 });
  });

  it('lets the time pass of what it does not look at again', () => {
    const log = ['z a 1', 'k a 50', 'k a 10', 'y x 120', 'k b 100'].map((text, position) => {
      const [key = '', what = '', time] = text.split(' ');
      return { key, what, time: Number(time), position };
    });
    const sought = ab.within(100).skip('next');
    const ids: string[] = [];
    let point: PatternResumePoint | undefined;
    const run = (from: number, until: number, resumeAt?: PatternResumePoint): void => {
      const source = new Subject<Stored>();
      const options = { order: 'arrival', key: (letter: Stored) => letter.key } as const;
      source
        .pipe(
          matchPattern(sought, {
            ...options,
            position: (letter) => letter.position,
            resumeFrom: { next: (next) => (point = next) },
            ...(resumeAt !== undefined && { resumeAt }),
          }),
          withoutWatermarks(),
        )
        .subscribe(({ id }) => ids.push(id));
      for (const letter of log.slice(from, until)) source.next(letter);
    };
    run(0, 4);
    expect(point).toMatchObject({ position: 1, seen: 3, open: [['k', 1]] });
    run(1, 5, point);

    // The event of the other key had ended the second run.
    expect(ids).toEqual(['matchPattern/k#0:1;1:4']);
  });

  it('lists where the runs of each key begin where matches end other runs', () => {
    const log = [
      { what: 'a', key: 'x', time: 1, position: 0 },
      { what: 'a', key: 'y', time: 2, position: 1 },
      { what: 'b', key: 'y', time: 5, position: 2 },
      { what: 'a', key: 'y', time: 6, position: 3 },
      { what: 'b', key: 'x', time: 8, position: 4 },
      { what: 'c', key: 'x', time: 9, position: 5 },
    ];
    const source = memorySource(log, (recovery) => matchPattern(again.skip('pastLast'), recovery), 'arrival');
    source.run(5);

    expect(source.point()).toEqual({
      position: 0,
      watermark: -Infinity,
      told: -Infinity,
      seen: 0,
      open: [['x', 0]],
    });
  });
});

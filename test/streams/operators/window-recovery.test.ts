import fc from 'fast-check';
import { type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  hoppingWindow,
  type ResumePoint,
  sessionWindow,
  type SideOutput,
  slidingWindow,
  sum,
  tumblingWindow,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { disordered, type Reading, readings } from '../../support/naive-windows.ts';

/** A reading and where it lies in its source. */
interface Stored extends Reading {
  readonly position: number;
}

interface Told {
  readonly id: string;
  readonly n: number;
  readonly total: number;
}

interface Recovery {
  readonly resumeFrom: SideOutput<ResumePoint>;
  readonly resumeAt?: ResumePoint;
}

type Pipeline = (recovery: Recovery) => OperatorFunction<Stored | Watermark, Told | Watermark>;

const aggregate = { n: count<Stored>(), total: sum((reading: Stored) => reading.amount) };
const common = {
  aggregate,
  key: (reading: Stored) => reading.key,
  position: (reading: Stored) => reading.position,
};
const pipelines: readonly (readonly [string, Pipeline])[] = [
  ['tumbling windows', (recovery) => tumblingWindow({ ...common, ...recovery, sizeMs: 10 })],
  [
    'tumbling windows that allow lateness',
    (recovery) => tumblingWindow({ ...common, ...recovery, sizeMs: 10, allowedLatenessMs: 15 }),
  ],
  [
    'tumbling windows with early results',
    (recovery) => tumblingWindow({ ...common, ...recovery, sizeMs: 10, early: { everyCount: 2 } }),
  ],
  ['hopping windows', (recovery) => hoppingWindow({ ...common, ...recovery, sizeMs: 15, hopMs: 4 })],
  ['sessions', (recovery) => sessionWindow({ ...common, ...recovery, gapMs: 8 })],
  ['sliding windows', (recovery) => slidingWindow({ ...common, ...recovery, sizeMs: 12 })],
];

/** A source that can be read again from any position, and what one run over it has told. */
function memorySource(log: readonly Stored[], pipeline: Pipeline) {
  let point: ResumePoint | undefined;
  const told: Told[] = [];
  return {
    told,
    point: () => point,
    /** Reads from `resumeAt` up to `until`; crashes there, unless that is the end. */
    run(until: number, resumeAt?: ResumePoint): void {
      const source = new Subject<Stored>();
      const resumeFrom = { next: (next: ResumePoint) => (point = next) };
      const subscription = source
        .pipe(
          withWatermarks({ boundMs: 10, ...(resumeAt !== undefined && { startAt: resumeAt.watermark }) }),
          pipeline({ resumeFrom, ...(resumeAt !== undefined && { resumeAt }) }),
          withoutWatermarks(),
        )
        .subscribe((result) => told.push(result));
      for (const reading of log.slice(resumeAt?.position ?? 0, until)) source.next(reading);
      if (until === log.length) source.complete();
      subscription.unsubscribe();
    },
  };
}

/** Results by id, as a consumer keeps them that recognises what it has had already. */
function byId(told: readonly Told[]): Map<string, [number, number]> {
  const known = new Map<string, [number, number]>();
  for (const { id, n, total } of told) if (!known.has(id)) known.set(id, [n, total]);
  return known;
}

/** Where a window ended, as its result says. */
function endOf(told: Told): number {
  const { end, time } = told as Told & { readonly end?: number; readonly time: number };
  return end ?? time + 1;
}

/** A place for those for which there is no room. */
const evicted = { next() {} };
const nothingYet = { watermark: -Infinity, told: -Infinity };

describe('a window pipeline that starts anew where it says', () => {
  it.each(pipelines)('tells, all in all, what one without a crash tells: %s', (_name, pipeline) => {
    fc.assert(
      fc.property(readings, fc.array(fc.nat(20), { maxLength: 10 }), fc.nat(), (all, delays, crash) => {
        const log = disordered(all, 20, delays).map((reading, position) => ({ ...reading, position }));
        const whole = memorySource(log, pipeline);
        whole.run(log.length);
        const crashed = memorySource(log, pipeline);
        if (log.length > 0) crashed.run(crash % log.length);
        crashed.run(log.length, crashed.point());

        expect(byId(crashed.told)).toEqual(byId(whole.told));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a session that was told while another was open', 8, 'a0 b1 a5 b7 b13 b19 b25 b31 b60'],
    ['sessions that were merged', 3, 'a0 a14 a7 a30 a60'],
  ])('needs neither more nor less than it says: %s', (_what, crash, text) => {
    const log = text.split(' ').map((item, position) => {
      return { key: item.slice(0, 1), time: Number(item.slice(1)), amount: 1, position };
    });
    const pipeline: Pipeline = (recovery) => sessionWindow({ ...common, ...recovery, gapMs: 8 });
    const whole = memorySource(log, pipeline);
    whole.run(log.length);
    const crashed = memorySource(log, pipeline);
    crashed.run(crash);
    crashed.run(log.length, crashed.point());

    expect(byId(crashed.told)).toEqual(byId(whole.told));
  });

  it('moves on when sessions that were merged close', () => {
    const log = [14, 5, 9, 40, 60].map((time, position) => ({ time, key: 'a', amount: 1, position }));
    const source = memorySource(log, (recovery) => sessionWindow({ ...common, ...recovery, gapMs: 8 }));
    source.run(3);
    expect(source.point()).toMatchObject({ position: 0 });
    source.run(4);
    expect(source.point()).toEqual({ position: 3, watermark: 4, told: 30 });
  });

  it('moves on as windows close', () => {
    const log = Array.from({ length: 100 }, (_, position) => {
      return { time: position, key: 'a', amount: 1, position };
    });
    const source = memorySource(log, (recovery) => tumblingWindow({ ...common, ...recovery, sizeMs: 10 }));
    source.run(75);

    // The watermark is 64: the window from 60 on is the oldest that is open.
    expect(source.point()).toEqual({ position: 60, watermark: 49, told: 60 });
  });

  it('moves on as values leave a sliding window', () => {
    const log = Array.from({ length: 100 }, (_, position) => {
      return { time: position, key: 'a', amount: 1, position };
    });
    const source = memorySource(log, (recovery) => slidingWindow({ ...common, ...recovery, sizeMs: 12 }));
    source.run(75);

    // The watermark is 64: the value of 52 is just out of the window.
    expect(source.point()).toEqual({ position: 53, watermark: 42, told: 64 });
  });

  it.each(pipelines)('tells nothing again that ended before: %s', (name, pipeline) => {
    const log = Array.from({ length: 100 }, (_, position) => {
      return { time: position + 9 * Math.floor(position / 20), key: 'a', amount: 1, position };
    });
    for (const crash of [30, 61, 62, 63, 64, 65, 66, 67, 68, 80]) {
      const source = memorySource(log, pipeline);
      source.run(crash);
      const [before, point] = [source.told.length, source.point()];
      source.run(log.length, point);
      // Windows say when they end; a sliding one ends at its value.
      const lateness = name.includes('lateness') ? 15 : 0;
      const ends = source.told.slice(before).map((told) => endOf(told) + lateness);
      expect(ends.filter((end) => end <= (point?.told ?? -Infinity))).toEqual([]);
    }
  });

  it('tells a sliding window that ends at the very time of the point', () => {
    const log = [0, 20, 10, 40].map((time, position) => ({ time, key: 'a', amount: 1, position }));
    const source = memorySource(log, (recovery) => slidingWindow({ ...common, ...recovery, sizeMs: 5 }));
    source.run(2);
    expect(source.point()).toMatchObject({ position: 1, told: 10 });
    source.run(log.length, source.point());

    expect(source.told.map(({ id }) => id)).toEqual(
      [0, 10, 20, 40].map((time) => `slidingWindow/${time}/a#0`),
    );
  });

  it.each<[string, (recovery: Recovery) => OperatorFunction<Stored | Watermark, unknown>]>([
    [
      'tumbling windows',
      (recovery) => tumblingWindow({ ...common, ...recovery, sizeMs: 10, maxOpenWindows: 1, evicted }),
    ],
    [
      'hopping windows',
      (recovery) =>
        hoppingWindow({ ...common, ...recovery, sizeMs: 15, hopMs: 4, maxOpenWindows: 1, evicted }),
    ],
    [
      'sessions',
      (recovery) => sessionWindow({ ...common, ...recovery, gapMs: 8, maxOpenWindows: 1, evicted }),
    ],
    [
      'sliding windows',
      (recovery) => slidingWindow({ ...common, ...recovery, sizeMs: 12, maxBuffered: 1, evicted }),
    ],
  ])('moves on past what it has put out: %s', (_name, pipeline) => {
    const points: ResumePoint[] = [];
    const source = new Subject<Stored | Watermark>();
    source.pipe(pipeline({ resumeFrom: { next: (point) => points.push(point) } })).subscribe();
    for (const position of [0, 1, 2]) source.next({ time: 40 * position, key: 'a', amount: 1, position });

    expect(points).toEqual([0, 1, 2].map((position) => ({ position, ...nothingYet })));
  });
});

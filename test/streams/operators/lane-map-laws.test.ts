import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { laneMap, type LaneMapOptions, type Priority } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';

interface Job {
  readonly n: number;
  readonly priority: Priority;
  readonly key?: string;
}

const priorities = ['critical', 'high', 'normal', 'low'] as const;
const weights = [8, 4, 2, 1] as const;
const jobs = fc
  .array(fc.record({ lane: fc.nat(3), key: fc.nat(4) }), { maxLength: 120, size: 'max' })
  .map((drawn) =>
    drawn.map(({ lane, key }, n): Job => ({ n, priority: priorities[lane] ?? 'low', key: `k${key}` })),
  );
/** Which of the running jobs ends next, drawn anew each time. */
const choices = fc.infiniteStream(fc.nat());

/** Lets jobs start and end one at a time, all of them there from the beginning, and tells what happened. */
function play(all: readonly Job[], options: LaneMapOptions<Job>, ends: Iterator<number>) {
  const running: { readonly job: Job; readonly inner: Subject<number> }[] = [];
  const log: { readonly what: 'start' | 'end'; readonly job: Job }[] = [];
  const emitted: number[] = [];
  let most = 0;
  let completed = false;
  from(all)
    .pipe(
      laneMap((job) => {
        const inner = new Subject<number>();
        running.push({ job, inner });
        most = Math.max(most, running.length);
        log.push({ what: 'start', job });
        return inner;
      }, options),
    )
    .subscribe({ next: (n) => emitted.push(n), complete: () => (completed = true) });
  while (running.length > 0) {
    const choice = ends.next().value as number;
    const [ended] = running.splice(choice % running.length, 1);
    if (ended === undefined) break;
    log.push({ what: 'end', job: ended.job });
    ended.inner.next(ended.job.n);
    ended.inner.complete();
  }
  const starts = log.filter(({ what }) => what === 'start').map(({ job }) => job);
  return { log, starts, emitted, most, completed };
}

describe('laneMap', () => {
  it('never loses or repeats a value, nor runs more than concurrency at once', () => {
    fc.assert(
      fc.property(
        jobs,
        choices,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('none', 'key', 'total'),
        (all, ends, concurrency, order) => {
          const { emitted, most, completed } = play(all, { concurrency, order }, ends);
          expect(emitted.toSorted((a, b) => a - b)).toEqual(all.map(({ n }) => n));
          expect(most).toBeLessThanOrEqual(concurrency);
          expect(completed).toBe(true);
        },
      ),
    );
  });

  it('never reorders or overlaps values that share a key', () => {
    fc.assert(
      fc.property(jobs, choices, fc.integer({ min: 1, max: 5 }), (all, ends, concurrency) => {
        const { log } = play(all, { concurrency, order: 'key' }, ends);
        const open = new Set<string>();
        const last = new Map<string, number>();
        for (const { what, job } of log) {
          const key = job.key ?? '';
          if (what === 'end') {
            open.delete(key);
            continue;
          }
          expect(open.has(key)).toBe(false);
          open.add(key);
          expect(job.n).toBeGreaterThan(last.get(key) ?? -1);
          last.set(key, job.n);
        }
      }),
    );
  });

  it('starts the head of a lane after at most 2 · (15 − w) others (I10)', () => {
    fc.assert(
      fc.property(jobs, choices, fc.integer({ min: 1, max: 3 }), (all, ends, concurrency) => {
        const { starts } = play(all, { concurrency }, ends);
        for (const [lane, priority] of priorities.entries()) {
          // What came while places were free never waited.
          const own = starts.flatMap((job, at) =>
            job.priority === priority && at >= concurrency ? [at] : [],
          );
          let headSince = concurrency;
          for (const at of own) {
            expect(at - headSince).toBeLessThanOrEqual(2 * (15 - (weights[lane] ?? 0)));
            headSince = at + 1;
          }
        }
      }),
    );
  });

  it('starts the k-th waiting critical value after at most 7 · ⌈k/8⌉ + concurrency lower ones (I9)', () => {
    fc.assert(
      fc.property(jobs, choices, fc.integer({ min: 1, max: 4 }), (all, ends, concurrency) => {
        const { starts } = play(all, { concurrency }, ends);
        let lower = 0;
        let k = 0;
        for (const job of starts) {
          if (job.priority !== 'critical') lower += 1;
          else {
            k += 1;
            expect(lower).toBeLessThanOrEqual(7 * Math.ceil(k / 8) + concurrency);
          }
        }
      }),
    );
  });
});

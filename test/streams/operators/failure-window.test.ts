import fc from 'fast-check';
import {
  EMPTY,
  NEVER,
  Observable,
  Subject,
  from,
  of,
  range,
  take,
  throwError,
  toArray,
  type Observer,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { CallResult } from '../../../streams/event/outcome.ts';
import {
  failureWindow,
  type FailureWindowOptions,
  type Trip,
} from '../../../streams/operators/failure-window.ts';

/** Results as letters: o ok, f failed, s slow, x slow-failed. */
function results(letters: string): CallResult[] {
  const names: Record<string, CallResult> = { o: 'ok', f: 'failed', s: 'slow', x: 'slow-failed' };
  return Array.from(letters, (letter) => names[letter] ?? 'ok');
}

/** The trips of a history, each with the number of the result that caused it. */
function tripsOf(letters: string, options: FailureWindowOptions): [at: number, trip: Trip][] {
  const source = new Subject<CallResult>();
  const trips: [number, Trip][] = [];
  let at = 0;
  source.pipe(failureWindow(options)).subscribe((trip) => trips.push([at, trip]));
  for (const result of results(letters)) {
    at += 1;
    source.next(result);
  }
  return trips;
}

const bare = { failureRateThreshold: Infinity, slowCallRateThreshold: Infinity };

describe('failureWindow over a count of results', () => {
  it('trips at the threshold, not only above it, and says why', () => {
    expect(tripsOf('ofof', { minimumCalls: 4 })).toEqual([
      [4, { kind: 'failure-rate', failureRate: 0.5, slowRate: 0, calls: 4, consecutive: 1 }],
    ]);
    expect(tripsOf('oofoof', { minimumCalls: 3 })).toEqual([]);
  });

  it('takes 7 failures of 100 for a rate of 0.07', () => {
    const history = 'o'.repeat(93) + 'f'.repeat(7);

    expect(tripsOf(history, { minimumCalls: 100, failureRateThreshold: 0.07 })).toHaveLength(1);
  });

  it('trips on a success, if that is what completes minimumCalls', () => {
    expect(tripsOf('ffo', { minimumCalls: 3 })).toMatchObject([[3, { failureRate: 2 / 3 }]]);
  });

  it('is silent before minimumCalls, which is 20 by default or all of a smaller window', () => {
    expect(tripsOf('f'.repeat(19), {})).toEqual([]);
    expect(tripsOf('f'.repeat(20), {})).toHaveLength(1);
    expect(tripsOf('ffff', { windowSize: 5 })).toEqual([]);
    expect(tripsOf('fffff', { windowSize: 5 })).toHaveLength(1);
  });

  it('forgets what lies more than windowSize results back', () => {
    expect(tripsOf('ffoooof', { windowSize: 4, minimumCalls: 4, failureRateThreshold: 0.75 })).toEqual([]);
    expect(
      tripsOf('ffooooffoff', { windowSize: 4, minimumCalls: 4, failureRateThreshold: 0.75 }),
    ).toMatchObject([[10, { failureRate: 0.75, calls: 4 }]]);
  });

  it('counts slow calls whether they failed or not', () => {
    expect(tripsOf('ssxo', { ...bare, minimumCalls: 4, slowCallRateThreshold: 0.75 })).toMatchObject([
      [4, { kind: 'slow-rate', slowRate: 0.75, failureRate: 0.25 }],
    ]);
    expect(tripsOf('xxoo', { ...bare, minimumCalls: 4, failureRateThreshold: 0.5 })).toHaveLength(1);
    expect(
      tripsOf('ssss', { minimumCalls: 4, failureRateThreshold: 0.5, slowCallRateThreshold: Infinity }),
    ).toEqual([]);
  });

  it('forgets slow calls that lie more than windowSize results back', () => {
    expect(tripsOf('ssooso', { ...bare, windowSize: 3, slowCallRateThreshold: 1 })).toEqual([]);
  });

  it('trips on failures in a row, whatever the rate and before minimumCalls', () => {
    const options = { ...bare, consecutiveFailures: 3 };

    expect(tripsOf('ffoffsfxf', options)).toMatchObject([
      [9, { kind: 'consecutive-failures', consecutive: 3, calls: 9 }],
    ]);
    expect(tripsOf('ffofsff', options)).toEqual([]);
  });

  it('starts empty after a trip', () => {
    expect(tripsOf('fffff', { ...bare, consecutiveFailures: 2 }).map(([at]) => at)).toEqual([2, 4]);
    expect(tripsOf('fffff', { minimumCalls: 2 }).map(([at, { calls }]) => [at, calls])).toEqual([
      [2, 2],
      [4, 2],
    ]);
  });

  // Law: the ring agrees with judging the latest `windowSize` results by hand.
  it('equals the naive count, for every history and bounds', () => {
    const letters = fc.array(fc.constantFrom('o', 'f', 's', 'x'), { maxLength: 60, size: 'max' });
    const bounds = fc.integer({ min: 1, max: 8 }).chain((windowSize) =>
      fc.record({
        windowSize: fc.constant(windowSize),
        minimumCalls: fc.integer({ min: 1, max: windowSize }),
        failureRateThreshold: fc.constantFrom(0.25, 0.5, 1, Infinity),
        slowCallRateThreshold: fc.constantFrom(0.25, 0.5, 1, Infinity),
        consecutiveFailures: fc.constantFrom(1, 2, 5, Infinity),
      }),
    );
    fc.assert(
      fc.property(letters, bounds, (history, options) => {
        expect(tripsOf(history.join(''), options).map(([at, { kind }]) => [at, kind])).toEqual(
          naiveTrips(history, options),
        );
      }),
    );
  });
});

function naiveTrips(
  history: readonly string[],
  options: Required<Omit<FailureWindowOptions, 'clock' | 'windowMs'>>,
): [number, Trip['kind']][] {
  const trips: [number, Trip['kind']][] = [];
  let since = 0;
  for (let end = 1; end <= history.length; end += 1) {
    const all = history.slice(since, end);
    const latest = all.slice(-options.windowSize);
    const rate = (letters: string) =>
      latest.filter((letter) => letters.includes(letter)).length / latest.length;
    const row = all.length - 1 - all.findLastIndex((letter) => letter === 'o' || letter === 's');
    const judged = latest.length >= options.minimumCalls;
    let kind: Trip['kind'] | undefined;
    if (judged && rate('sx') >= options.slowCallRateThreshold) kind = 'slow-rate';
    if (judged && rate('fx') >= options.failureRateThreshold) kind = 'failure-rate';
    if (row >= options.consecutiveFailures) kind = 'consecutive-failures';
    if (kind === undefined) continue;
    trips.push([end, kind]);
    since = end;
  }
  return trips;
}

describe('failureWindow as an operator', () => {
  const each = failureWindow({ ...bare, consecutiveFailures: 1 });

  function watch(source: Observable<CallResult>) {
    const seen: string[] = [];
    const observer: Observer<Trip> = {
      next: () => seen.push('trip'),
      error: () => seen.push('error'),
      complete: () => seen.push('complete'),
    };
    return { seen, subscription: source.pipe(each).subscribe(observer) };
  }

  it('completes, fails and stays silent as its source does', () => {
    expect(watch(EMPTY).seen).toEqual(['complete']);
    expect(watch(NEVER).seen).toEqual([]);
    expect(watch(of('failed')).seen).toEqual(['trip', 'complete']);
    expect(watch(throwError(() => new Error('broken'))).seen).toEqual(['error']);
  });

  it('lets go of its source when it is unsubscribed', () => {
    const source = new Subject<CallResult>();
    const { seen, subscription } = watch(source);
    subscription.unsubscribe();
    source.next('failed');

    expect(source.observed).toBe(false);
    expect(seen).toEqual([]);
  });

  it('stops a synchronous source that never ends', () => {
    const seen: number[] = [];
    const endless = new Observable<CallResult>((subscriber) => {
      while (!subscriber.closed) subscriber.next('failed');
    });
    endless.pipe(each, take(3)).subscribe(({ calls }) => seen.push(calls));

    expect(seen).toEqual([1, 1, 1]);
  });

  it('gives every subscription its own window', () => {
    const source = new Subject<CallResult>();
    const two = source.pipe(failureWindow({ ...bare, consecutiveFailures: 2 }));
    const seen: string[] = [];
    two.subscribe(() => seen.push('early'));
    source.next('failed');
    two.subscribe(() => seen.push('late'));
    source.next('failed');
    source.next('failed');

    expect(seen).toEqual(['early', 'late']);
  });

  it('holds a million results in a ring', () => {
    const seen: Trip[] = [];
    range(0, 1_000_000)
      .pipe(
        (source) =>
          new Observable<CallResult>((subscriber) => source.subscribe(() => subscriber.next('failed'))),
        failureWindow({ windowSize: 1_000_000, minimumCalls: 1_000_000 }),
      )
      .subscribe((trip) => seen.push(trip));

    expect(seen).toMatchObject([{ calls: 1_000_000, consecutive: 1_000_000 }]);
  });

  it('can be collected', () => {
    const seen: Trip[][] = [];
    from(results('ff'))
      .pipe(each, toArray())
      .subscribe((trips) => seen.push(trips));

    expect(seen[0]).toHaveLength(2);
  });

  it.each<[FailureWindowOptions, string]>([
    [{ windowSize: 1.5 }, 'windowSize must be an integer from 1 to 1e9, got 1.5'],
    [{ windowSize: 1e10 }, 'windowSize must be an integer from 1 to 1e9, got 10000000000'],
    [{ minimumCalls: 0 }, 'minimumCalls must be an integer of at least 1, got 0'],
    [{ windowSize: 5, minimumCalls: 6 }, 'minimumCalls must be at most windowSize, 5, got 6'],
    [
      { failureRateThreshold: 1.1 },
      'failureRateThreshold must be above 0 and at most 1, or Infinity for none, got 1.1',
    ],
    [{ slowCallRateThreshold: NaN }, 'slowCallRateThreshold must be above 0 and at most 1'],
    [{ consecutiveFailures: 0 }, 'consecutiveFailures must be at least 1, got 0'],
    [{ windowMs: 0 }, 'windowMs must be a number of milliseconds above 0, got 0'],
    [{ windowMs: 1_000 }, 'windowMs needs a clock'],
    [{ windowMs: 1_000, windowSize: 5 }, 'windowSize and windowMs exclude each other'],
  ])('refuses %j', (options, message) => {
    expect(() => failureWindow(options)).toThrow(message);
  });
});

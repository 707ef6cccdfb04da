import { EMPTY, NEVER, Observable, Subject, from, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { CallResult } from '../../../streams/event/outcome.ts';
import {
  trialWindow,
  type TrialVerdict,
  type TrialWindowOptions,
} from '../../../streams/operators/trial-window.ts';

function verdicts(options: TrialWindowOptions, ...results: CallResult[]): string[] {
  const seen: TrialVerdict[] = [];
  from(results)
    .pipe(trialWindow(options))
    .subscribe((verdict) => seen.push(verdict));
  return seen.map(({ verdict, failureRate, slowRate }) => `${verdict} ${failureRate} ${slowRate}`);
}

describe('trialWindow', () => {
  it('is silent until all trials have ended', () => {
    expect(verdicts({ trials: 3 }, 'failed', 'failed')).toEqual([]);
  });

  it('closes below the thresholds and opens at them', () => {
    expect(verdicts({ trials: 4 }, 'ok', 'failed', 'ok', 'ok')).toEqual(['close 0.25 0']);
    expect(verdicts({ trials: 4 }, 'ok', 'failed', 'failed', 'ok')).toEqual(['open 0.5 0']);
    expect(verdicts({ trials: 2 }, 'slow', 'ok')).toEqual(['close 0 0.5']);
    expect(verdicts({ trials: 2 }, 'slow', 'slow')).toEqual(['open 0 1']);
    expect(verdicts({ trials: 2 }, 'slow-failed', 'ok')).toEqual(['open 0.5 0.5']);
  });

  it('opens at any failure when no failure rate is judged', () => {
    const options = { trials: 3, failureRateThreshold: Infinity, slowCallRateThreshold: Infinity };

    expect(verdicts(options, 'ok', 'failed', 'ok')).toEqual(['open 0.3333333333333333 0']);
    expect(verdicts(options, 'slow', 'slow', 'slow')).toEqual(['close 0 1']);
  });

  it('judges every further set of trials anew', () => {
    expect(verdicts({ trials: 1 }, 'failed', 'ok', 'failed')).toEqual(['open 1 0', 'close 0 0', 'open 1 0']);
    expect(verdicts({ trials: 2 }, 'failed', 'ok', 'ok', 'ok', 'ok')).toEqual(['open 0.5 0', 'close 0 0']);
  });

  it('completes, fails and stays silent as its source does', () => {
    const seen: string[] = [];
    const watch = (source: Observable<CallResult>) =>
      source.pipe(trialWindow({ trials: 1 })).subscribe({
        error: () => seen.push('error'),
        complete: () => seen.push('complete'),
      });
    watch(EMPTY);
    watch(NEVER);
    watch(throwError(() => new Error('broken')));

    expect(seen).toEqual(['complete', 'error']);
  });

  it('gives every subscription its own trials, and lets go of its source', () => {
    const source = new Subject<CallResult>();
    const judged = source.pipe(trialWindow({ trials: 2 }));
    const seen: string[] = [];
    const early = judged.subscribe(() => seen.push('early'));
    source.next('ok');
    const late = judged.subscribe(() => seen.push('late'));
    source.next('ok');
    early.unsubscribe();
    late.unsubscribe();

    expect(seen).toEqual(['early']);
    expect(source.observed).toBe(false);
  });

  it('stops a synchronous source that never ends', () => {
    const seen: string[] = [];
    const endless = new Observable<CallResult>((subscriber) => {
      while (!subscriber.closed) subscriber.next('ok');
    });
    endless.pipe(trialWindow({ trials: 2 }), take(2)).subscribe(({ verdict }) => seen.push(verdict));

    expect(seen).toEqual(['close', 'close']);
  });

  it.each([0, 1.5, Infinity])('refuses %d trials', (trials) => {
    expect(() => trialWindow({ trials })).toThrow(`trials must be an integer of at least 1, got ${trials}`);
  });
});

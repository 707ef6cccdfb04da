import { describe, expect, it, vi } from 'vitest';
import type { BreakerOptions } from '../../actors/breaker.ts';
import { createBreaker } from '../../actors/create-breaker.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { acquire, breakerWith, fail, grants, quick } from '../support/breaker.ts';

describe('a closed breaker', () => {
  it('lets every call start', () => {
    const { breaker } = breakerWith();

    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot).toEqual({ state: 'closed', epoch: 1, permits: Infinity, since: 0, opens: 0 });
    expect(grants(breaker)).toHaveLength(100);
  });

  it('opens in the very step in which a result reaches the threshold', () => {
    const { breaker } = breakerWith();
    const [first, second] = [acquire(breaker), acquire(breaker)];

    first.ok();
    expect(breaker.state).toBe('closed');
    second.failed();

    expect(breaker.state).toBe('open');
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.snapshot.lastTrip).toEqual({
      kind: 'failure-rate',
      failureRate: 0.5,
      slowRate: 0,
      calls: 2,
      consecutive: 1,
    });
  });

  it('counts a call as slow only beyond slowCallDurationMs', () => {
    const { breaker } = breakerWith({ ...quick, slowCallDurationMs: 100 });
    acquire(breaker).ok(100);
    acquire(breaker).ok(100.1);
    expect(breaker.state).toBe('closed');
    for (let index = 0; index < 3; index += 1) acquire(breaker).ok(101);

    expect(breaker.snapshot.lastTrip).toMatchObject({ kind: 'slow-rate', slowRate: 1, failureRate: 0 });
  });

  it('counts a call that failed slowly as both', () => {
    const { breaker } = breakerWith({ ...quick, slowCallDurationMs: 100 });
    acquire(breaker).failed(101);
    acquire(breaker).failed(101);

    expect(breaker.snapshot.lastTrip).toMatchObject({ failureRate: 1, slowRate: 1 });
  });

  it('counts neither a released call nor one that settles twice', () => {
    const { breaker } = breakerWith();
    const permit = acquire(breaker);
    permit.failed();
    permit.failed();
    permit.release();
    acquire(breaker).release();

    expect(breaker.state).toBe('closed');
    acquire(breaker).failed();
    expect(breaker.snapshot.lastTrip).toMatchObject({ calls: 2 });
  });

  it('judges the time window on its clock', async () => {
    const clock = createVirtualClock();
    const options = { ...quick, windowMs: 10_000, minimumCalls: 2 };
    const { windowSize: _, ...timed } = options;
    const breaker = createBreaker(timed, { clock, random: () => 0 });
    acquire(breaker).failed();
    await clock.advanceBy(10_000);
    acquire(breaker).failed();
    expect(breaker.state).toBe('closed');
    acquire(breaker).failed();

    expect(breaker.state).toBe('open');
  });
});

describe('the running calls of a breaker', () => {
  it('are those whose permit has not been settled, once each', () => {
    const { breaker } = breakerWith();
    const [first, second, third] = [acquire(breaker), acquire(breaker), acquire(breaker)];
    expect(breaker.running).toBe(3);
    first.ok();
    first.release();
    second.release();
    third.failed();

    expect(breaker.running).toBe(0);
  });
});

describe('an open breaker', () => {
  it('lets no call start for the whole of resetTimeoutMs, then half-opens by itself', async () => {
    const { breaker, clock } = breakerWith();
    fail(breaker, 2);
    expect(breaker.snapshot).toMatchObject({ state: 'open', since: 0, until: 1_000, opens: 1, permits: 0 });

    await clock.advanceBy(999.9);
    expect(grants(breaker)).toHaveLength(0);
    await clock.advanceBy(0.1);

    expect(breaker.state).toBe('halfOpen');
  });

  it('stays open twice as long after every failed trial, up to maxResetTimeoutMs, and starts anew once closed', async () => {
    const { breaker, clock } = breakerWith({ ...quick, halfOpenCalls: 1 });
    const waits: number[] = [];
    const waitAndFail = async () => {
      const since = clock.monotonic();
      while (breaker.state === 'open') await clock.advanceBy(100);
      waits.push(clock.monotonic() - since);
      acquire(breaker).failed();
    };
    fail(breaker, 2);
    for (let round = 0; round < 4; round += 1) await waitAndFail();
    expect(waits).toEqual([1_000, 2_000, 4_000, 4_000]);

    await clock.advanceBy(4_000);
    acquire(breaker).ok();
    expect(breaker.state).toBe('closed');
    fail(breaker, 2);

    expect(breaker.snapshot.until).toBe(clock.now() + 1_000);
  });

  it('adds up to jitter to its wait, and never takes any away', () => {
    const least = breakerWith({ ...quick, jitter: 0.5 }, () => 0);
    const most = breakerWith({ ...quick, jitter: 0.5 }, () => 0.999);
    fail(least.breaker, 2);
    fail(most.breaker, 2);

    expect(least.breaker.snapshot.until).toBe(1_000);
    expect(most.breaker.snapshot.until).toBeCloseTo(1_499.5);
  });

  it('is not hurried by results of calls that started before it opened', async () => {
    const { breaker, clock } = breakerWith();
    const late = grants(breaker);
    late.pop()?.failed();
    late.pop()?.failed();
    const { epoch } = breaker.snapshot;
    for (const permit of late.splice(0, 50)) permit.ok();
    expect(breaker.snapshot).toMatchObject({ state: 'open', epoch });

    await clock.advanceBy(1_000);
    for (const permit of late) permit.failed();

    expect(breaker.state).toBe('halfOpen');
  });

  it('does not notice a wall clock that is set', async () => {
    const { breaker, clock } = breakerWith();
    fail(breaker, 2);
    clock.setWallClock(3_600_000);
    await clock.advanceBy(999);
    expect(breaker.state).toBe('open');

    clock.setWallClock(0);
    await clock.advanceBy(1);

    expect(breaker.state).toBe('halfOpen');
  });
});

describe('a breaker by hand', () => {
  it('lets no call start while isolated, however long, until it is reset', async () => {
    const { breaker, clock } = breakerWith();
    breaker.isolate();
    await clock.advanceBy(1e9);
    expect(breaker.snapshot).toMatchObject({ state: 'isolated', permits: 0 });
    expect(grants(breaker)).toHaveLength(0);

    breaker.reset();

    expect(breaker.state).toBe('closed');
    expect(clock.pendingTimers).toBe(0);
  });

  it('stays as it is when isolated twice', () => {
    const { breaker } = breakerWith();
    breaker.isolate();
    const { snapshot } = breaker;
    breaker.isolate();

    expect(breaker.snapshot).toBe(snapshot);
  });

  it('is isolated from every state', async () => {
    const { breaker, clock } = breakerWith();
    fail(breaker, 2);
    breaker.isolate();
    await clock.advanceBy(10_000);
    expect(breaker.state).toBe('isolated');
    breaker.reset();
    fail(breaker, 2);
    await clock.advanceBy(1_000);
    breaker.isolate();

    expect(grants(breaker)).toHaveLength(0);
  });

  it('empties its window when it is reset while closed', () => {
    const { breaker } = breakerWith();
    const stale = acquire(breaker);
    fail(breaker, 1);
    breaker.reset();
    stale.failed();
    fail(breaker, 1);

    expect(breaker.state).toBe('closed');
  });

  it('forgets how often it has opened when it is reset', () => {
    const { breaker } = breakerWith();
    fail(breaker, 2);
    breaker.reset();

    expect(breaker.snapshot).toMatchObject({ state: 'closed', opens: 0 });
  });

  it('lets no call start once closed for good, whatever its state was', () => {
    const { breaker } = breakerWith();
    breaker.close();

    expect(grants(breaker)).toHaveLength(0);
  });

  it('lets no call start once closed for good, keeps no timer, and completes its snapshots', async () => {
    const { breaker, clock } = breakerWith();
    fail(breaker, 2);
    let completed = false;
    breaker.snapshot$.subscribe({ complete: () => (completed = true) });
    breaker.close();
    breaker.close();
    const warnings = vi.spyOn(console, 'warn');
    breaker.reset();
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
    await breaker[Symbol.asyncDispose]();

    expect(completed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(grants(breaker)).toHaveLength(0);
  });
});

describe('the options of a breaker', () => {
  it.each<[BreakerOptions, string]>([
    [{ windowSize: 0 }, 'windowSize must be an integer from 1 to 1e9, got 0'],
    [{ windowSize: 10, minimumCalls: 20 }, 'minimumCalls must be at most windowSize, 10, got 20'],
    [{ failureRateThreshold: 0 }, 'failureRateThreshold must be above 0 and at most 1'],
    [{ slowCallDurationMs: NaN }, 'slowCallDurationMs must be at least 0, got NaN'],
    [{ resetTimeoutMs: -1 }, 'resetTimeoutMs must be a number of milliseconds from 0 to 2147483647, got -1'],
    [{ maxResetTimeoutMs: 10 }, 'maxResetTimeoutMs must be a number of milliseconds from 30000 to'],
    [{ halfOpenTimeoutMs: Infinity }, 'halfOpenTimeoutMs must be a number of milliseconds from 0 to'],
    [{ jitter: 1.5 }, 'jitter must be from 0 to 1, got 1.5'],
    [{ jitter: -0.1 }, 'jitter must be from 0 to 1, got -0.1'],
    [{ slowCallDurationMs: -1 }, 'slowCallDurationMs must be at least 0, got -1'],
    [{ halfOpenCalls: 0 }, 'halfOpenCalls must be an integer of at least 1, got 0'],
  ])('are refused out of range: %j', (options, message) => {
    expect(() => breakerWith(options)).toThrow(message);
  });

  it('take a slowCallDurationMs of 0: every call that takes time is slow', () => {
    const { breaker } = breakerWith({ ...quick, slowCallDurationMs: 0 });
    acquire(breaker).ok(0);
    acquire(breaker).ok(1);
    const before = breaker.state;
    for (let index = 0; index < 3; index += 1) acquire(breaker).ok(1);

    expect(before).toBe('closed');
    expect(breaker.snapshot.lastTrip).toMatchObject({ kind: 'slow-rate' });
  });

  it('draw no number where there is no jitter', () => {
    const { breaker } = breakerWith(quick, () => expect.fail('a number was drawn'));
    fail(breaker, 2);

    expect(breaker.state).toBe('open');
  });

  it('take a resetTimeoutMs beyond the default of maxResetTimeoutMs', () => {
    const { breaker } = breakerWith({ resetTimeoutMs: 2_147_483_647, consecutiveFailures: 1, jitter: 1 });
    fail(breaker, 1);

    expect(breaker.snapshot.until).toBe(2_147_483_647);
  });
});

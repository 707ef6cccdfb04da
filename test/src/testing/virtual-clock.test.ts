import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

describe('createVirtualClock', () => {
  it('starts where it is told to, and stands still', () => {
    const clock = createVirtualClock({ now: 5_000 });

    expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0]);
  });

  it('fires timers in order of time, then of creation', async () => {
    const clock = createVirtualClock({ now: 0 });
    const fired: string[] = [];
    const add = (name: string, delayMs: number) =>
      clock.setTimeout(() => fired.push(`${name}@${clock.now()}`), delayMs);
    add('b', 20);
    add('a', 10);
    add('c', 20);

    await clock.advanceBy(20);

    expect(fired).toEqual(['a@10', 'b@20', 'c@20']);
  });

  it('fires every timer once, in order, whatever is cancelled', () => {
    const timer = fc.record({ delayMs: fc.nat(50), cancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 400 }), (plan) => {
        const clock = createVirtualClock();
        const fired: number[] = [];
        const handles = plan.map(({ delayMs }, index) => clock.setTimeout(() => fired.push(index), delayMs));
        for (const [index, { cancelled }] of plan.entries()) {
          if (cancelled) clock.clearTimeout(handles[index]);
        }

        clock.advanceBySync(50);

        const expected = plan
          .map(({ delayMs, cancelled }, index) => ({ delayMs, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .toSorted((a, b) => a.delayMs - b.delayMs)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });

  it('fires timers that timers set, within the same advance', async () => {
    const clock = createVirtualClock({ now: 0 });
    const at: number[] = [];
    const again = () => {
      at.push(clock.now());
      clock.setTimeout(again, 10);
    };
    clock.setTimeout(again, 10);

    await clock.advanceBy(35);

    expect(at).toEqual([10, 20, 30]);
    expect([clock.now(), clock.nextTimerAt, clock.pendingTimers]).toEqual([35, 40, 1]);
  });

  it('cancels a timer, twice and after it fired', async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    const cancelled = clock.setTimeout(() => fired.push('cancelled'), 1);
    const kept = clock.setTimeout(() => fired.push('kept'), 1);
    clock.clearTimeout(cancelled);
    clock.clearTimeout(cancelled);

    await clock.advanceBy(1);
    clock.clearTimeout(kept);
    clock.clearTimeout(undefined);

    expect(fired).toEqual(['kept']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets cancelled timers long before they would surface', () => {
    const clock = createVirtualClock();
    clock.setTimeout(() => {}, 1);
    for (let index = 0; index < 10_000; index += 1) clock.clearTimeout(clock.setTimeout(() => {}, 30_000));

    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerAt).toBe(clock.now() + 1);
  });

  it('takes a delay that is negative or no number as 0, and never fires one that is infinite', async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push('negative'), -5);
    clock.setTimeout(() => fired.push('NaN'), NaN);
    clock.setTimeout(() => fired.push('infinite'), Infinity);
    clock.setTimeout(() => fired.push('infinite too'), Infinity);

    await clock.advanceBy(1e9);

    expect(fired).toEqual(['negative', 'NaN']);
  });
});

describe('the turns of a virtual clock', () => {
  it('runs deferred callbacks and promises first, then due timers, then yielded turns', async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.yieldTurn(() => seen.push('turn'));
    clock.setTimeout(() => seen.push('timer'), 0);
    clock.defer(() => seen.push('deferred'));
    void Promise.resolve().then(() => seen.push('promise'));

    await clock.flush();

    expect(seen).toEqual(['deferred', 'promise', 'timer', 'turn']);
  });

  it('lets chains of promises of any length settle between two timers', async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    const chain = async () => {
      for (let index = 0; index < 1_000; index += 1) await Promise.resolve();
      seen.push('settled');
    };
    clock.setTimeout(() => void chain(), 5);
    clock.setTimeout(() => seen.push('next timer'), 5);

    await clock.advanceBy(5);

    expect(seen).toEqual(['settled', 'next timer']);
  });

  it('runs deferred callbacks without a flush, as microtasks', async () => {
    const clock = createVirtualClock();

    await new Promise<void>((resolve) => clock.defer(resolve));

    expect(clock.now()).toBe(1_704_067_200_000);
  });

  it('runs what is deferred or yielded meanwhile in the same flush', () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.yieldTurn(() => {
      seen.push('first turn');
      clock.yieldTurn(() => seen.push('second turn'));
      clock.defer(() => seen.push('deferred'));
    });

    clock.flushSync();

    expect(seen).toEqual(['first turn', 'deferred', 'second turn']);
  });

  it('keeps the order of thousands of turns', () => {
    const clock = createVirtualClock();
    const seen: number[] = [];
    for (let index = 0; index < 5_000; index += 1) clock.yieldTurn(() => seen.push(index));

    clock.flushSync();

    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });
});

describe('a virtual clock under misuse', () => {
  it('ends an advance with what a callback throws, and stays usable', async () => {
    const clock = createVirtualClock({ now: 0 });
    const fired: string[] = [];
    clock.setTimeout(() => {
      throw new Error('broken');
    }, 1);
    clock.setTimeout(() => fired.push('after'), 2);

    await expect(clock.advanceBy(5)).rejects.toThrow('broken');
    expect(clock.now()).toBe(1);
    await clock.advanceBy(5);

    expect(fired).toEqual(['after']);
  });

  it('ends an advance with what a callback throws that a promise deferred', async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    const deferTwo = async () => {
      await Promise.resolve();
      clock.defer(() => {
        throw new Error('broken');
      });
      clock.defer(() => fired.push('after'));
    };
    void deferTwo();

    await expect(clock.flush()).rejects.toThrow('broken');
    expect(fired).toEqual(['after']);
  });

  it('refuses a second advance while one runs', async () => {
    const clock = createVirtualClock();
    const first = clock.advanceBy(1);

    await expect(clock.advanceBy(1)).rejects.toThrow('the clock is advancing already');
    expect(() => clock.flushSync()).toThrow('the clock is advancing already');
    await first;
  });

  it('fails when time stands still, instead of hanging', async () => {
    const clock = createVirtualClock({ maxCallbacksPerInstant: 100 });
    const spin = () => void clock.setTimeout(spin, 0);
    spin();

    await expect(clock.advanceBy(1)).rejects.toThrow('time stands still: 100 callbacks ran at one instant');
  });

  it('counts callbacks anew at each instant', async () => {
    const clock = createVirtualClock({ maxCallbacksPerInstant: 3 });
    for (let index = 0; index < 9; index += 1) clock.setTimeout(() => {}, index);

    await expect(clock.advanceBy(10)).resolves.toBeUndefined();
  });

  it.each([-1, NaN, Infinity])('refuses to advance by %s', async (ms) => {
    await expect(createVirtualClock().advanceBy(ms)).rejects.toThrow(
      `ms must be a finite number, 0 or more, got ${ms}`,
    );
  });

  it('refuses options out of range', () => {
    expect(() => createVirtualClock({ now: NaN })).toThrow('now must be a finite number, got NaN');
    expect(() => createVirtualClock({ maxCallbacksPerInstant: 0 })).toThrow(
      'maxCallbacksPerInstant must be at least 1, got 0',
    );
  });
});

describe('the wall clock of a virtual clock', () => {
  it('jumps without timers or monotonic time noticing', async () => {
    const clock = createVirtualClock({ now: 3_600_000 });
    const fired: number[] = [];
    await clock.advanceBy(50);
    clock.setTimeout(() => fired.push(clock.monotonic()), 100);

    clock.setWallClock(0);
    await clock.advanceBy(100);

    expect(fired).toEqual([150]);
    expect([clock.now(), clock.monotonic()]).toEqual([100, 150]);
  });

  it('advances to a time of the wall clock, and not back', async () => {
    const clock = createVirtualClock({ now: 1_000 });
    await clock.advanceTo(1_250);

    expect(clock.monotonic()).toBe(250);
    await expect(clock.advanceTo(1_249)).rejects.toThrow(RangeError);
  });
});

import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { playTumbling } from '../../support/play-tumbling.ts';

describe('a window', () => {
  it('takes late values while they are allowed, and then drops its state', () => {
    const late: number[] = [];
    const window = playTumbling({ allowedLatenessMs: 5, late: { next: (value) => late.push(value) } });
    window.push(1);
    window.mark(10);
    window.push(2);
    window.mark(14);
    window.push(3);
    window.mark(15);
    window.push(4);
    window.complete();

    const frame = { start: 0, final: false, late: 0 };
    expect(window.told()).toEqual([
      { ...frame, timing: 'on-time', revision: 0, values: [1] },
      { ...frame, timing: 'late', revision: 1, values: [1, 2] },
      { ...frame, timing: 'late', revision: 2, values: [1, 2, 3] },
    ]);
    expect(late).toEqual([4]);
  });

  it('opens a window for a value that is late but allowed', () => {
    const window = playTumbling({ allowedLatenessMs: 5 });
    window.mark(12);
    window.push(3);

    expect(window.told()).toMatchObject([{ timing: 'late', revision: 0, values: [3] }]);
  });

  it('gives a result for every n values, and one on time that is final', () => {
    const window = playTumbling({ early: { everyCount: 2 } });
    window.push(1, 2, 3);
    window.complete();

    expect(window.told()).toEqual([
      { start: 0, timing: 'early', revision: 0, final: false, values: [1, 2], late: 0 },
      { start: 0, timing: 'on-time', revision: 1, final: true, values: [1, 2, 3], late: 0 },
    ]);
  });

  it('tells only what is new when discarding, also when nothing is', () => {
    const window = playTumbling({
      early: { everyCount: 2 },
      accumulation: 'discarding',
      allowedLatenessMs: 5,
    });
    window.push(1, 2);
    window.mark(10);
    window.push(3);

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['early', [1, 2]],
      ['on-time', []],
      ['late', [3]],
    ]);
  });

  it('gives a result at each multiple of event time that the watermark passes, if it has news', () => {
    const window = playTumbling({ sizeMs: 100, early: { everyMs: 20 } });
    window.push(5);
    window.mark(19);
    window.mark(21);
    window.mark(45);
    window.push(50);
    window.mark(61);

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['early', [5]],
      ['early', [5, 50]],
    ]);
  });

  it('gives a result some time after news on the clock, and leaves no timer behind', () => {
    const clock = createVirtualClock();
    const window = playTumbling({ early: { everyClockMs: 100 }, clock });
    window.push(1);
    clock.advanceBySync(99);
    window.push(2);
    expect(window.told()).toEqual([]);
    clock.advanceBySync(1);
    expect(window.told()).toMatchObject([{ timing: 'early', values: [1, 2] }]);
    expect(clock.pendingTimers).toBe(0);
    window.push(3);
    window.subscription.unsubscribe();

    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets what a burst has brought to a window that is done with when the burst ends', () => {
    const clock = createVirtualClock();
    const window = playTumbling({ early: { everyCount: 2, coalesce: true }, clock });
    window.push(1, 2);
    window.mark(10);
    window.push(11);
    clock.flushSync();

    expect(window.told().map(({ start, timing }) => [start, timing])).toEqual([[0, 'on-time']]);
  });

  it('does not wait for the end of a burst unless told to, though it has a clock', () => {
    const window = playTumbling({ early: { everyCount: 1, everyClockMs: 50 }, clock: createVirtualClock() });
    window.push(1);

    expect(window.told()).toMatchObject([{ timing: 'early', values: [1] }]);
  });

  it('tells nothing again when a burst ends whose news was told meanwhile', () => {
    const clock = createVirtualClock();
    const window = playTumbling({ early: { everyCount: 2, coalesce: true, everyMs: 5 }, clock });
    window.push(1, 2);
    window.mark(5);
    expect(window.told()).toMatchObject([{ timing: 'early', values: [1, 2] }]);
    clock.flushSync();

    expect(window.told()).toEqual([]);
  });

  it('makes room for others from the very end of what it allows', () => {
    const evicted: number[] = [];
    const window = playTumbling({
      maxOpenWindows: 2,
      allowedLatenessMs: 5,
      evicted: { next: ({ start }) => evicted.push(start) },
    });
    window.push(1);
    window.mark(10);
    window.mark(15);
    window.push(11, 21);
    for (let time = 30; time < 1_000; time += 10) {
      window.mark(time);
      window.push(time);
    }

    expect(evicted).toEqual([]);
  });

  it('lets a burst end before it judges the count', () => {
    const clock = createVirtualClock();
    const window = playTumbling({ early: { everyCount: 2, coalesce: true }, clock });
    window.push(1, 2, 3, 11, 12);
    window.mark(10);
    clock.flushSync();

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['on-time', [1, 2, 3]],
      ['early', [11, 12]],
    ]);
  });
});

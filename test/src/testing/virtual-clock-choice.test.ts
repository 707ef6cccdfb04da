import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

describe('the time of day of a virtual clock', () => {
  it('has whole milliseconds, as on a real machine, while durations have fractions', async () => {
    const clock = createVirtualClock({ now: 1_000 });
    await clock.advanceBy(2.75);

    expect([clock.now(), clock.monotonic()]).toEqual([1_002, 2.75]);
    await clock.advanceTo(clock.now());
    await clock.advanceTo(1_003);
    expect([clock.now(), clock.monotonic()]).toEqual([1_003, 3]);
  });
});

describe('a virtual clock that moves to its next timer', () => {
  it('stops there, and tells when there is none in time', async () => {
    const clock = createVirtualClock({ now: 1_700_000_000_000 });
    const fired: number[] = [];
    for (const ms of [0.1, 10.2, 10.2]) clock.setTimeout(() => fired.push(clock.monotonic()), ms);

    expect(await clock.advanceToNext(0.05)).toBe(false);
    expect(await clock.advanceToNext()).toBe(true);
    expect(fired).toEqual([0.1]);
    expect(await clock.advanceToNext(20)).toBe(true);
    expect(fired).toEqual([0.1, 10.2, 10.2]);
    expect(await clock.advanceToNext()).toBe(false);
    expect(clock.monotonic()).toBe(10.2);
  });
});

describe('a virtual clock with a choice', () => {
  const runs = async (choices: readonly number[]): Promise<string> => {
    let seen = '';
    const left = [...choices];
    const clock = createVirtualClock({ choose: () => left.shift() ?? 0 });
    const say = (letter: string) => () => {
      seen += letter;
    };
    for (const letter of 'abc') clock.setTimeout(say(letter), 10);
    clock.setTimeout(say('z'), 20);
    clock.setTimeout(say('!'), 0);
    clock.yieldTurn(say('t'));
    clock.yieldTurn(say('u'));
    for (const letter of 'de') clock.defer(say(letter));
    await clock.advanceBy(30);
    return seen;
  };

  it('runs everything once, first come first served where the choice is 0', async () => {
    expect(await runs([])).toBe('de!tuabcz');
  });

  it('lets deferred callbacks, timers of one time and yielded turns overtake each other, and nothing else', async () => {
    expect(await runs([1])).toBe('ed!tuabcz');
    expect(await runs([0, 1])).toBe('det!uabcz');
    expect(await runs([0, 1, 1, 2, 1])).toBe('detu!cbaz');
  });

  it('cancels timers that stand beside those that were chosen', async () => {
    const clock = createVirtualClock({ choose: (ready) => ready - 1 });
    const seen: number[] = [];
    const timers = [0, 1, 2, 3].map((n) => clock.setTimeout(() => seen.push(n), 5));
    clock.setTimeout(() => clock.clearTimeout(timers[1]), 1);
    await clock.advanceBy(10);

    expect(seen).toEqual([3, 2, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses a choice that there is not', async () => {
    const clock = createVirtualClock({ choose: (ready) => ready });
    clock.setTimeout(() => {}, 1);
    clock.setTimeout(() => {}, 1);

    await expect(clock.advanceBy(1)).rejects.toThrow('choose must give a whole number from 0 to 1, got 2');
  });

  it('tells of each timer before it fires', async () => {
    const seen: unknown[] = [];
    const clock = createVirtualClock({ onTimer: (at) => seen.push(at) });
    clock.setTimeout(() => seen.push('fired'), 3);
    await clock.advanceBy(5);

    expect(seen).toEqual([3, 'fired']);
  });
});

import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type FailedValue, Watermark, withWatermarks } from 'breakwater/streams';
import { bySource, playWatermarks as play, type Sourced } from '../../support/play-watermarks.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

describe('withWatermarks, at its bounds', () => {
  it('takes a value as far ahead of the clock as may be, by the clock of the moment', () => {
    const { clock, push, marks } = play({ maxClockSkewMs: 100 });
    push(1_000_100);
    expect(marks()).toEqual([1_000_100]);
    clock.advanceBySync(50);
    push(1_000_150);
    expect(marks()).toEqual([1_000_150]);
    const anyTime = play({ maxClockSkewMs: Infinity });
    anyTime.push(8e15);
    expect(anyTime.marks()).toEqual([8e15]);
  });

  it('emits when it has moved by just `everyMs`', () => {
    const { push, marks } = play({ everyMs: 5, boundMs: 2 });
    for (const time of [10, 14, 15, 19, 20]) push(time);
    expect(marks()).toEqual([8, 13, 18]);
  });

  it('follows as many sources as it may, and says which limit a further one meets', () => {
    const failed: string[] = [];
    const errors = {
      next: ({ value, error }: FailedValue<Sourced>) => failed.push(value.source + String(error)),
    };
    const { push, marks } = play({ ...bySource, maxSources: 2, errors });
    for (const [time, source] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'a'],
    ] as const)
      push(time, source);
    expect(marks()).toEqual([1, 2]);
    expect(failed).toEqual(['cQueueFullError: withWatermarks already follows maxSources = 2 producers']);
  });

  it('ends with what is wrong with a value where nobody takes errors', () => {
    expect(() => emissionsOf(of({ time: -1 }).pipe(withWatermarks()))).toThrow('got -1');
  });

  it('takes the time of a source for its own, not what marks in the stream say', () => {
    const items = emissionsOf(from([new Watermark(90), { time: 5 }]).pipe(withWatermarks() as never));
    expect(items).toEqual([{ time: 5 }, new Watermark(5), new Watermark(Infinity)]);
  });

  it('sets no timer where silence means nothing', () => {
    const { clock, push } = play({ maxClockSkewMs: 1e9 });
    push(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('names the field that lies too far ahead', () => {
    const failed: FailedValue<Sourced>[] = [];
    const { push } = play({ maxClockSkewMs: 100, errors: { next: (one) => failed.push(one) } });
    push(1_000_101);
    expect(failed).toMatchObject([{ error: { code: 'ERR_VALIDATION', issues: [{ field: 'time' }] } }]);
    expect(failed[0]?.error).toMatchObject({
      issues: [{ message: 'lies 101 ms in the future, more than maxClockSkewMs, 100' }],
    });
  });
});

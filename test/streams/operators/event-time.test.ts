import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, type FailedValue, tumblingWindow, withoutWatermarks } from 'breakwater/streams';
import { checkEventTime } from '../../../streams/operators/event-time.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

const lastMs = 8.64e15;

describe('an event time', () => {
  it.each([0, 0.5, lastMs])('may be %d, as a Date can tell it', (time) => {
    expect(checkEventTime(time)).toBe(time);
    expect(Number.isNaN(new Date(time).getTime())).toBe(false);
    const source = of({ time }).pipe(tumblingWindow({ sizeMs: 1_000, aggregate: { n: count() } }));
    expect(emissionsOf(source.pipe(withoutWatermarks()))).toMatchObject([{ n: 1 }]);
  });

  it.each([-1, lastMs + 1, Number.NaN, '5', 5n, null])('may not be %s; the error names the field', (time) => {
    const failed: FailedValue<unknown>[] = [];
    const errors = { next: (one: FailedValue<unknown>) => failed.push(one) };
    emissionsOf(
      of({ time: time as number }).pipe(tumblingWindow({ sizeMs: 10, aggregate: { n: count() }, errors })),
    );

    const [problem] = failed;
    const message = expect.stringMatching(
      /^must be milliseconds since the Unix epoch, 0 to 8.64e15, got [^;!]*$/u,
    );
    expect(problem?.error).toMatchObject({ code: 'ERR_VALIDATION', issues: [{ field: 'time', message }] });
    expect(String(problem?.error)).toMatch(/got [^;!]*$/u);
  });

  it('that is missing is the only one for which a selector is the remedy', () => {
    expect(() => checkEventTime(undefined as unknown as number)).toThrow(
      'the event time must be milliseconds since the Unix epoch, 0 to 8.64e15, got undefined; give a time selector',
    );
  });
});

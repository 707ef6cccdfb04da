import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  count,
  hoppingWindow,
  max,
  mean,
  min,
  sum,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData } from '../support/data.ts';
import { readObjects } from '../support/data-lines.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

interface Impulse {
  readonly timestamp: string;
  readonly counter: number;
}

interface Ride {
  readonly timestamp: string;
  readonly event_type: string;
}

const timeOf = ({ timestamp }: { readonly timestamp: string }): number => Date.parse(timestamp);
/** A time as the goldens write it. */
const written = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

describe.skipIf(!hasData('window-goldens'))('the outputs of Arroyo', () => {
  const golden = (name: string): object[] => readObjects(`window-goldens/golden/${name}.json`);
  const impulses = (): Impulse[] => readObjects('window-goldens/impulse.json');

  it('agree for rides per hour and kind', () => {
    const rows = emissionsOf(
      from(readObjects<Ride>('window-goldens/cars.json.gz')).pipe(
        withWatermarks({ boundMs: 60_000, time: timeOf }),
        tumblingWindow({
          sizeMs: 3_600_000,
          time: timeOf,
          key: (ride) => ride.event_type,
          aggregate: { count: count() },
        }),
        withoutWatermarks(),
      ),
    ).map(({ key, start, count }) => ({ event_type: key, hour: written(start), count }));

    expect(rows).toHaveLength(golden('hourly_by_event_type').length);
    expect(rows).toEqual(expect.arrayContaining(golden('hourly_by_event_type')));
  });

  it('agree for windows of 10 s every 2 s', () => {
    const rows = emissionsOf(
      from(impulses()).pipe(
        withWatermarks({ time: timeOf }),
        hoppingWindow({
          sizeMs: 10_000,
          hopMs: 2_000,
          time: timeOf,
          aggregate: { count: count(), min: min((e) => e.counter), max: max((e) => e.counter) },
        }),
        withoutWatermarks(),
      ),
    ).map(({ count, min, max, start, end }) => ({
      count,
      min,
      max,
      start: written(start),
      end: written(end),
    }));

    expect(rows).toEqual(golden('sliding_window_end'));
  });

  it('agree for figures by key without windows', () => {
    const rows = emissionsOf(
      from(impulses()).pipe(
        aggregate(
          {
            avg: mean((e) => e.counter),
            count: count(),
            max: max((e) => e.counter),
            min: min((e) => e.counter),
            sum: sum((e) => e.counter),
          },
          { key: (e) => e.counter % 5 },
        ),
      ),
    ).map(({ key, ...figures }) => ({ after: { ...figures, counter_mod: key }, before: null, op: 'c' }));

    expect(rows).toEqual(golden('grouped_aggregates'));
  });
});

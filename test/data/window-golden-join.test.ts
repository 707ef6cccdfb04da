import { from, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  distinct,
  joinWindow,
  tumblingWindow,
  type Watermark,
  type WindowResult,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData } from '../support/data.ts';
import { readObjects } from '../support/data-lines.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

interface Ride {
  readonly timestamp: string;
  readonly driver_id: number;
  readonly event_type: string;
}

const hourMs = 3_600_000;
const timeOf = (ride: Ride): number => Date.parse(ride.timestamp);

/** How many drivers there were each hour. */
function driversPerHour(kind: string): Observable<WindowResult<undefined, { drivers: number }> | Watermark> {
  const rides = readObjects<Ride>('window-goldens/cars.json.gz').filter((ride) => ride.event_type === kind);
  return from(rides).pipe(
    withWatermarks({ boundMs: 60_000, time: timeOf }),
    tumblingWindow({
      sizeMs: hourMs,
      time: timeOf,
      aggregate: { drivers: distinct((ride: Ride) => ride.driver_id) },
    }),
  );
}

describe.skipIf(!hasData('window-goldens'))('the join of Arroyo', () => {
  it('agrees for the drivers and pickups of the hours that have both', () => {
    const rows = emissionsOf(
      driversPerHour('dropoff').pipe(
        joinWindow(driversPerHour('pickup'), {
          leftKey: () => 'all',
          rightKey: () => 'all',
          sizeMs: hourMs,
        }),
        withoutWatermarks(),
        map(({ start, left, right }) => ({
          hour: new Date(start).toISOString().slice(0, 19),
          drivers: left.drivers,
          pickups: right.drivers,
        })),
      ),
    );

    expect(rows).toEqual(readObjects('window-goldens/golden/windowed_inner_join.json'));
  });
});

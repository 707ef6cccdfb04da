import { from, map, mergeMap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  hoppingWindow,
  max,
  min,
  sum,
  tumblingWindow,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { readBids } from '../support/auction-bids.ts';
import { hasData, readJson } from '../support/data.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

type Rows = readonly (readonly unknown[])[];

describe.skipIf(!hasData('nexmark-small'))('the windows over nexmark-small', () => {
  const bids = hasData('nexmark-small') ? readBids() : [];
  const expected = hasData('nexmark-small')
    ? (readJson('nexmark-small/expected.json') as Readonly<Record<string, Rows>>)
    : {};
  const inTime = from(bids).pipe(withWatermarks());

  it('find the auctions with the most bids (q5)', () => {
    const rows = emissionsOf(
      inTime.pipe(
        hoppingWindow({ sizeMs: 10_000, hopMs: 2_000, key: (bid) => bid.auction, aggregate: { n: count() } }),
        // Windows on windows: the results of one window have one time, and each its own.
        tumblingWindow({ sizeMs: 2_000, aggregate: { most: max(({ n }) => n), auctions: collect() } }),
        withoutWatermarks(),
        mergeMap(({ most, auctions }) => auctions.filter(({ n }) => n === most)),
        map(({ start, key, n }) => [start, key, n]),
      ),
    );

    expect(rows).toEqual(expected['q5']);
  });

  it('find the highest bid of each window (q7)', () => {
    const rows = emissionsOf(
      inTime.pipe(
        tumblingWindow({ sizeMs: 10_000, aggregate: { highest: max((bid) => bid.price) } }),
        withoutWatermarks(),
        // A bid at the very end of a window qualifies too.
        mergeMap(({ highest, start, end }) =>
          bids.filter(({ price, time }) => price === highest && time >= start && time <= end),
        ),
        map(({ auction, price, bidder, time }) => [auction, price, bidder, time]),
      ),
    );

    expect(rows.toSorted(byFirst)).toEqual(expected['q7']);
  });

  it('total the bids of each auction and day (q17)', () => {
    const rows = emissionsOf(
      inTime.pipe(
        tumblingWindow({
          sizeMs: 86_400_000,
          key: (bid) => bid.auction,
          aggregate: {
            bids: count(),
            low: count((bid) => bid.price < 10_000),
            middle: count((bid) => bid.price >= 10_000 && bid.price < 1_000_000),
            high: count((bid) => bid.price >= 1_000_000),
            least: min((bid) => bid.price),
            most: max((bid) => bid.price),
            total: sum((bid) => bid.price),
          },
        }),
        withoutWatermarks(),
        map(({ key, start, bids, low, middle, high, least, most, total }) => {
          const day = new Date(start).toISOString().slice(0, 10);
          return [key, day, bids, low, middle, high, least, most, total];
        }),
      ),
    );

    expect(rows.toSorted(byFirst)).toEqual(expected['q17']);
  });
});

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]);
}

import { from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, max, min, sum, tumblingWindow, withoutWatermarks, withWatermarks } from 'breakwater/streams';
import { highestBids, hotItems } from '../../bench/workload/nexmark/queries.ts';
import { readBids } from '../support/auction-bids.ts';
import { hasData, readJson } from '../support/data.ts';
import { readAuctionEvents } from '../support/nexmark.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

type Rows = readonly (readonly unknown[])[];

describe.skipIf(!hasData('nexmark-small'))('the windows over nexmark-small', () => {
  const bids = hasData('nexmark-small') ? readBids() : [];
  const expected = hasData('nexmark-small')
    ? (readJson('nexmark-small/expected.json') as Readonly<Record<string, Rows>>)
    : {};
  const inTime = from(bids).pipe(withWatermarks());

  it('find the auctions with the most bids (q5)', () => {
    const rows = emissionsOf(from(readAuctionEvents()).pipe(hotItems));

    expect(rows).toEqual(expected['q5']);
  });

  it('find the highest bid of each window (q7)', () => {
    const rows = emissionsOf(from(readAuctionEvents()).pipe(highestBids));

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

import { from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { joinInterval, type Watermark, withoutWatermarks, withWatermarks } from 'breakwater/streams';
import type { Auction, AuctionBid, AuctionEvent } from '../../bench/workload/nexmark/events.ts';
import {
  averageOfCategory,
  averageOfSeller,
  newSellers,
  type Query,
  selectBids,
  suggestLocally,
} from '../../bench/workload/nexmark/queries.ts';
import { hasData, readJson } from '../support/data.ts';
import {
  averagesOfCategories,
  averagesOfSellers,
  eventsOfType,
  inOrder,
  newSellersOfWindows,
} from '../support/naive-nexmark.ts';
import { readAuctionEvents } from '../support/nexmark.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

type Stored = readonly (string | number | null)[];

const expected = (): Readonly<Record<string, Stored[]>> =>
  readJson('nexmark-small/expected.json') as Readonly<Record<string, Stored[]>>;

const rowsOf = (query: Query) => emissionsOf(from(readAuctionEvents()).pipe(query));

describe.skipIf(!hasData('nexmark-small'))('the queries of Nexmark that join', () => {
  it('q2: the bids on chosen auctions', () => {
    const chosen = new Set([1007, 1020, 2001, 2019, 2087]);

    expect(rowsOf(selectBids((auction) => chosen.has(auction)))).toEqual(expected()['q2']);
  });

  it('q3: who sells in three states in one category', () => {
    expect(sorted(rowsOf(suggestLocally))).toEqual(sorted(expected()['q3'] ?? []));
  });

  it('q4: the average winning price of a category', () => {
    const rows = rowsOf(averageOfCategory(Infinity));

    expect(rows.length).toBeGreaterThan(0);
    expect(rows).toEqual(averagesOfCategories(readAuctionEvents()));
  });

  it('q6: the average winning price of a seller', () => {
    const rows = rowsOf(averageOfSeller(Infinity));

    expect(rows.length).toBeGreaterThan(0);
    expect(inOrder(rows)).toEqual(inOrder(averagesOfSellers(readAuctionEvents())));
  });

  it('q8: who opens an auction in the ten seconds of joining', () => {
    const rows = rowsOf(newSellers);

    expect(rows.length).toBeGreaterThan(0);
    expect(inOrder(rows)).toEqual(inOrder(newSellersOfWindows(readAuctionEvents())));
  });

  it('q101: the highest bid on each auction, or none', () => {
    const timed = <E extends AuctionEvent>(type: E['type']) =>
      from(eventsOfType<E>(readAuctionEvents(), type)).pipe<E | Watermark>(withWatermarks());
    const pairs = emissionsOf(
      timed<Auction>('auction').pipe(
        joinInterval(timed<AuctionBid>('bid'), {
          leftKey: (auction) => auction.id,
          rightKey: (bid) => bid.auction,
          fromMs: -Infinity,
          toMs: Infinity,
          kind: 'left',
        }),
        withoutWatermarks(),
        map(({ key, right }) => [key, right?.price ?? null] as const),
      ),
    );
    const best = new Map<number, number | null>();
    for (const [auction, price] of pairs) {
      const other = best.get(auction) ?? null;
      best.set(auction, price === null || other === null ? (price ?? other) : Math.max(price, other));
    }

    expect(sorted([...best])).toEqual(sorted(expected()['q101'] ?? []));
  });
});

function sorted(rows: readonly Stored[]): Stored[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

import fc from 'fast-check';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { drawEvents, longestAuctionMs } from '../../bench/workload/nexmark/draw-events.ts';
import type { Auction, AuctionBid, AuctionEvent, Person } from '../../bench/workload/nexmark/events.ts';
import {
  averageOfCategory,
  averageOfSeller,
  convertCurrency,
  highestBids,
  hotItems,
  newSellers,
  passThrough,
  type Query,
  type Row,
  selectBids,
  suggestLocally,
} from '../../bench/workload/nexmark/queries.ts';
import {
  averagesOfCategories,
  averagesOfSellers,
  eventsOfType,
  highestOfWindows,
  hottestAuctions,
  inOrder,
  localSuggestions,
  newSellersOfWindows,
} from '../support/naive-nexmark.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

/** Slow enough that a few thousand events span several windows, and auctions some of them. */
const perMs = 0.05;
const longestMs = longestAuctionMs(perMs);

const histories = fc
  .record({ count: fc.integer({ min: 0, max: 2_500 }), seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }) })
  .map(({ count, seed }) => drawEvents(count, perMs, seed));

const rowsOf = (events: readonly AuctionEvent[], query: Query): Row[] =>
  emissionsOf(from(events).pipe(query));
const bids = (events: readonly AuctionEvent[]) => eventsOfType<AuctionBid>(events, 'bid');

describe('the queries of Nexmark', () => {
  it.each<[string, Query, (events: readonly AuctionEvent[]) => Row[]]>([
    ['q0', passThrough, (events) => bids(events).map((b) => [b.auction, b.bidder, b.price, b.time])],
    [
      'q1',
      convertCurrency,
      (events) => bids(events).map((b) => [b.auction, b.bidder, 0.908 * b.price, b.time]),
    ],
    [
      'q2',
      selectBids((auction) => auction % 7 === 0),
      (events) =>
        bids(events)
          .filter(({ auction }) => auction % 7 === 0)
          .map(({ auction, price }) => [auction, price]),
    ],
    ['q4', averageOfCategory(longestMs), averagesOfCategories],
  ])('%s tells the same as a loop, in the same order', (_name, query, naive) => {
    fc.assert(
      fc.property(histories, (events) => {
        expect(rowsOf(events, query)).toEqual(naive(events));
      }),
      { numRuns: 30 },
    );
  });

  it.each<[string, Query, (events: readonly AuctionEvent[]) => Row[]]>([
    ['q3', suggestLocally, localSuggestions],
    ['q5', hotItems, hottestAuctions],
    ['q6', averageOfSeller(longestMs), averagesOfSellers],
    ['q7', highestBids, highestOfWindows],
    ['q8', newSellers, newSellersOfWindows],
  ])('%s tells the same as a loop', (_name, query, naive) => {
    fc.assert(
      fc.property(histories, (events) => {
        expect(inOrder(rowsOf(events, query))).toEqual(inOrder(naive(events)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('the drawn events', () => {
  const events = drawEvents(50_000, 10);
  const auctions = eventsOfType<Auction>(events, 'auction');
  const people = eventsOfType<Person>(events, 'person');

  it('are of people, auctions and bids as 1 : 3 : 46', () => {
    expect([people.length, auctions.length, bids(events).length]).toEqual([1_000, 3_000, 46_000]);
  });

  it('have ids that grow by one, and bids on auctions that are near', () => {
    expect(people.map(({ id }) => id)).toEqual(people.map((_, at) => 1_000 + at));
    expect(auctions.map(({ id }) => id)).toEqual(auctions.map((_, at) => 1_000 + at));
    let latest = 999;
    for (const event of events) {
      if (event.type === 'auction') latest = event.id;
      if (event.type !== 'bid') continue;
      expect(event.auction).toBeGreaterThanOrEqual(Math.max(latest - 100, 1_000));
      expect(event.auction).toBeLessThanOrEqual(latest + 10);
    }
  });

  it('bid on a hot auction half of the time, and auctions last no longer than is said', () => {
    const hot = bids(events).filter(({ auction }) => auction % 100 === 0).length;
    expect(hot / 46_000).toBeCloseTo(0.5, 1);
    for (const { time, expires } of auctions) {
      expect(expires).toBeGreaterThan(time);
      expect(expires - time).toBeLessThanOrEqual(longestAuctionMs(10));
    }
  });

  it('are the same for the same arguments', () => {
    expect(drawEvents(500, 10)).toEqual(drawEvents(500, 10));
    expect(drawEvents(500, 10, 2)).not.toEqual(drawEvents(500, 10));
  });
});

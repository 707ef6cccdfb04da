import { filter, from, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  joinInterval,
  joinLatest,
  joinWindow,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { hasData, readJson } from '../support/data.ts';
import {
  type Auction,
  type AuctionBid,
  type AuctionEvent,
  type Person,
  readAuctionEvents,
} from '../support/nexmark.ts';
import { emissionsOf } from '../support/run-pipeline.ts';

type Row = readonly (string | number | null)[];

const expected = (): Readonly<Record<string, Row[]>> =>
  readJson('nexmark-small/expected.json') as Readonly<Record<string, Row[]>>;

/** All events of one kind, the whole stream deciding the watermark. */
function eventsOf<E extends AuctionEvent>(type: E['type']): Observable<E | Watermark> {
  const isWanted = (event: AuctionEvent): event is E => event.type === type;
  return from(readAuctionEvents().filter(isWanted)).pipe(withWatermarks());
}

function arrayOf<E extends AuctionEvent>(type: E['type']): E[] {
  return readAuctionEvents().filter((event): event is E => event.type === type);
}

const people = (): Observable<Person | Watermark> => eventsOf<Person>('person');
const auctions = (): Observable<Auction | Watermark> => eventsOf<Auction>('auction');
const bids = (): Observable<AuctionBid | Watermark> => eventsOf<AuctionBid>('bid');

const inOrder = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Each auction with the bids that it got before it expired. */
function bidsInTime(): { auction: Auction; bid: AuctionBid }[] {
  return emissionsOf(
    auctions().pipe(
      joinInterval(bids(), {
        leftKey: (auction) => auction.id,
        rightKey: (bid) => bid.auction,
        fromMs: 0,
        toMs: Infinity,
      }),
      withoutWatermarks(),
      filter(({ left, right }) => right.time <= left.expires),
      map(({ left, right }) => ({ auction: left, bid: right })),
    ),
  );
}

/** The winning bid of each auction that got any, by a loop. */
function winners(): Map<Auction, AuctionBid> {
  const winning = new Map<Auction, AuctionBid>();
  for (const auction of arrayOf<Auction>('auction')) {
    const inTime = arrayOf<AuctionBid>('bid').filter(
      (bid) => bid.auction === auction.id && bid.time >= auction.time && bid.time <= auction.expires,
    );
    const [best] = inTime.toSorted((a, b) => b.price - a.price);
    if (best !== undefined) winning.set(auction, best);
  }
  return winning;
}

function highest<K>(rows: readonly (readonly [K, number])[]): Map<K, number> {
  const best = new Map<K, number>();
  for (const [key, price] of rows) best.set(key, Math.max(price, best.get(key) ?? 0));
  return best;
}

function averages(prices: readonly (readonly [number, number])[]): Row[] {
  return [...new Set(prices.map(([group]) => group))].map((group) => {
    const own = prices.filter(([other]) => other === group).map(([, price]) => price);
    return [group, own.reduce((sum, price) => sum + price, 0) / own.length];
  });
}

describe.skipIf(!hasData('nexmark-small'))('the queries of Nexmark that join', () => {
  it('q2: the bids on chosen auctions', () => {
    const chosen = from([1007, 1020, 2001, 2019, 2087]);
    const rows = emissionsOf(
      bids().pipe(
        joinLatest(chosen, { leftKey: (bid) => bid.auction, rightKey: (auction) => auction }),
        withoutWatermarks(),
        map(({ left }): Row => [left.auction, left.price]),
      ),
    );

    expect(rows).toEqual(expected()['q2']);
  });

  it('q3: who sells in three states in one category', () => {
    const rows = emissionsOf(
      people().pipe(
        joinInterval(auctions(), {
          leftKey: (person) => person.id,
          rightKey: (auction) => auction.seller,
          fromMs: -Infinity,
          toMs: Infinity,
        }),
        withoutWatermarks(),
        filter(({ left, right }) => ['or', 'id', 'ca'].includes(left.state) && right.category === 10),
        map(({ left, right }): Row => [left.name, left.city, left.state, right.id]),
      ),
    );

    expect(inOrder(rows)).toEqual(inOrder(expected()['q3'] ?? []));
  });

  it('q4: the average winning price of a category', () => {
    const best = highest(bidsInTime().map(({ auction, bid }) => [auction.id, bid.price] as const));
    const category = new Map(arrayOf<Auction>('auction').map((auction) => [auction.id, auction.category]));
    const rows = averages([...best].map(([id, price]) => [category.get(id) ?? 0, price] as const));

    const byLoop = averages([...winners()].map(([auction, bid]) => [auction.category, bid.price] as const));
    expect(rows.length).toBeGreaterThan(0);
    expect(inOrder(rows)).toEqual(inOrder(byLoop));
  });

  it('q6: the average winning price of a seller', () => {
    const best = highest(bidsInTime().map(({ auction, bid }) => [auction, bid.price] as const));
    const rows = averages([...best].map(([auction, price]) => [auction.seller, price] as const));

    const byLoop = averages([...winners()].map(([auction, bid]) => [auction.seller, bid.price] as const));
    expect(rows.length).toBeGreaterThan(0);
    expect(inOrder(rows)).toEqual(inOrder(byLoop));
  });

  it('q8: who opens an auction in the ten seconds of joining', () => {
    const rows = emissionsOf(
      people().pipe(
        joinWindow(auctions(), {
          leftKey: (person) => person.id,
          rightKey: (auction) => auction.seller,
          sizeMs: 10_000,
        }),
        withoutWatermarks(),
        map(({ left, right, start }): Row => [left.id, right.id, start]),
      ),
    );

    const windowOf = (time: number): number => Math.floor(time / 10_000) * 10_000;
    const byLoop = arrayOf<Person>('person').flatMap((person) =>
      arrayOf<Auction>('auction')
        .filter((auction) => auction.seller === person.id && windowOf(auction.time) === windowOf(person.time))
        .map((auction): Row => [person.id, auction.id, windowOf(person.time)]),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(inOrder(rows)).toEqual(inOrder(byLoop));
  });

  it('q101: the highest bid on each auction, or none', () => {
    const pairs = emissionsOf(
      auctions().pipe(
        joinInterval(bids(), {
          leftKey: (auction) => auction.id,
          rightKey: (bid) => bid.auction,
          fromMs: -Infinity,
          toMs: Infinity,
          kind: 'left',
        }),
        withoutWatermarks(),
      ),
    );
    const best = highest(pairs.map(({ key, right }) => [key, right?.price ?? 0] as const));
    const rows = [...best].map(([auction, price]): Row => [auction, price === 0 ? null : price]);

    expect(inOrder(rows)).toEqual(inOrder(expected()['q101'] ?? []));
  });
});

import type { Auction, AuctionBid, AuctionEvent, Person } from '../../bench/workload/nexmark/events.ts';
import type { Row } from '../../bench/workload/nexmark/queries.ts';

const windowMs = 10_000;

export function eventsOfType<E extends AuctionEvent>(events: readonly AuctionEvent[], type: E['type']): E[] {
  return events.filter((event): event is E => event.type === type);
}

function grouped<K, V>(values: readonly V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

interface Sale {
  readonly auction: Auction;
  readonly price: number;
}

/** The highest bid on each auction that got any in time; by when they close, then by when the first bid met it. */
function sales(events: readonly AuctionEvent[]): Sale[] {
  const placeOf = new Map<AuctionEvent, number>(events.map((event, place) => [event, place]));
  const bidsOn = grouped(eventsOfType<AuctionBid>(events, 'bid'), (bid) => bid.auction);
  return eventsOfType<Auction>(events, 'auction')
    .flatMap((auction) => {
      const bids = (bidsOn.get(auction.id) ?? []).filter(
        ({ time }) => time >= auction.time && time <= auction.expires,
      );
      if (bids.length === 0) return [];
      const met = bids.map((bid) => Math.max(placeOf.get(bid) ?? 0, placeOf.get(auction) ?? 0));
      return [{ auction, price: Math.max(...bids.map(({ price }) => price)), met: Math.min(...met) }];
    })
    .toSorted((a, b) => a.auction.expires - b.auction.expires || a.met - b.met);
}

const average = (prices: readonly number[]): number =>
  prices.reduce((sum, price) => sum + price, 0) / prices.length;

/** q4: after each sale, the average over all sales of its category until then. */
export function averagesOfCategories(events: readonly AuctionEvent[]): Row[] {
  const all = sales(events);
  return all.map(({ auction: { category } }, at) => {
    const until = all.slice(0, at + 1).filter(({ auction }) => auction.category === category);
    return [category, average(until.map(({ price }) => price))];
  });
}

/** q6: the average of each ten sales of a seller that follow on each other; of all, where there are fewer. */
export function averagesOfSellers(events: readonly AuctionEvent[]): Row[] {
  return [...grouped(sales(events), ({ auction }) => auction.seller)].flatMap(([seller, own]) => {
    const prices = own.map(({ price }) => price);
    if (prices.length < 10) return [[seller, average(prices)]];
    return prices.slice(9).map((_, at) => [seller, average(prices.slice(at, at + 10))]);
  });
}

/** q3: all pairs of a person and an auction of theirs. */
export function localSuggestions(events: readonly AuctionEvent[]): Row[] {
  const auctions = eventsOfType<Auction>(events, 'auction').filter(({ category }) => category === 10);
  return eventsOfType<Person>(events, 'person')
    .filter(({ state }) => ['OR', 'ID', 'CA'].includes(state.toUpperCase()))
    .flatMap(({ id, name, city, state }) =>
      auctions.filter(({ seller }) => seller === id).map((auction) => [name, city, state, auction.id]),
    );
}

/** q5: for each window that holds a bid, the auctions with the most. */
export function hottestAuctions(events: readonly AuctionEvent[]): Row[] {
  const bids = eventsOfType<AuctionBid>(events, 'bid');
  const starts = new Set(
    bids.flatMap(({ time }) => {
      const last = Math.floor(time / 2_000) * 2_000;
      return [0, 1, 2, 3, 4].map((hops) => last - hops * 2_000);
    }),
  );
  return [...starts].flatMap((start) => {
    const inside = bids.filter(({ time }) => time >= start && time < start + windowMs);
    const counts = [...grouped(inside, ({ auction }) => auction)].map(
      ([auction, own]) => [start, auction, own.length] as const,
    );
    const most = Math.max(...counts.map(([, , n]) => n));
    return counts.filter(([, , n]) => n === most);
  });
}

const windowOf = (time: number): number => Math.floor(time / windowMs) * windowMs;

/** q7: the highest bids of each window. */
export function highestOfWindows(events: readonly AuctionEvent[]): Row[] {
  const bids = eventsOfType<AuctionBid>(events, 'bid');
  return [...grouped(bids, ({ time }) => windowOf(time)).values()].flatMap((inside) => {
    const most = Math.max(...inside.map(({ price }) => price));
    return inside
      .filter(({ price }) => price === most)
      .map(({ auction, price, bidder, time }) => [auction, price, bidder, time]);
  });
}

/** q8: who has registered and opened an auction in one window. */
export function newSellersOfWindows(events: readonly AuctionEvent[]): Row[] {
  const auctions = eventsOfType<Auction>(events, 'auction');
  return eventsOfType<Person>(events, 'person')
    .filter(({ id, time }) =>
      auctions.some((auction) => auction.seller === id && windowOf(auction.time) === windowOf(time)),
    )
    .map(({ id, name, time }) => [id, name, windowOf(time)]);
}

/** Rows in an order of their own. */
export const inOrder = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

import {
  connect,
  distinctUntilChanged,
  filter,
  map,
  mergeMap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import {
  count,
  countWindow,
  customAggregate,
  first,
  hoppingWindow,
  joinInterval,
  joinWindow,
  max,
  mean,
  tumblingWindow,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import type { Auction, AuctionBid, AuctionEvent, Person } from './events.ts';

/** A row of a result. */
export type Row = readonly (string | number)[];
/** A query of Nexmark: rows from the events of an auction house, in order of time. */
export type Query = OperatorFunction<AuctionEvent, Row>;
type Timed<E> = Observable<E | Watermark>;

const windowMs = 10_000;
/** One window for all of time. */
const everMs = Number.MAX_SAFE_INTEGER;

function only<E extends AuctionEvent>(type: E['type']): (events: Timed<AuctionEvent>) => Timed<E> {
  return filter((event): event is E | Watermark => event instanceof Watermark || event.type === type);
}

const bidsOf = (events: Observable<AuctionEvent>): Timed<AuctionBid> =>
  events.pipe(withWatermarks(), only<AuctionBid>('bid'));

/** Reads one kind of event and another from the same stream, each with its watermarks. */
function bothOf<L extends AuctionEvent, R extends AuctionEvent, O>(
  left: L['type'],
  right: R['type'],
  join: (lefts: Timed<L>, rights: Timed<R>) => Observable<O>,
): (events: Observable<AuctionEvent>) => Observable<O> {
  return (events) =>
    events.pipe(
      withWatermarks(),
      connect((shared) => join(shared.pipe(only<L>(left)), shared.pipe(only<R>(right)))),
    );
}

/** Passes bids on. */
export const passThrough: Query = (events) =>
  bidsOf(events).pipe(
    withoutWatermarks(),
    map(({ auction, bidder, price, time }) => [auction, bidder, price, time]),
  );

/** Converts the price of each bid from dollars to euros. */
export const convertCurrency: Query = (events) =>
  bidsOf(events).pipe(
    withoutWatermarks(),
    map(({ auction, bidder, price, time }) => [auction, bidder, 0.908 * price, time]),
  );

/** Finds the bids on chosen auctions. */
export const selectBids =
  (isChosen: (auction: number) => boolean): Query =>
  (events) =>
    bidsOf(events).pipe(
      withoutWatermarks(),
      filter(({ auction }) => isChosen(auction)),
      map(({ auction, price }) => [auction, price]),
    );

const isNear = ({ state }: Person): boolean => ['OR', 'ID', 'CA'].includes(state.toUpperCase());

/** Who sells in three states in one category. */
export const suggestLocally: Query = bothOf<Person, Auction, Row>('person', 'auction', (people, auctions) =>
  people.pipe(
    filter((person) => person instanceof Watermark || isNear(person)),
    joinInterval(
      auctions.pipe(filter((auction) => auction instanceof Watermark || auction.category === 10)),
      {
        leftKey: (person) => person.id,
        rightKey: (auction) => auction.seller,
        fromMs: -Infinity,
        toMs: Infinity,
      },
    ),
    withoutWatermarks(),
    map(({ left, right }) => [left.name, left.city, left.state, right.id]),
  ),
);

interface Closed {
  readonly auction: Auction;
  readonly price: number;
  readonly time: number;
}

interface Offer {
  readonly left: Auction;
  readonly right: AuctionBid;
}

/** The highest bid on each auction, once it is closed. An auction lasts `longestMs` at most. */
const closedAuctions = (longestMs: number): ((events: Observable<AuctionEvent>) => Timed<Closed>) =>
  bothOf<Auction, AuctionBid, Closed | Watermark>('auction', 'bid', (auctions, bids) =>
    auctions.pipe(
      joinInterval(bids, {
        leftKey: (auction) => auction.id,
        rightKey: (bid) => bid.auction,
        fromMs: 0,
        toMs: longestMs,
      }),
      filter((pair) => pair instanceof Watermark || pair.right.time <= pair.left.expires),
      // A bid counts at the moment its auction closes, so a window of that moment holds all bids on it.
      tumblingWindow({
        sizeMs: 1,
        key: ({ left }) => left.id,
        time: ({ left }) => left.expires,
        aggregate: { price: max(({ right }) => right.price), auction: first(({ left }: Offer) => left) },
      }),
      map((closed) =>
        closed instanceof Watermark || closed.auction === undefined
          ? closed
          : { auction: closed.auction, price: closed.price, time: closed.time },
      ),
      filter((closed): closed is Closed | Watermark => closed !== undefined),
    ),
  );

/** The average price that auctions of a category have closed with, anew for each that closes. */
export const averageOfCategory =
  (longestMs: number): Query =>
  (events) =>
    closedAuctions(longestMs)(events).pipe(
      tumblingWindow({
        sizeMs: everMs,
        key: ({ auction }) => auction.category,
        aggregate: { average: mean(({ price }) => price) },
        early: { everyCount: 1 },
      }),
      withoutWatermarks(),
      filter(({ timing }) => timing === 'early'),
      map(({ key, average }) => [key, average]),
    );

/** Values with the greatest number. */
const greatest = <T>(by: (value: T) => number) =>
  customAggregate({
    create: (): { most: number; values: T[] } => ({ most: -Infinity, values: [] }),
    add(state, value: T) {
      const number = by(value);
      if (number < state.most) return;
      if (number > state.most) state.values = [];
      state.most = number;
      state.values.push(value);
    },
    merge(into, from) {
      if (from.most < into.most) return;
      into.values = from.most > into.most ? [...from.values] : [...into.values, ...from.values];
      into.most = from.most;
    },
    result: ({ values }) => [...values],
  });

/** The auctions with the most bids in the last ten seconds, every two. */
export const hotItems: Query = (events) =>
  bidsOf(events).pipe(
    hoppingWindow({
      sizeMs: windowMs,
      hopMs: 2_000,
      key: (bid) => bid.auction,
      aggregate: { n: count() },
    }),
    // Windows on windows: the results of one window have one time, and each its own.
    tumblingWindow({ sizeMs: 2_000, aggregate: { hottest: greatest(({ n }) => n) } }),
    withoutWatermarks(),
    mergeMap(({ hottest }) => hottest),
    map(({ start, key, n }) => [start, key, n]),
  );

/** The average price of the last ten auctions that a seller has closed; of fewer, when the stream ends. */
export const averageOfSeller =
  (longestMs: number): Query =>
  (events) =>
    closedAuctions(longestMs)(events).pipe(
      countWindow({
        size: 10,
        every: 1,
        key: ({ auction }) => auction.seller,
        aggregate: { average: mean(({ price }) => price) },
      }),
      withoutWatermarks(),
      map(({ key, average }) => [key, average]),
    );

/** The highest bids of each ten seconds. */
export const highestBids: Query = (events) =>
  bidsOf(events).pipe(
    tumblingWindow({ sizeMs: windowMs, aggregate: { highest: greatest((bid) => bid.price) } }),
    withoutWatermarks(),
    mergeMap(({ highest }) => highest),
    map(({ auction, price, bidder, time }) => [auction, price, bidder, time]),
  );

/** Who has registered and opened an auction in the same ten seconds. */
export const newSellers: Query = bothOf<Person, Auction, Row>('person', 'auction', (people, auctions) =>
  people.pipe(
    joinWindow(auctions, {
      leftKey: (person) => person.id,
      rightKey: (auction) => auction.seller,
      sizeMs: windowMs,
    }),
    withoutWatermarks(),
    // The pairs of one person and window follow on each other.
    distinctUntilChanged((one, other) => one.left === other.left && one.start === other.start),
    map(({ left, start }) => [left.id, left.name, start]),
  ),
);

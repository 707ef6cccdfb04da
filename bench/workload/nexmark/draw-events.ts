import type { Auction, AuctionBid, AuctionEvent, Person } from './events.ts';

// The proportions, ratios and lists of github.com/nexmark/nexmark (NexmarkConfiguration.java and the
// generators beside it). Left out are fields that no query of q0 to q8 reads, and the padding.
const personShare = 1;
const auctionShare = 3;
const share = 50;
const inFlight = 100;
const activePeople = 1_000;
/** Ids may be of people and auctions that come a little later. */
const lead = 10;
const batch = 100;
const firstId = 1_000;
const firstCategory = 10;
const categories = 5;
const states = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const cities = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle'];
const firstNames = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter'];
const lastNames = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris'];

/** No auction lasts longer. */
export function longestAuctionMs(perMs: number): number {
  return Math.ceil((2 * inFlight * share) / auctionShare / perMs) + 1;
}

/** Draws the events of an auction house, so many a millisecond, the same for the same arguments. */
export function drawEvents(count: number, perMs: number, seed = 1): AuctionEvent[] {
  const below = randomBelow(seed);
  return Array.from({ length: count }, (_, n) => {
    const time = 1_700_000_000_000 + Math.floor(n / perMs);
    const place = n % share;
    if (place < personShare) return drawPerson(n, time, below);
    return place < personShare + auctionShare ? drawAuction(n, time, perMs, below) : drawBid(n, time, below);
  });
}

type Below = (limit: number) => number;

/** Draws whole numbers from 0 up to but without a limit. */
function randomBelow(seed: number): Below {
  let state = seed >>> 0;
  return (limit) => {
    // Numerical Recipes' generator; its low bits repeat too soon to be used.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function drawPerson(n: number, time: number, below: Below): Person {
  const pick = (list: readonly string[]): string => list[below(list.length)] ?? '';
  const name = `${pick(firstNames)} ${pick(lastNames)}`;
  return { type: 'person', id: firstId + lastPerson(n), name, city: pick(cities), state: pick(states), time };
}

function drawAuction(n: number, time: number, perMs: number, below: Below): Auction {
  // Three of four are of a hot seller: the first in the batch of the latest hundred.
  const seller = below(4) > 0 ? Math.floor(lastPerson(n) / batch) * batch : nearPerson(n, below);
  const expires = time + 1 + below(longestAuctionMs(perMs) - 1);
  const category = firstCategory + below(categories);
  return { type: 'auction', id: firstId + lastAuction(n), seller: firstId + seller, category, time, expires };
}

function drawBid(n: number, time: number, below: Below): AuctionBid {
  // Half of them go to a hot auction, three of four are of a hot bidder.
  const latest = lastAuction(n);
  const oldest = Math.max(latest - inFlight, 0);
  const auction =
    below(2) > 0 ? Math.floor(latest / batch) * batch : oldest + below(latest - oldest + 1 + lead);
  const bidder = below(4) > 0 ? Math.floor(lastPerson(n) / batch) * batch + 1 : nearPerson(n, below);
  const price = Math.round(10 ** (below(6_000_000) / 1_000_000) * 100);
  return { type: 'bid', auction: firstId + auction, bidder: firstId + bidder, price, time };
}

/** How many people were drawn before the latest one at event `n`. */
function lastPerson(n: number): number {
  return Math.floor(n / share) * personShare + Math.min(n % share, personShare - 1);
}

/** How many auctions were drawn before the latest one at event `n`. */
function lastAuction(n: number): number {
  const place = n % share;
  const rounds = Math.floor(n / share) * auctionShare;
  return rounds + Math.min(Math.max(place - personShare, -1), auctionShare - 1);
}

function nearPerson(n: number, below: Below): number {
  const people = lastPerson(n) + 1;
  const active = Math.min(people, activePeople);
  return people - active + below(active + lead);
}

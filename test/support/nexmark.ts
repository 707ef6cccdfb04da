import { readObjects } from './data-lines.ts';

export interface Person {
  readonly type: 'person';
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly time: number;
}

export interface Auction {
  readonly type: 'auction';
  readonly id: number;
  readonly seller: number;
  readonly category: number;
  readonly time: number;
  /** Bids count up to here. */
  readonly expires: number;
}

export interface AuctionBid {
  readonly type: 'bid';
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly time: number;
}

export type AuctionEvent = Person | Auction | AuctionBid;

interface Stored {
  readonly date_time_ms: number;
  readonly expires_ms?: number;
}

/** The events of nexmark-small, in order of time. */
export function readAuctionEvents(): AuctionEvent[] {
  return readObjects<AuctionEvent & Stored>('nexmark-small/events.ndjson.gz').map(
    ({ date_time_ms: time, expires_ms: expires, ...event }) => ({ ...event, time, expires }) as AuctionEvent,
  );
}

/** Someone who registers at the auction house. */
export interface Person {
  readonly type: 'person';
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly time: number;
}

export interface Auction {
  readonly type: 'auction';
  readonly id: number;
  /** Id of a person. */
  readonly seller: number;
  readonly category: number;
  readonly time: number;
  /** Bids count up to here. */
  readonly expires: number;
}

export interface AuctionBid {
  readonly type: 'bid';
  readonly auction: number;
  /** Id of a person. */
  readonly bidder: number;
  /** Cents. */
  readonly price: number;
  readonly time: number;
}

export type AuctionEvent = Person | Auction | AuctionBid;

import { readObjects } from './data-lines.ts';

export interface Bid {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
}

interface NexmarkEvent extends Omit<Bid, 'time'> {
  readonly type: string;
  readonly date_time_ms: number;
}

/** The bids of nexmark-small, in order of time. */
export function readBids(): Bid[] {
  return readObjects<NexmarkEvent>('nexmark-small/events.ndjson.gz')
    .filter(({ type }) => type === 'bid')
    .map(({ auction, bidder, price, date_time_ms }) => ({ time: date_time_ms, auction, bidder, price }));
}

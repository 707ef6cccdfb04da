import type { AuctionEvent } from '../../bench/workload/nexmark/events.ts';
import { readObjects } from './data-lines.ts';

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

import { from } from 'rxjs';
import { noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { drawEvents, longestAuctionMs } from '../workload/nexmark/draw-events.ts';
import {
  averageOfCategory,
  averageOfSeller,
  convertCurrency,
  highestBids,
  hotItems,
  newSellers,
  passThrough,
  type Query,
  selectBids,
  suggestLocally,
} from '../workload/nexmark/queries.ts';

const events = 512 * 1024;
/** The rate that the benchmark's own configuration begins with: 10,000 events a second. */
const perMs = 10;
const longestMs = longestAuctionMs(perMs);

function running(query: Query): () => Measure {
  return () => {
    const drawn = drawEvents(events, perMs);
    return async () => {
      let rows = 0;
      const rate = await ratePerCore(events, () => {
        from(drawn)
          .pipe(query)
          .subscribe(() => (rows += 1));
      });
      if (rows < 5) throw new Error(`only ${rows} rows`);
      return rate;
    };
  };
}

const rowOf = (name: string, what: string, query: Query): Row => ({
  id: `nexmark-${name}`,
  what,
  unit: 'events/s',
  better: 'higher',
  goal: noGoal,
  subject: { name: 'breakwater', prepare: running(query) },
  peers: [],
});

export const q0 = rowOf('q0', 'all bids', passThrough);
export const q1 = rowOf('q1', 'all bids, their prices converted', convertCurrency);
export const q2 = rowOf(
  'q2',
  'the bids on one auction of 123',
  selectBids((auction) => auction % 123 === 0),
);
export const q3 = rowOf(
  'q3',
  'who sells in three states in one category: a join without end',
  suggestLocally,
);
export const q4 = rowOf(
  'q4',
  'the average winning price of a category, at each auction that closes',
  averageOfCategory(longestMs),
);
export const q5 = rowOf('q5', 'the auctions with the most bids in 10 s, every 2 s', hotItems);
export const q6 = rowOf(
  'q6',
  'the average winning price of the last ten auctions of a seller',
  averageOfSeller(longestMs),
);
export const q7 = rowOf('q7', 'the highest bid of each 10 s', highestBids);
export const q8 = rowOf('q8', 'who registers and sells in the same 10 s', newSellers);

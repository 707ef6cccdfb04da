import { describeValue } from '../event/describe-value.ts';
import { Aging } from './aging.ts';
import { KeyedLaneQueue } from './keyed-lane-queue.ts';
import type { LaneOptions, Ordering } from './lane-queue.ts';
import { LaneRounds } from './lane-rounds.ts';
import type { PlacedLaneQueue } from './placed-lane-queue.ts';
import { PlainLaneQueue } from './plain-lane-queue.ts';

export interface LaneQueueOptions extends LaneOptions {
  /** Which events may not overlap or swap. Default `'none'`. */
  readonly order?: Ordering;
  /** Whether `evictOldest` will be called: without keys and aging, that costs 8 bytes an event. Default `false`. */
  readonly evictsOldest?: boolean;
}

/**
 * Creates the four lanes that events wait in: plain ones for order `none`, keyed ones for `key` and `total`.
 *
 * @throws TypeError or RangeError for options out of range, each naming option and value.
 *
 * @example
 * ```ts
 * const lanes = createLaneQueue<string>({ strategy: 'strict' });
 * lanes.push('report', 3, undefined, 0);
 * lanes.push('alarm', 0, undefined, 0);
 * lanes.take(0); // => 'alarm'
 * ```
 */
export function createLaneQueue<T>(options: LaneQueueOptions = {}): PlacedLaneQueue<T> {
  const { strategy = 'weighted', weights = [8, 4, 2, 1], agingMs = 10_000, ceiling = 'high' } = options;
  const { order = 'none', evictsOldest = false } = options;
  if (strategy !== 'weighted' && strategy !== 'strict' && strategy !== 'aged') {
    throw new TypeError(`strategy must be one of weighted, strict, aged; got ${describeValue(strategy)}`);
  }
  if (order !== 'none' && order !== 'key' && order !== 'total') {
    throw new TypeError(`order must be one of none, key, total; got ${describeValue(order)}`);
  }
  const weighted = new LaneRounds(weights);
  const aged = new Aging(agingMs, ceiling);
  const rounds =
    strategy === 'weighted' ? weighted : new LaneRounds([Infinity, Infinity, Infinity, Infinity]);
  const aging = strategy === 'aged' ? aged : undefined;
  return order === 'none'
    ? new PlainLaneQueue<T>(rounds, aging, evictsOldest)
    : new KeyedLaneQueue<T>(rounds, aging, order === 'total');
}

import type { ObservableInput, OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { laneMap, type LaneMapOptions } from './lane-map.ts';
import { waitingNames } from './waiting-lanes.ts';

/** As for `laneMap`, but for what the order decides. */
export type OrderByKeyOptions<T> = Omit<LaneMapOptions<T>, 'order'>;

const names: OptionNames<OrderByKeyOptions<unknown>> = {
  ...waitingNames,
  priority: 'function',
  concurrency: true,
  errors: 'output',
};

/**
 * Emits what the projections of the values emit, one value of a key at a time and in order: `concatMap` by key.
 *
 * Different keys run side by side, up to `concurrency`, and take turns. A slow or waiting key holds back
 * nothing but itself; an urgent value lifts those of its key before it. It is `laneMap` with `order: 'key'`.
 *
 * @throws RangeError or TypeError as `laneMap` does.
 * @example
 * ```ts
 * const readings = of({ key: 'a', ms: 2 }, { key: 'b', ms: 1 }, { key: 'a', ms: 0 });
 * readings.pipe(orderByKey((r) => timer(r.ms).pipe(map(() => `${r.key}${r.ms}`)))); // => 'b1', 'a2', 'a0'
 * ```
 */
export function orderByKey<T, R>(
  project: (value: T, index: number) => ObservableInput<R>,
  options: OrderByKeyOptions<T> = {},
): OperatorFunction<T, R> {
  checkOptions('orderByKey', options, names);
  return laneMap(project, { ...options, order: 'key' });
}

import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import type { Clock } from '../event/clock.ts';
import { AsyncMapper } from './async-map.ts';
import { checkLimit } from './check-number.ts';
import { runFlow } from './flow-stage.ts';
import { LookUpCache } from './look-up-cache.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

/** What is looked up, how many at a time, and what is remembered. */
export interface EnrichOptions<T, Key, Found, R> {
  /** What of a value is looked up. */
  readonly key: (value: T) => Key;
  /**
   * Finds what belongs to a key, at once or later. `signal` is aborted when the stream ends, so that what
   * nobody waits for any more can stop.
   */
  readonly lookUp: (key: Key, signal: AbortSignal) => Found | PromiseLike<Found>;
  /** Makes the result of a value and what was found. */
  readonly combine: (value: T, found: Found) => R;
  /** How many values may be at work at once. Default `16`. */
  readonly concurrency?: number;
  /** `'kept'` (default): results come in the order of their values; `'none'`: as soon as they are there. */
  readonly order?: 'kept' | 'none';
  /** How many values may wait. Default `100_000`. */
  readonly capacity?: number;
  /** How many found entries are remembered; the least recently used one goes first. Default `10_000`, 0 for none. */
  readonly maxEntries?: number;
  /** Milliseconds that an entry is remembered; needs a `clock`. Default: as long as there is room. */
  readonly ttlMs?: number;
  /** Tells the age of entries. */
  readonly clock?: Clock;
  /** Takes values whose look-up failed; the rest goes on. Default: the stream fails. */
  readonly errors?: SideOutput<FailedValue<T>>;
}

const names: OptionNames<EnrichOptions<unknown, unknown, unknown, unknown>> = {
  key: 'function',
  lookUp: 'function',
  combine: 'function',
  concurrency: true,
  order: true,
  capacity: true,
  maxEntries: true,
  ttlMs: true,
  clock: true,
  errors: 'output',
};

/**
 * Emits each value combined with what an asynchronous look-up finds for its key.
 *
 * Values of one key share a look-up that runs, and its result while it is remembered; failures are not
 * remembered. With the order kept, a slow look-up holds back at most `concurrency` results. O(1) a value.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, QueueFullError when
 * more than `capacity` values wait.
 * @example
 * ```ts
 * const names = new Map([[1, 'Ada']]);
 * of({ user: 1 }).pipe(
 *   enrich({
 *     key: (login) => login.user,
 *     lookUp: async (user) => names.get(user),
 *     combine: (login, name) => ({ ...login, name }),
 *   }),
 * ); // => { user: 1, name: 'Ada' }
 * ```
 */
export function enrich<T, Key, Found, R>(options: EnrichOptions<T, Key, Found, R>): OperatorFunction<T, R> {
  checkOptions('enrich', options, names);
  const { key, lookUp, combine, errors, order = 'kept', concurrency = 16, capacity = 100_000 } = options;
  const { maxEntries = 10_000, ttlMs = Infinity, clock } = options;
  checkLimit('concurrency', concurrency, 1);
  checkLimit('capacity', capacity, 0);
  checkLimit('maxEntries', maxEntries, 0);
  if (!(typeof ttlMs === 'number' && ttlMs > 0))
    throw new RangeError(`ttlMs must be above 0, got ${describeValue(ttlMs)}`);
  if (ttlMs !== Infinity && clock === undefined) throw new TypeError('ttlMs needs a clock');
  if (order !== 'kept' && order !== 'none') {
    throw new TypeError(`order must be kept or none, got ${describeValue(order)}`);
  }

  return runFlow((output) => {
    const ended = new AbortController();
    const cache = new LookUpCache<Key, Found>({ maxEntries, ttlMs, clock });

    function found(id: Key): Found | PromiseLike<Found> {
      const known = cache.get(id);
      if (known !== undefined) return known.found;
      const result = lookUp(id, ended.signal);
      return cache.put(id, result);
    }

    const mapper = new AsyncMapper<T, R>(
      {
        name: 'enrich',
        concurrency,
        capacity,
        errors,
        inOrder: order === 'kept',
        map(value) {
          const result = found(key(value));
          return isPromise(result) ? result.then((entry) => combine(value, entry)) : combine(value, result);
        },
      },
      output,
    );
    return {
      value: (value) => mapper.value(value),
      end: () => mapper.end(),
      dispose() {
        mapper.dispose();
        ended.abort();
      },
    };
  });
}

function isPromise<Found>(value: Found | PromiseLike<Found>): value is PromiseLike<Found> {
  return value instanceof Promise;
}

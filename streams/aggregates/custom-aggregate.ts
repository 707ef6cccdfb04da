import type { Aggregate } from './aggregate.ts';

export interface CustomAggregateOptions<T, R, S, X = T> {
  /** A state that has seen nothing; an object, for it is changed in place. */
  readonly create: () => S;
  /**
   * Takes from a value what `add` needs. What may throw belongs here: all figures are read before any counts,
   * so that such a value is in none and goes to the `errors` output. Default: the value itself.
   */
  readonly read?: (value: T) => X;
  /** Counts what was read. Must not throw: the stream would end, whatever `errors` takes. */
  readonly add: (state: S, read: X, time: number) => void;
  /** Adds what `from` has seen to `into`. `from` must stay as it is: other windows use it too. */
  readonly merge: (into: S, from: S) => void;
  /** The figure. Must not change the state. `spanMs` is how long the window is. */
  readonly result: (state: S, spanMs: number) => R;
}

/**
 * Makes an aggregate of your own from four functions, or five.
 *
 * Results are as reliable as `merge` is associative, and as `add` does not mind the order of values.
 *
 * @example
 * ```ts
 * const product = customAggregate({
 *   create: () => ({ product: 1 }),
 *   add: (state, value: number) => void (state.product *= value),
 *   merge: (into, from) => void (into.product *= from.product),
 *   result: ({ product }) => product,
 * });
 * of(2, 3, 7).pipe(aggregate({ product })); // => { product: 42 }
 * ```
 */
export function customAggregate<T, R, S extends object, X>(
  options: CustomAggregateOptions<T, R, S, X> & { readonly read: (value: T) => X },
): Aggregate<T, R, S, X>;
export function customAggregate<T, R, S extends object>(
  options: CustomAggregateOptions<T, R, S>,
): Aggregate<T, R, S, T>;
export function customAggregate<T, R, S extends object>(
  options: CustomAggregateOptions<T, R, S>,
): Aggregate<T, R, S, T> {
  const { create, read = (value) => value, add, merge, result } = options;
  return { read, create, add, merge, result };
}

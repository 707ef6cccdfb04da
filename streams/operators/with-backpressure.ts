import { Observable, type Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import { Credit } from '../queue/credit.ts';
import { checkLimit } from './check-number.ts';
import { FlowInput } from './flow-stage.ts';
import { type Credited, HeldValues } from './held-values.ts';
import { IteratorPuller } from './iterator-puller.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { resolveWaiting, type WaitingOptions, waitingNames } from './waiting-lanes.ts';

export interface BackpressureOptions<T> extends WaitingOptions<T> {
  /**
   * How many values may be unsettled at once. Or what makes a {@link Credit} for each subscription, to
   * widen, hold or count it while it runs; a credit has one source. Default `16`.
   */
  readonly credit?: number | (() => Credit);
  /**
   * Takes values for which `priority` or `key` threw, a delivery too: it is for this output to settle it.
   * Without it, such a value ends the stream.
   */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<BackpressureOptions<unknown>> = {
  ...waitingNames,
  priority: 'function',
  order: true,
  credit: true,
  errors: 'output',
};

/**
 * Emits values with an `ack()`, and no more than `credit` of them before they are acknowledged.
 *
 * An iterable, synchronous or not, is asked for a value only when there is credit: real backpressure.
 * What an observable pushes meanwhile waits in bounded lanes, with `order: 'key'` until its key's last is
 * acknowledged. A `Delivery` comes as a delivery, and settles both. Completes when all has been emitted.
 * O(1) a value, no recursion.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, QueueFullError when
 * more than `capacity` values wait and `overflow` is `'fail'`.
 * @example
 * ```ts
 * const lines = withBackpressure<string>({ credit: 2 })(['a', 'b', 'c']);
 * lines.pipe(map((line) => (line.ack(), line.value))); // => 'a', 'b', 'c'
 * ```
 */
export function withBackpressure<T>(
  options: BackpressureOptions<T> = {},
): (source: Observable<T> | Iterable<T> | AsyncIterable<T>) => Observable<Credited<T>> {
  checkOptions('withBackpressure', options, names);
  const createCredit = resolveCredit(options.credit);
  const createLanes = resolveWaiting('withBackpressure', options);
  return (source) =>
    new Observable((output: Subscriber<Credited<T>>) => {
      const held = new HeldValues(createLanes(), createCredit(), output, 1, options.errors);
      output.add(() => held.dispose());
      if (source instanceof Observable) source.subscribe(new FlowInput(held, output));
      else held.pullFrom(new IteratorPuller(iteratorOf(source), held, output));
    });
}

/**
 * Checks a `credit` option and gives what makes the credit of one subscription.
 *
 * @throws RangeError naming the value.
 */
export function resolveCredit(credit: number | (() => Credit) = 16): () => Credit {
  if (typeof credit === 'function') return credit;
  checkLimit('credit', credit, 1);
  return () => new Credit(credit);
}

function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  const { [Symbol.asyncIterator]: openAsync, [Symbol.iterator]: open } = source as Partial<
    Iterable<T> & AsyncIterable<T>
  >;
  if (openAsync !== undefined) return openAsync.call(source);
  if (open !== undefined) return open.call(source);
  throw new TypeError(`withBackpressure takes an observable or an iterable, got ${describeValue(source)}`);
}

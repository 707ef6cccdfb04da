import { from, Observable, type ObservableInput, type ObservedValueOf, type Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import { laneOf, priorities, type Priority } from '../event/priority.ts';
import { FlowInput, type FlowStage } from './flow-stage.ts';
import { type Credited, HeldValues } from './held-values.ts';
import { resolveWaiting, waitingNames } from './waiting-lanes.ts';
import { type BackpressureOptions, resolveCredit } from './with-backpressure.ts';

/** A source for each lane that has one. */
export type LaneInputs = { readonly [P in Priority]?: ObservableInput<unknown> };

/** What the sources emit. */
export type LaneValue<Inputs extends LaneInputs> = {
  [P in keyof Inputs]: Inputs[P] extends ObservableInput<unknown> ? ObservedValueOf<Inputs[P]> : never;
}[keyof Inputs];

/** As for `withBackpressure`, but that the lane is the source's. */
export type MergeLanesOptions<T> = Omit<BackpressureOptions<T>, 'priority'>;

const names: OptionNames<MergeLanesOptions<unknown>> = {
  ...waitingNames,
  order: true,
  credit: true,
  errors: 'output',
};

/**
 * Merges one source per lane: values are emitted with an `ack()`, within `credit`, the urgent lanes first.
 *
 * While credit is out, values wait in the lane of their source, and the lanes are picked as in `laneMap`:
 * the head of a lane is emitted after at most 2 · (W − w) others. Nothing is emitted before all sources are
 * subscribed to. Completes when all have completed and all has been emitted; the first error ends it.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, QueueFullError when
 * more than `capacity` values wait and `overflow` is `'fail'`.
 * @example
 * ```ts
 * mergeLanes({ low: of('log'), critical: of('alarm') }, { credit: 1 }).pipe(
 *   map((held) => (held.ack(), held.value)),
 * ); // => 'alarm', 'log'
 * ```
 */
export function mergeLanes<const Inputs extends LaneInputs>(
  inputs: Inputs,
  options: MergeLanesOptions<LaneValue<Inputs>> = {},
): Observable<Credited<LaneValue<Inputs>>> {
  type Value = LaneValue<Inputs>;
  checkOptions('mergeLanes', options, names);
  for (const name of Object.keys(inputs)) {
    if (!(priorities as readonly string[]).includes(name)) {
      throw new TypeError(`lanes are ${priorities.join(', ')}; there is no ${describeValue(name)}`);
    }
  }
  const createCredit = resolveCredit(options.credit);
  const createLanes = resolveWaiting<Value>('mergeLanes', options);
  return new Observable((output: Subscriber<Credited<Value>>) => {
    const sources = priorities.flatMap((priority) => {
      const source = inputs[priority];
      return source === undefined ? [] : [{ lane: laneOf(priority), source }];
    });
    const held = new HeldValues<Value>(createLanes(), createCredit(), output, sources.length, options.errors);
    output.add(() => held.dispose());
    held.connect(() => {
      for (const { lane, source } of sources) {
        // The sources' types are those of the inputs, which a loop cannot follow.
        (from(source) as Observable<Value>).subscribe(new FlowInput(laneStage(held, lane), output));
      }
    });
  });
}

function laneStage<T>(held: HeldValues<T>, lane: number): FlowStage<T> {
  return { value: (value) => held.push(value, lane), end: () => held.end() };
}

import type { OperatorFunction } from 'rxjs';
import type { PublishReceipt } from '../actors/handler.ts';
import { isDefinition, type EventDefinition, type EventFields } from '../streams/event/define-event.ts';
import type { Publishable } from '../streams/event/publish.ts';
import { AsyncMapper } from '../streams/operators/async-map.ts';
import { runFlow } from '../streams/operators/flow-stage.ts';
import { type Held, HeldValue } from '../streams/operators/held-values.ts';
import type { FailedValue, SideOutput } from '../streams/operators/side-output.ts';
import type { Bus } from './bus.ts';
import { checkInteger } from './options.ts';

export interface PublishToOptions<T> {
  /** How many publishes may be under way at once. Default `16`. */
  readonly concurrency?: number;
  /** How many more values may wait. Default `100_000`. */
  readonly capacity?: number;
  /** Fields of an event besides its payload: key, priority, cause. */
  readonly fields?: (value: T) => EventFields;
  /** Takes what could not be published; the rest goes on. Default: the stream fails. */
  readonly errors?: SideOutput<FailedValue<T>>;
}

/**
 * Publishes each value, as the payload of a definition or as the event that it is, and emits the receipts in order.
 *
 * Publishes start in the order of the values, at most `concurrency` at a time; each is awaited, so a full
 * mailbox slows it down. A value from `withBackpressure` is acknowledged when it is published: then the
 * source waits too. A publish that fails ends the stream, or goes to `errors`.
 *
 * @throws RangeError when an option is out of range; from the stream, what `publish` rejects with, and
 * QueueFullError when more than `capacity` values wait.
 * @example
 * ```ts
 * const bus = createBus();
 * of({ total: 1 }).pipe(publishTo(bus, orderPlaced), map((receipt) => receipt.subscribers)); // => 0
 * ```
 */
export function publishTo<Input, Data>(
  bus: Pick<Bus, 'publish'>,
  definition: EventDefinition<string, Input, Data>,
  options?: PublishToOptions<Input>,
): OperatorFunction<Input | Held<Input>, PublishReceipt>;
export function publishTo(
  bus: Pick<Bus, 'publish'>,
  options?: Omit<PublishToOptions<Publishable>, 'fields'>,
): OperatorFunction<Publishable | Held<Publishable>, PublishReceipt>;
export function publishTo(
  bus: Pick<Bus, 'publish'>,
  first: EventDefinition | PublishToOptions<unknown> = {},
  second: PublishToOptions<unknown> = {},
): OperatorFunction<unknown, PublishReceipt> {
  const definition = isDefinition(first) ? first : undefined;
  const options = isDefinition(first) ? second : first;
  const { concurrency = 16, capacity = 100_000, fields, errors } = options;
  checkInteger('concurrency', concurrency, 1);
  checkInteger('capacity', capacity, 0);

  function send(value: unknown): Promise<PublishReceipt> {
    return definition === undefined
      ? bus.publish(value as Publishable)
      : bus.publish(definition, value, fields?.(value));
  }

  async function sendHeld(held: HeldValue<unknown>): Promise<PublishReceipt> {
    try {
      const receipt = await send(held.value);
      held.ack();
      return receipt;
    } catch (error) {
      // What went to a side output is done with; what ends the stream stays with its source.
      if (errors !== undefined) held.ack();
      throw error;
    }
  }

  return runFlow((output) => {
    const map = (value: unknown): Promise<PublishReceipt> =>
      value instanceof HeldValue ? sendHeld(value as HeldValue<unknown>) : send(value);
    const failed = errors && {
      next: ({ value, error }: FailedValue<unknown>) =>
        errors.next({ value: value instanceof HeldValue ? (value.value as unknown) : value, error }),
    };
    return new AsyncMapper<unknown, PublishReceipt>(
      { name: 'publishTo', map, concurrency, capacity, inOrder: true, errors: failed },
      output,
    );
  });
}

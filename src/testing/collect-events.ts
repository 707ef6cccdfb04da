import type { AnyEventDefinition } from '../../streams/event/define-event.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Bus, EventFor } from '../bus.ts';

/**
 * Collects the events of a bus from now on: the array that it returns grows as they come, in order of publishing.
 *
 * Works on every bus; takes part in it as a stream that acknowledges at once. Memory grows with each event.
 *
 * @example
 * ```ts
 * const bus = createTestBus();
 * const orders = collectEvents(bus, 'order.>');
 * await bus.publish('order.placed', { orderId: '42' });
 * orders.length; // => 1
 * ```
 */
export function collectEvents<const Subject extends string | GlobPattern | AnyEventDefinition>(
  bus: Pick<Bus, 'stream'>,
  subject: Subject,
): readonly EventFor<Subject>[] {
  const events: EventFor<Subject>[] = [];
  bus.stream(subject, { order: 'total' }).subscribe((event: EventEnvelope) => {
    events.push(event as EventFor<Subject>);
  });
  return events;
}

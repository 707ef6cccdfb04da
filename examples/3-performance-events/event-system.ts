import { createBus, memoryTransport, noopTransport, type Bus } from 'breakwater';
import { validationEvents } from './validation-events.ts';

/** What code that publishes needs to know of a bus: monitoring never breaks what it monitors. */
export type EventProducer = Pick<Bus, 'tryPublish'>;

/** What code that listens needs to know of it. */
export type EventConsumer = Pick<Bus, 'subscribe'>;

/** `noop` carries nothing and costs next to nothing; `memory` carries events within the process. */
export type Carrier = 'noop' | 'memory';

/** The same bus over either transport: the rest of the program does not know which it is. */
export function createEventSystem(carrier: Carrier): Bus {
  return createBus({
    source: 'validator',
    transport: carrier === 'noop' ? noopTransport() : memoryTransport(),
    events: validationEvents,
  });
}

import { createSubscriberActor } from '../../../actors/create-subscriber-actor.ts';
import { durableTransport } from '../../transport/durable.ts';
import { DeliveryRun, type DeliveryParts } from './delivery-run.ts';
import type { SimulationProgram } from './simulate.ts';

/**
 * A process that publishes to a log and handles what is in it, killed and started again, on a disk that fails.
 *
 * Real: the durable transport, its queues, lanes and places, credit, breaker and subscriber's actor. Simulated: the
 * disk, time, handlers. After every step it checks that nothing acknowledged is lost, each event is handled at least
 * once and in order, that events are conserved, no place skips, no lane starves, and no call starts that the breaker
 * forbids. No promise is waited for, so a run of 1 000 events takes milliseconds.
 */
export function deliveryProgram(parts: Partial<DeliveryParts> = {}): SimulationProgram {
  const complete: DeliveryParts = {
    store: (store) => store,
    transport: (store) => durableTransport(store),
    actor: createSubscriberActor,
    disk: {},
    ...parts,
  };
  return { name: 'delivery', run: (world) => new DeliveryRun(world, complete).run() };
}

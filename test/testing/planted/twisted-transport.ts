import { map, type Observable } from 'rxjs';
import type { Delivery } from '../../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { memoryTransport } from '../../../src/transport/memory.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
} from '../../../src/transport/transport.ts';

/** What a twist may do to the transport in memory, which is right. Each hook gives what stands in its place. */
export interface Twist {
  readonly publish?: (
    events: readonly EventEnvelope[],
    publish: (events: readonly EventEnvelope[]) => Published | Promise<Published>,
    options: TransportPublishOptions | undefined,
  ) => Published | Promise<Published>;
  readonly subscribe?: (options: TransportSubscribeOptions) => TransportSubscribeOptions;
  readonly deliver?: (delivery: Delivery, name: string) => Delivery;
  readonly deliveries?: (deliveries: Observable<Delivery>, name: string) => Observable<Delivery>;
}

/** A transport with a bug: the one in memory, with something between it and the bus. */
export function twisted(twist: (inner: Transport, ports: TransportPorts) => Twist): TransportFactory {
  return (ports) => {
    const inner = memoryTransport()(ports);
    const { publish, subscribe, deliver, deliveries } = twist(inner, ports);
    return {
      name: 'twisted',
      features: inner.features,
      publish: (events, options) =>
        publish === undefined || options?.to !== undefined
          ? inner.publish(events, options)
          : publish(events, (changed) => inner.publish(changed, options), options),
      subscribe(patterns, options) {
        const subscription = inner.subscribe(patterns, subscribe?.(options) ?? options);
        const { name } = options;
        const mapped =
          deliver === undefined
            ? subscription.deliveries
            : subscription.deliveries.pipe(map((delivery) => deliver(delivery, name)));
        return {
          deliveries: deliveries?.(mapped, name) ?? mapped,
          detach: () => subscription.detach(),
          status: () => subscription.status(),
        };
      },
      close: () => inner.close(),
    };
  };
}

/** A delivery of the same event that settles otherwise. */
export function settling(delivery: Delivery, changed: Partial<Delivery>): Delivery {
  return {
    event: delivery.event,
    attempt: delivery.attempt,
    ack: () => delivery.ack(),
    nak: (delayMs) => delivery.nak(delayMs),
    term: (reason) => delivery.term(reason),
    ...changed,
  };
}

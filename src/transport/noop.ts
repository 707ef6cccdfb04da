import { NEVER } from 'rxjs';
import type { Published, TransportFactory, TransportSubscription } from './transport.ts';

const published: Published = Object.freeze({ level: 'none', matched: 0 });
const subscription: TransportSubscription = {
  deliveries: NEVER,
  detach() {},
  status: () => ({ capacity: 0, depths: [0, 0, 0, 0], parked: 0, blocked: 0 }),
};

/** A transport that carries nothing: what a program costs without its events. Bad events are still refused. */
export function noopTransport(): TransportFactory {
  return () => ({
    name: 'noop',
    features: { level: 'none', durable: false, ordered: true, shared: false, settlements: true },
    publish: () => published,
    hears: () => false,
    subscribe: () => subscription,
    close: () => Promise.resolve(),
  });
}

import type { Bus, EventEnvelope, Handler, Subscription } from 'breakwater';
import { orderCancelled, orderPlaced, paymentFailed } from './orders.ts';

export interface Desks {
  readonly warehouse: Subscription;
  readonly bigOrders: Subscription;
  readonly alarm: Subscription;
}

/** One subscriber for each desk; `told` hears what each of them was given. */
export function subscribeDesks(bus: Bus, told: (desk: string, event: EventEnvelope) => void): Desks {
  const tell: Handler = (event, { subscriber }) => told(subscriber, event);
  return {
    // One at a time, so that the lanes decide what comes first.
    warehouse: bus.subscribe([orderPlaced, orderCancelled, paymentFailed], tell, {
      name: 'warehouse',
      concurrency: 1,
    }),
    // A filter is a predicate, or conditions as data that may come from a file.
    bigOrders: bus.subscribe(orderPlaced, tell, {
      name: 'big-orders',
      filter: [{ exact: { 'data.country': 'NO' } }, ({ data }) => data.total >= 100],
    }),
    alarm: bus.subscribe('>', tell, { name: 'alarm', minPriority: 'urgent' }),
  };
}

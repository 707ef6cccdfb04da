import type { Subscription } from 'breakwater';

/** What a subscription has delivered, beside what its `stats()` counts. */
export interface DeliveryRecord {
  readonly deliveries: number;
  readonly errors: number;
  /** Id of the event that was handled last. */
  readonly lastDelivered: string | undefined;
}

/** Follows the outcomes of a subscription; gives the record as it is now. */
export function recordDeliveries(subscription: Subscription): () => DeliveryRecord {
  let record: DeliveryRecord = { deliveries: 0, errors: 0, lastDelivered: undefined };
  subscription.outcomes$.subscribe(({ status, eventId }) => {
    const { deliveries, errors, lastDelivered } = record;
    record =
      status === 'ok'
        ? { deliveries: deliveries + 1, errors, lastDelivered: eventId }
        : { deliveries, errors: errors + 1, lastDelivered };
  });
  return () => record;
}

import { Observable } from 'rxjs';
import type { Delivery } from '../../../streams/event/delivery.ts';
import type { StoreFactory } from '../../../src/store.ts';
import { durableTransport } from '../../../src/transport/durable.ts';
import type {
  TransportFactory,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../../../src/transport/transport.ts';
import { changed } from './changed.ts';

type Bug = (store: StoreFactory) => TransportFactory;

/** Changes what subscriptions are asked for, and what they give. */
function twisted(
  ask: (options: TransportSubscribeOptions) => TransportSubscribeOptions,
  give: (delivery: Delivery, emit: (delivery: Delivery) => void) => void = (delivery, emit) => emit(delivery),
): Bug {
  return (store) => (ports) => {
    const transport = durableTransport(store)(ports);
    const subscribe = (
      patterns: Parameters<typeof transport.subscribe>[0],
      options: TransportSubscribeOptions,
    ): TransportSubscription => {
      const subscription = transport.subscribe(patterns, ask(options));
      const deliveries = new Observable<Delivery>((subscriber) =>
        subscription.deliveries.subscribe((delivery) => give(delivery, (given) => subscriber.next(given))),
      );
      return changed(subscription, { deliveries });
    };
    return changed(transport, { subscribe });
  };
}

const asAsked = (options: TransportSubscribeOptions): TransportSubscribeOptions => options;

function relay(delivery: Delivery, parts: Partial<Delivery>): Delivery {
  const { event, attempt, position } = delivery;
  return {
    event,
    attempt,
    position,
    ack: () => delivery.ack(),
    nak: (delayMs) => delivery.nak(delayMs),
    term: (reason) => delivery.term(reason),
    ...parts,
  };
}

/** Settles each event before its handler has run. */
export const acksBeforeHandler = twisted(asAsked, (delivery, emit) => {
  delivery.ack();
  emit(relay(delivery, { ack: () => {}, nak: () => {}, term: () => {} }));
});

/** Takes a failure for success. */
export const losesRetries = twisted(asAsked, (delivery, emit) =>
  emit(relay(delivery, { nak: () => delivery.ack() })),
);

/** Brings what failed again at once, beside what still stands. */
export const retriesTwice = twisted(asAsked, (delivery, emit) =>
  emit(
    relay(delivery, {
      nak: (delayMs) => {
        emit(relay(delivery, { attempt: delivery.attempt + 1 }));
        delivery.nak(delayMs);
      },
    }),
  ),
);

/** Counts no attempts. */
export const forgetsAttempts = twisted(asAsked, (delivery, emit) => emit(relay(delivery, { attempt: 1 })));

/** Gives every eleventh event twice. */
export const givesTwice = twisted(asAsked, (delivery, emit) => {
  emit(delivery);
  if ((delivery.position ?? 0) % 11 === 0) emit(delivery);
});

/** Never gives every thirteenth event, and says that it did. */
export const dropsUnseen = twisted(asAsked, (delivery, emit) => {
  if ((delivery.position ?? 0) % 13 === 0) delivery.ack();
  else emit(delivery);
});

/** Keeps no order, whatever was asked for. */
export const keepsNoOrder = twisted((options) => ({
  ...options,
  mailbox: { ...options.mailbox, order: 'none' },
}));

/** Takes total order for order by key. */
export const keepsLessOrder = twisted((options) => {
  const { order = 'none' } = options.mailbox;
  return { ...options, mailbox: { ...options.mailbox, order: order === 'total' ? 'key' : order } };
});

/** Lets urgent lanes starve the others. */
export const starvesLanes = twisted((options) => ({
  ...options,
  mailbox: { ...options.mailbox, strategy: 'strict' },
}));

/** Drops events and tells nobody. */
export const dropsUncounted = twisted(({ onDrop: _onDrop, ...options }) => options);

/** Keeps no place, though it was asked to. */
export const keepsNoPlace = twisted((options) => ({ ...options, from: 'now' as const }));

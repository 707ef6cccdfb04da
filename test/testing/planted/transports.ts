import { Observable } from 'rxjs';
import type { Delivery } from '../../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type {
  Transport,
  TransportFactory,
  TransportSubscribeOptions,
} from '../../../src/transport/transport.ts';
import { settling, twisted } from './twisted-transport.ts';

/** Publishes an event once more; whether it is refused is nobody's concern. */
function giveAgain(inner: Transport, event: EventEnvelope, to?: string): void {
  const published = inner.publish([event], to === undefined ? {} : { to });
  if (published instanceof Promise) published.catch(() => {});
}

const accepted = { level: 'accepted', matched: 1 } as const;

function withMailbox(changed: Partial<TransportSubscribeOptions['mailbox']>): TransportFactory {
  return twisted(() => ({
    subscribe: (options) => ({ ...options, mailbox: { ...options.mailbox, ...changed } }),
  }));
}

/** Transports that break the order of a key. */
export const disorderly: Readonly<Record<string, TransportFactory>> = {
  'knows no keys': withMailbox({ order: 'none' }),

  'lets the key go on while an event waits for its retry': twisted((inner, { clock }) => {
    const attempts = new Map<EventEnvelope, number>();
    return {
      deliver: (delivery, to) => {
        const { event } = delivery;
        const attempt = attempts.get(event) ?? 1;
        return settling(delivery, {
          attempt,
          nak: (delayMs = 0) => {
            attempts.set(event, attempt + 1);
            delivery.ack();
            clock.setTimeout(() => giveAgain(inner, event, to), delayMs);
          },
        });
      },
    };
  }),

  'turns batches around': twisted(() => ({
    publish: (events, publish) => publish(events.toReversed()),
  })),

  'delays every third publish by a turn': twisted((_inner, { clock }) => {
    let published = 0;
    return {
      publish(events, publish) {
        published += 1;
        if (published % 3 !== 0) return publish(events);
        return new Promise<void>((resolve) => clock.defer(resolve)).then(() => publish(events));
      },
    };
  }),

  'loses the keys of urgent events': twisted(() => ({
    publish: (events, publish) =>
      publish(
        events.map((event) => {
          const { key: _key, ...keyless } = event;
          return event.priority === 'critical' ? keyless : event;
        }),
      ),
  })),

  'frees the key as soon as a handler has begun': twisted((_inner, { clock }) => ({
    subscribe: (options) => ({ ...options, mailbox: { ...options.mailbox, order: 'none' } }),
    deliveries: (deliveries) =>
      new Observable<Delivery>((subscriber) =>
        deliveries.subscribe((delivery) => clock.defer(() => subscriber.next(delivery))),
      ),
  })),
};

/** Transports that take total order for order by key. */
export const partlyOrdered: Readonly<Record<string, TransportFactory>> = {
  'takes total order for order by key': withMailbox({ order: 'key' }),
};

/** Transports that lose events, or give them twice. */
export const leaky: Readonly<Record<string, TransportFactory>> = {
  'loses what is to be tried again': twisted(() => ({
    deliver: (delivery) => settling(delivery, { nak: () => delivery.ack() }),
  })),

  'acknowledges before the handler is done': twisted(() => ({
    deliver: (delivery) => {
      delivery.ack();
      return delivery;
    },
  })),

  'loses what comes during a pause': twisted(() => {
    const credits: TransportSubscribeOptions['credit'][] = [];
    return {
      subscribe: (options) => {
        credits.push(options.credit);
        return options;
      },
      publish: (events, publish) => (credits.some(({ limit }) => limit === 0) ? accepted : publish(events)),
    };
  }),

  'loses the last of a batch': twisted(() => ({
    publish: (events, publish) => publish(events.length > 1 ? events.slice(0, -1) : events),
  })),

  'gives again what was acknowledged': twisted((inner) => {
    const again = new Set<EventEnvelope>();
    return {
      deliver: (delivery, to) =>
        settling(delivery, {
          ack: () => {
            delivery.ack();
            if (again.has(delivery.event)) return;
            again.add(delivery.event);
            giveAgain(inner, delivery.event, to);
          },
        }),
    };
  }),

  'drops what it has no room for and tells nobody': twisted(() => ({
    subscribe: ({ onDrop: _onDrop, ...options }) => ({
      ...options,
      mailbox: { ...options.mailbox, overflow: 'drop-newest' },
    }),
  })),

  'never answers a publish that had to wait': twisted(() => ({
    publish(events, publish) {
      const published = publish(events);
      return published instanceof Promise ? new Promise(() => {}) : published;
    },
  })),

  'forgets an event when its second attempt fails': twisted(() => ({
    deliver: (delivery) =>
      settling(delivery, {
        nak: (delayMs) => (delivery.attempt === 2 ? delivery.ack() : delivery.nak(delayMs)),
      }),
  })),
};

/** Transports whose lanes starve. */
export const starving: Readonly<Record<string, TransportFactory>> = {
  'always takes the most urgent': withMailbox({ strategy: 'strict' }),
  'ages too slowly to matter': withMailbox({ strategy: 'aged', agingMs: 3_600_000 }),
  'has far too heavy a critical lane': withMailbox({ weights: [64, 4, 2, 1] }),
  'has far too heavy a low lane': withMailbox({ weights: [1, 2, 4, 64] }),
  'takes everything as it comes': withMailbox({ order: 'total' }),
};

/** Transports through which subscribers feel each other. */
export const leaning: Readonly<Record<string, TransportFactory>> = {
  'lets two calls run on the whole bus': twisted(() => {
    const waiting: (() => void)[] = [];
    let running = 0;
    const settle = (): void => {
      running -= 1;
      waiting.shift()?.();
    };
    return {
      deliveries: (deliveries) =>
        new Observable<Delivery>((subscriber) =>
          deliveries.subscribe((delivery) => {
            const start = (): void => {
              running += 1;
              subscriber.next(
                settling(delivery, {
                  ack: () => (delivery.ack(), settle()),
                  nak: (delayMs) => (delivery.nak(delayMs), settle()),
                  term: (reason) => (delivery.term(reason), settle()),
                }),
              );
            };
            if (running < 2) start();
            else waiting.push(start);
          }),
        ),
    };
  }),

  'gives a retry of one subscriber to all': twisted((inner, { clock }) => ({
    deliver: (delivery) =>
      settling(delivery, {
        nak: (delayMs = 0) => {
          delivery.ack();
          clock.setTimeout(() => giveAgain(inner, delivery.event), delayMs);
        },
      }),
  })),

  'drops for all what one has no room for': twisted(() => {
    const dropped = new Set<EventEnvelope>();
    return {
      subscribe: (options) => ({
        ...options,
        accepts: (event) => !dropped.has(event) && (options.accepts?.(event) ?? true),
        onDrop: (event, reason) => {
          dropped.add(event);
          return options.onDrop?.(event, reason);
        },
      }),
      deliveries: (deliveries) =>
        new Observable<Delivery>((subscriber) =>
          deliveries.subscribe((delivery) => {
            if (dropped.has(delivery.event)) delivery.ack();
            else subscriber.next(delivery);
          }),
        ),
    };
  }),
};

let publishedEver = 0;

/** Transports that run otherwise each time. */
export const erratic: Readonly<Record<string, TransportFactory>> = {
  'draws its own jitter': twisted(() => ({
    deliver: (delivery) =>
      settling(delivery, { nak: (delayMs = 0) => delivery.nak(delayMs + 5 * Math.random()) }),
  })),

  'counts on from the bus before': twisted((_inner, { clock }) => ({
    publish(events, publish) {
      publishedEver += 1;
      if (publishedEver % 7 !== 0) return publish(events);
      return new Promise<void>((resolve) => void clock.setTimeout(resolve, 1)).then(() => publish(events));
    },
  })),
};

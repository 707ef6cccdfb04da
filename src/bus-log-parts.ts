import type { Clock } from '../streams/event/clock.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { EventRegistry } from '../streams/event/event-registry.ts';
import { HealthWatch } from './bus-health.ts';
import type { BusLogParts } from './bus-log-calls.ts';
import type { ResolvedBus } from './bus-options.ts';
import type { DeadLetterOptions } from './dead-letters/dead-letter.ts';
import type { Entities } from './entities/entities.ts';
import { DeadLetterRecords } from './dead-letters/dead-letter-records.ts';
import { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import type { EventFactory } from './publishing/event-factory.ts';
import type { Logger } from './logger.ts';
import type { PublishGate } from './publishing/publish-gate.ts';
import type { Publisher } from './publishing/publisher.ts';
import { Queries } from './replay/queries.ts';
import { Replays } from './replay/replays.ts';
import type { SubscriberHost } from './subscriptions/subscriber-host.ts';
import type { Transport } from './transport/transport.ts';

/** What all that is kept has to do with. */
export interface KeptPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly transport: Transport;
  readonly lift: (event: EventEnvelope) => EventEnvelope;
}

/** The dead letters of a bus, in its store where it has one. */
export function busDeadLetters(
  options: DeadLetterOptions,
  ports: KeptPorts & { readonly entities: () => Pick<Entities, 'owns' | 'requeue'> },
): DeadLetterStore {
  const { transport } = ports;
  return new DeadLetterStore(options, {
    ...ports,
    records: transport.store === undefined ? undefined : new DeadLetterRecords(transport.store.snapshots),
    redeliver: async (event, subscriber, onSettled) => {
      const entities = ports.entities();
      if (entities.owns(subscriber)) return entities.requeue(event, subscriber, onSettled);
      const published = await transport.publish([event], {
        to: subscriber,
        onSettled: (_event, _subscriber, settlement, detail) => onSettled(settlement, detail),
      });
      return published.matched > 0;
    },
  });
}

/** What reads the log of a bus, writes to it in other ways than a publish, and says how it is. */
export function busLogParts(
  { heartbeatMs, queryCache }: ResolvedBus,
  ports: KeptPorts & {
    readonly registry: EventRegistry;
    readonly factory: EventFactory;
    readonly gate: PublishGate;
    readonly host: SubscriberHost;
    readonly publisher: Publisher;
  },
): Pick<BusLogParts, 'replays' | 'queries' | 'healthWatch' | 'outbox'> {
  const { clock, transport, factory, gate, host, publisher } = ports;
  return {
    replays: new Replays({
      ...ports,
      handlerOf: (name) => host.handlerOf(name),
      publishFrom: (call) => publisher.publishFrom(call),
    }),
    queries: new Queries(queryCache, ports),
    healthWatch: new HealthWatch(gate, transport, clock, heartbeatMs),
    outbox: {
      factory,
      gate,
      transport,
      published: (count) => {
        publisher.published += count;
      },
    },
  };
}

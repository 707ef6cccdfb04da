import type { BusLog, BusRegistry } from './bus-log.ts';
import type { HealthWatch } from './bus-health.ts';
import type { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import { commitOnBus, type OutboxPorts } from './publishing/outbox.ts';
import type { Queries } from './replay/queries.ts';
import type { Replays } from './replay/replays.ts';
import type { SubscriberHost } from './subscriptions/subscriber-host.ts';
import type { SubscriptionRegistry } from './subscriptions/subscription-registry.ts';
import type { Transport } from './transport/transport.ts';

export interface BusLogParts {
  readonly transport: Transport;
  readonly host: SubscriberHost;
  readonly deadLetters: DeadLetterStore;
  readonly replays: Replays;
  readonly queries: Queries;
  readonly registry: SubscriptionRegistry;
  readonly healthWatch: HealthWatch;
  readonly outbox: OutboxPorts;
}

/** The public functions of a bus that have to do with what is kept. */
export function busLogCalls(parts: BusLogParts): BusLog & BusRegistry {
  const { transport, host, deadLetters, replays, queries, registry, healthWatch, outbox } = parts;
  return {
    store: transport.store,
    replay: (options = {}) => replays.replay(options),
    query: (range = {}) => queries.query(range),
    commit: (commit) => commitOnBus(commit, outbox),
    health: () => healthWatch.health(),
    subscriptions: () => registry.list(),
    forget: async (name) => {
      if (host.get(name) !== undefined) {
        throw new TypeError(`subscription ${name} is subscribed; unsubscribe it before it is forgotten`);
      }
      const known = await registry.forget(name);
      await transport.forget?.(name);
      return known;
    },
    ready: async () => {
      await Promise.all([transport.ready?.(), deadLetters.ready, registry.ready]);
    },
  };
}

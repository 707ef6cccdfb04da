import type { EntityDefinition } from '../../actors/define-entity.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { EntityBusSource } from './entity-bus-source.ts';
import type { EntityHome } from './entity-home.ts';
import { EntityLogSource } from './entity-log-source.ts';
import { EntityPlace } from './entity-place.ts';
import type { EntityPorts } from './entity-ports.ts';
import { memoryStore } from '../log/memory-store.ts';
import type { Commit, Committed, Store } from '../store.ts';
import { subscribedPatterns } from '../subscriptions/subscribed-patterns.ts';

/**
 * The home of a kind that one process has alone: the store of the bus's transport, where it has one, else memory.
 *
 * @throws TypeError when the name is taken, or the transport keeps events but no states.
 */
export function localHome(definition: EntityDefinition, ports: EntityPorts): EntityHome {
  const { clock, random, transport, registry, lift, deadLetters } = ports;
  const { kind, on } = definition;
  const name = `entity:${kind}`;
  const patterns = subscribedPatterns('host', on, registry);
  const { store: kept } = transport;
  const { durable, shared } = transport.features;
  if (kept === undefined && (durable || shared)) {
    throw new TypeError(
      `entities cannot be hosted on the ${transport.name} transport, which keeps no states; host them on ` +
        'lmdb({ path }) of breakwater/lmdb, on jetStream({ servers }) of breakwater/nats, or in memory on memoryTransport()',
    );
  }
  // States stay as long as the bus does: they are its data, not a queue.
  const inMemory = memoryStore({ maxSnapshots: Number.MAX_SAFE_INTEGER, maxEvents: 1 });
  const store = kept ?? inMemory({ clock, random });
  const source =
    kept === undefined
      ? new EntityBusSource(transport, clock, name, patterns)
      : new EntityLogSource(store, patterns, lift);
  const place = new EntityPlace(definition, store, name);
  const entityStore =
    kept === undefined
      ? {
          snapshots: store.snapshots,
          commit: (commit: Commit) => commitInMemory(commit, store, ports, name),
          close: () => store.close(),
        }
      : store;
  return {
    name,
    part: '',
    kept: kept !== undefined,
    store: entityStore,
    source,
    place,
    outbox: undefined,
    cursorWrite: (cursor, revision) => place.write(cursor, revision),
    onAdvanced: () => {},
    deadLetters,
    trial: () => Promise.resolve(undefined),
    leave: () => (kept === undefined ? store.close() : Promise.resolve()),
  };
}

/** What is emitted is published, and who takes it may take its time: waiting for a kind's own events would be for ever. */
function commitInMemory(
  { events = [], writes = [] }: Commit,
  store: Store,
  { transport, onError, logger }: EntityPorts,
  name: string,
): Committed | Promise<Committed> {
  const failed = (error: unknown): void => {
    logger.error({ error }, `events that ${name} emitted were not taken by all: ${describeError(error)}`);
    onError(error);
  };
  if (events.length > 0) {
    try {
      const published = transport.publish(events);
      if (published instanceof Promise) published.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
  if (writes.length > 0) return store.commit({ writes });
  return { first: undefined, revisions: [], level: 'accepted' };
}

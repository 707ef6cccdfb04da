import { isEntityDefinition, type EntityDefinition } from '../../actors/define-entity.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, EntityError } from '../../streams/event/errors.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { EntityClient } from './entity-client.ts';
import type { EntityHost, EntityKindStats } from './entity-host.ts';
import { checkEntityKey } from './entity-key.ts';
import { resolveEntityHost, type EntityHostOptions, type ResolvedEntityHost } from './entity-options.ts';
import type { EntityPorts } from './entity-ports.ts';
import { entityRef, type EntityRef, type EntityRefPorts } from './entity-ref.ts';
import { HostedKind } from './hosted-kind.ts';
import { localHome } from './local-home.ts';
import { SharedKind } from './shared-kind.ts';
import { sharedRef } from './shared-ref.ts';
import { SuspectTrials } from '../leases/suspect-trials.ts';
import type { SharedEntities } from '../shared-entities.ts';

/** The kinds of entity of one bus. */
export class Entities {
  readonly #ports: EntityPorts & EntityRefPorts;
  readonly #kinds = new Map<string, HostedKind | SharedKind>();
  readonly #clients = new Map<string, EntityClient>();
  readonly #trials: SuspectTrials;
  #closed = false;

  constructor(ports: EntityPorts & EntityRefPorts) {
    this.#ports = ports;
    this.#trials = new SuspectTrials(ports.clock);
  }

  /** The figures of each kind that is hosted. O(kinds); with shared kinds also their partitions. */
  stats(): EntityKindStats[] {
    return [...this.#kinds].map(([kind, hosted]) => ({ kind, ...hosted.stats() }));
  }

  /** Whether no entity has anything to do. */
  get quiet(): boolean {
    for (const hosted of this.#kinds.values()) if (!hosted.quiet) return false;
    return true;
  }

  /** @throws TypeError, RangeError, ClosedError */
  host(definition: EntityDefinition, options: EntityHostOptions = {}): EntityHost {
    if (this.#closed) throw new ClosedError('the bus is closed; nothing was hosted');
    checkDefinition('host', definition);
    const { kind } = definition;
    if (this.#kinds.has(kind)) {
      throw new TypeError(`entities of kind ${kind} are hosted already; a kind has one host`);
    }
    const hosted = this.#hosted(definition, resolveEntityHost(options));
    this.#kinds.set(kind, hosted);
    return entityHost(hosted, async () => {
      await hosted.stop();
      if (this.#kinds.get(kind) === hosted) this.#kinds.delete(kind);
    });
  }

  /** @throws EntityError when the kind is not hosted here, TypeError for what is no key. */
  entity(definition: EntityDefinition, key: string): EntityRef<unknown> {
    checkDefinition('entity', definition);
    const { kind } = definition;
    const { entities: shared } = this.#ports.transport;
    if (shared !== undefined) {
      return sharedRef(this.#client(definition, shared), checkEntityKey(kind, key), this.#ports);
    }
    const hosted = this.#kinds.get(kind);
    if (!(hosted instanceof HostedKind)) {
      throw new EntityError(`entities of kind ${kind} are not hosted on this bus; call bus.host first`, {
        kind,
        reason: 'not-hosted',
      });
    }
    if (hosted.parts.definition !== definition) {
      throw new TypeError(`kind ${kind} is hosted by another definition; define it once and share it`);
    }
    return entityRef(hosted, checkEntityKey(kind, key), this.#ports);
  }

  /** Whether a dead letter's subscriber is a kind of entity. */
  owns(subscriber: string): boolean {
    return subscriber.startsWith('entity:');
  }

  /** Gives an event back to the kind that gave it up, and says whether it was taken. */
  async requeue(
    event: EventEnvelope,
    subscriber: string,
    onSettled: (settlement: Settlement, detail: unknown) => void,
  ): Promise<boolean> {
    const hosted = this.#kinds.get(subscriber.slice('entity:'.length));
    return (await hosted?.requeue(event, () => onSettled('handled', undefined))) === true;
  }

  /** Stops all kinds; resolves when what they have done is kept. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#kinds.values()].map((hosted) => hosted.stop()));
    this.#kinds.clear();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #hosted(definition: EntityDefinition, options: ResolvedEntityHost): HostedKind | SharedKind {
    const ports = this.#ports;
    const { entities: shared } = ports.transport;
    if (shared === undefined) {
      return new HostedKind(definition, options, localHome(definition, ports), ports);
    }
    const client = this.#client(definition, shared);
    return new SharedKind(definition, options, { ...ports, trials: this.#trials }, shared, client);
  }

  /** Whoever asks, and whoever hosts, go by one definition. @throws TypeError for another one, ClosedError */
  #client(definition: EntityDefinition, shared: SharedEntities): EntityClient {
    const { kind } = definition;
    if (this.#closed) throw new ClosedError(`the bus is closed; ${kind} was not asked`);
    const { clock, factory } = this.#ports;
    let client = this.#clients.get(kind);
    if (client === undefined) {
      client = new EntityClient(definition, { clock, shared, newId: () => factory.id() });
      this.#clients.set(kind, client);
    }
    if (client.definition !== definition) {
      throw new TypeError(`kind ${kind} is known by another definition; define it once and share it`);
    }
    return client;
  }
}

/** What users have of a hosted kind. */
function entityHost(hosted: HostedKind | SharedKind, stop: () => Promise<void>): EntityHost {
  return {
    kind: hosted.definition.kind,
    get state() {
      return hosted.state;
    },
    get failure() {
      return hosted.failure;
    },
    ready: hosted.ready,
    stats: () => hosted.stats(),
    pause: () => hosted.pause(),
    resume: () => hosted.resume(),
    parked: () => hosted.parked(),
    release: (key) => hosted.release(key),
    stop,
  };
}

function checkDefinition(caller: string, definition: unknown): void {
  if (isEntityDefinition(definition)) return;
  throw new TypeError(`${caller} takes what defineEntity gives, got ${describeValue(definition)}`);
}

import { createBus } from '../../src/create-bus.ts';
import type { Bus } from '../../src/bus.ts';
import type { EntityHost } from '../../src/entities/entity-host.ts';
import { EntityRecords } from '../../src/entities/entity-record.ts';
import { decodePlace, type PlaceRecord } from '../../src/entities/place-record.ts';
import type { EntityDefinition } from '../../actors/define-entity.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { partitionOf } from '../../src/nats/partition-of.ts';
import type { CallOutcome, SharedEntities, StreamListener } from '../../src/shared-entities.ts';
import type { SnapshotStore } from '../../src/snapshot-store.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Transport, TransportFactory } from '../../src/transport/transport.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import { distantStore, StoppableProcess, type Network } from './lease-world.ts';

export const leaseMs = 1_000;
export const partitions = 4;

interface Served {
  readonly process: StoppableProcess;
  readonly answer: (request: Uint8Array, reply: (answer: Uint8Array) => void) => void;
}

/** A process of the cluster. */
export interface ClusterMember {
  readonly process: StoppableProcess;
  readonly bus: Bus;
  readonly host: EntityHost | undefined;
  /** Ends it as `kill -9` does: what it has sent still arrives. */
  kill(): void;
}

/** Who has been killed asks for nothing more, though its code may run on to the end of its turn. */
function whileAlive(store: SnapshotStore, gone: { readonly killed: boolean }): SnapshotStore {
  const ask = <T>(act: () => T | Promise<T>): T | Promise<T> => (gone.killed ? new Promise(() => {}) : act());
  return {
    name: store.name,
    read: (bucket, key) => ask(() => store.read(bucket, key)),
    write: (write) => ask(() => store.write(write)),
    list: (bucket, options) => ask(() => store.list(bucket, options)),
  };
}

/** Servers that never fail, in virtual time: a stream, states, and calls between processes that do fail. */
export class EntityCluster {
  readonly clock: VirtualClock = createVirtualClock();
  /** Copies of dead letters. */
  readonly buried: { readonly event: EventEnvelope; readonly reason: string; readonly attempts: number }[] =
    [];
  readonly stream: { readonly event: EventEnvelope; readonly time: number }[] = [];
  /** Writes of records that an owner made after a later one had written that record. */
  readonly foreign: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #served = new Map<string, Set<Served>>();
  readonly #states: SnapshotStore;
  readonly #leases: SnapshotStore;
  readonly #random: () => number;
  readonly #maxTrials: number;

  constructor(random: () => number, maxTrials = 20) {
    this.#random = random;
    this.#maxTrials = maxTrials;
    const ports = { clock: this.clock, random };
    const limits = { maxSnapshots: 1_000_000 };
    this.#states = this.#audited(memoryStore(limits)(ports).snapshots);
    this.#leases = memoryStore(limits)(ports).snapshots;
  }

  join(name: string, definition: EntityDefinition | undefined, network: Network): ClusterMember {
    const process = new StoppableProcess(this.clock);
    const gone = { killed: false };
    const transport: TransportFactory = (): Transport => ({
      name: 'simulated',
      features: { level: 'os', durable: true, ordered: true, shared: true, settlements: false },
      entities: this.#shared(process, network, gone),
      publish: async (events) => {
        await this.#call(process, network, () => {
          for (const event of events) this.#append(event);
        });
        return { level: 'os', matched: -1 };
      },
      subscribe: () => {
        throw new Error('nobody subscribes here');
      },
      close: () => Promise.resolve(),
    });
    const quiet = (): void => {};
    const bus = createBus({
      source: name,
      transport,
      clock: process.clock,
      random: this.#random,
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    const host = definition === undefined ? undefined : bus.host(definition);
    return {
      process,
      bus,
      host,
      kill: () => {
        gone.killed = true;
        process.stop();
      },
    };
  }

  /** How often each cause of events of a type has been stored. */
  count(type: string, cause: (data: Readonly<Record<string, unknown>>) => string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { event } of this.stream) {
      if (event.type !== type) continue;
      const name = cause(event.data as Readonly<Record<string, unknown>>);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** What is kept of the partition of a key. */
  async place(kind: string, key: string): Promise<PlaceRecord | undefined> {
    const found = await this.#states.read(`entity-places:${kind}`, String(partitionOf(key, partitions)));
    return found === undefined ? undefined : decodePlace(found.value);
  }

  #append(event: EventEnvelope): void {
    if (this.#ids.has(event.id)) return;
    this.stream.push({ event, time: this.clock.now() });
    this.#ids.set(event.id, this.stream.length);
    for (const listener of this.#listeners) listener();
  }

  #audited(store: SnapshotStore): SnapshotStore {
    const records = new EntityRecords();
    const last = new Map<string, { readonly epoch: number; readonly position: number }>();
    return {
      name: store.name,
      read: (bucket, key) => store.read(bucket, key),
      list: (bucket, options) => store.list(bucket, options),
      write: async (write) => {
        const revision = await store.write(write);
        if (!write.bucket.startsWith('entity:') || write.value === undefined) return revision;
        const { position, stamp } = records.decode(write.value);
        const before = last.get(write.key) ?? { epoch: 0, position: 0 };
        const now = { epoch: stamp?.epoch ?? 0, position };
        if (now.epoch < before.epoch || position < before.position)
          this.foreign.push(`${write.key}: ${JSON.stringify(now)} after ${JSON.stringify(before)}`);
        last.set(write.key, now);
        return revision;
      },
    };
  }

  /** Does something at the servers, half a way from now, and tells of it a whole way from now, if anybody is there. */
  #call<T>(process: StoppableProcess, network: Network, act: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.clock.setTimeout(() => {
        const value = act();
        process.clock.setTimeout(() => resolve(value), Math.abs(network.delayMs()));
      }, Math.abs(network.delayMs()));
    });
  }

  #shared(process: StoppableProcess, network: Network, gone: { readonly killed: boolean }): SharedEntities {
    const key = ({ kind, partition }: { kind: string; partition: number }): string => `${kind}.${partition}`;
    return {
      partitions,
      leaseMs,
      maxTrials: this.#maxTrials,
      states: whileAlive(distantStore(this.#states, process, this.clock, network), gone),
      leases: whileAlive(distantStore(this.#leases, process, this.clock, network), gone),
      partitionOf: (text) => partitionOf(text, partitions),
      read: (patterns, after, listener) => this.#read(patterns, after, listener, process, network),
      end: () => this.#call(process, network, () => this.stream.length),
      last: () => this.#call(process, network, () => this.stream.length),
      publish: (event) => this.#call(process, network, () => this.#append(event)),
      storedSince: () => Promise.resolve(new Set()),
      bury: (event, about) => this.#call(process, network, () => void this.buried.push({ event, ...about })),
      serve: (address, answer) => {
        const served = { process, answer };
        const all = this.#served.get(key(address)) ?? new Set();
        this.#served.set(key(address), all.add(served));
        return () => void all.delete(served);
      },
      call: (address, request) => this.#ask(key(address), request, process, network, gone),
      watch: () => () => {},
      onUp: () => () => {},
    };
  }

  #read(
    patterns: Parameters<SharedEntities['read']>[0],
    after: number,
    listener: StreamListener,
    process: StoppableProcess,
    network: Network,
  ): ReturnType<SharedEntities['read']> {
    const index = new PatternIndex<true>();
    for (const pattern of patterns) index.add(pattern, true);
    let next = after;
    let closed = false;
    let coming = false;
    const give = (): void => {
      coming = false;
      if (closed || listener.room() <= 0) return;
      for (let given = 0; next < this.stream.length && given < 20; given += 1) {
        const stored = this.stream[next];
        next += 1;
        if (stored === undefined || index.match(stored.event.type).length === 0) continue;
        listener.event(stored.event, next, stored.time);
      }
      listener.reached(next, next === this.stream.length);
      if (next < this.stream.length) come();
    };
    const come = (): void => {
      if (coming || closed) return;
      coming = true;
      process.clock.setTimeout(give, Math.abs(network.delayMs()));
    };
    this.#listeners.add(come);
    come();
    return {
      refill: () => {
        if (next < this.stream.length) come();
      },
      close: () => {
        closed = true;
        this.#listeners.delete(come);
      },
    };
  }

  #ask(
    address: string,
    request: Uint8Array,
    process: StoppableProcess,
    network: Network,
    gone: { readonly killed: boolean },
  ): Promise<CallOutcome> {
    return new Promise((resolve) => {
      const back = (outcome: CallOutcome): void => {
        if (!gone.killed) process.clock.setTimeout(() => resolve(outcome), Math.abs(network.delayMs()));
      };
      this.clock.setTimeout(() => {
        const served = [...(this.#served.get(address) ?? [])];
        if (served.length === 0) back('nobody');
        for (const { process: owner, answer } of served) {
          // In the owner's time: one that is stopped hears of it when it goes on.
          owner.clock.setTimeout(() => answer(request, back), 1);
        }
      }, Math.abs(network.delayMs()));
      process.clock.setTimeout(() => resolve('silent'), leaseMs);
    });
  }
}

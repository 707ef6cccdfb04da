import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, hasCode } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { backoff } from '../../streams/operators/backoff.ts';
import { PartitionLeases } from '../leases/partition-leases.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { SharedEntities } from '../shared-entities.ts';
import { subscribedPatterns } from '../subscriptions/subscribed-patterns.ts';
import { agreeOnKindStart } from './agree-on-kind-start.ts';
import { EntityAnswering } from './entity-answering.ts';
import type { EntityClient } from './entity-client.ts';
import type { EntityHostState, EntityHostStats } from './entity-host.ts';
import type { ResolvedEntityHost } from './entity-options.ts';
import type { ParkedKey } from './entity-parking.ts';
import { keyOfLetter } from './key-of-letter.ts';
import { checkKindVersion } from './entity-place.ts';
import type { SharedKindPorts } from './entity-ports.ts';
import { HostedKind } from './hosted-kind.ts';
import { partitionHome, type PartitionHome } from './partition-home.ts';
import { StreamFeed } from './stream-feed.ts';
import { sumOfStats } from './sum-of-stats.ts';

const joinBackoff = backoff({ baseMs: 100, maxMs: 5_000, jitter: 0.2 });
/** Milliseconds that a release waits for the owner of a key. */
const releaseMs = 30_000;

interface Shard {
  readonly hosted: HostedKind;
  readonly home: PartitionHome;
  readonly unserve: () => void;
}

/**
 * This process's share of a kind of entity that several processes host: the partitions that leases give it.
 *
 *     leases ─► acquired: claims its place, reads on from there, answers calls ─► drained, or lost
 *
 * A partition is a hosted kind of its own. Its lease is looked at before each write; what was on its way all the same is
 * refused by the store once a later owner has written the same record.
 */
export class SharedKind {
  readonly definition: EntityDefinition;
  readonly client: EntityClient;
  readonly ready: Promise<void>;
  failure: unknown;
  readonly #options: ResolvedEntityHost;
  readonly #ports: SharedKindPorts;
  readonly #shared: SharedEntities;
  readonly #patterns: readonly (string | GlobPattern)[];
  readonly #shards = new Map<number, Shard>();
  readonly #feed: StreamFeed;
  readonly #leases: PartitionLeases;
  readonly #throttle: LogThrottle;
  #gone: EntityHostStats | undefined;
  #state: EntityHostState = 'starting';
  #paused = false;
  #start = 0;
  #unheard: () => void = () => {};
  #timers: { join?: TimerHandle; keep?: TimerHandle } = {};
  #giveUpJoining: () => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(
    definition: EntityDefinition,
    options: ResolvedEntityHost,
    ports: SharedKindPorts,
    shared: SharedEntities,
    client: EntityClient,
  ) {
    this.definition = definition;
    this.client = client;
    this.#options = options;
    this.#ports = ports;
    this.#shared = shared;
    this.#throttle = new LogThrottle(ports.clock);
    this.#patterns = subscribedPatterns('host', definition.on, ports.registry);
    const { clock, lift, logger } = ports;
    const { kind } = definition;
    this.#feed = new StreamFeed(definition, {
      clock,
      shared,
      patterns: this.#patterns,
      lift,
      onFault: (message) => logger.error({ entity: kind }, `${kind}: ${message}`),
    });
    const { partitions, leaseMs, leases: store } = shared;
    const member = ports.factory.id();
    this.#leases = new PartitionLeases(
      { bucket: `leases:entity:${kind}`, member, partitions, leaseMs },
      {
        clock,
        store,
        acquired: this.#acquired,
        drain: (partition) => this.#leave(partition),
        lost: (partition) => void this.#leave(partition),
        failed: (error) =>
          logger.debug({ entity: kind, error }, `the leases of ${kind}: ${describeError(error)}`),
      },
    );
    this.ready = this.#join();
    // Whoever waits for it hears of a failure; it is in the log in any case.
    this.ready.catch(() => {});
  }

  get state(): EntityHostState {
    return this.#state === 'running' && this.#paused ? 'paused' : this.#state;
  }

  /** The partitions that are this process's now. */
  get owned(): readonly number[] {
    return this.#leases.owned;
  }

  /** Whether there is nothing to do here, or nothing that can be done now. */
  get quiet(): boolean {
    if (this.#paused) return true;
    if (this.#state === 'starting') return false;
    for (const { hosted } of this.#shards.values()) if (!hosted.quiet) return false;
    return true;
  }

  stats(): EntityHostStats {
    const now = [...this.#shards.values()].map(({ hosted }) => hosted.stats());
    return { ...sumOfStats(now, this.#gone), state: this.state, partitions: this.owned.length };
  }

  pause(): void {
    this.#paused = true;
    for (const { hosted } of this.#shards.values()) hosted.pause();
    this.#ports.onSettled();
  }

  resume(): void {
    this.#paused = false;
    for (const { hosted } of this.#shards.values()) hosted.resume();
  }

  /** The keys of this process's partitions that stand still. */
  parked(): ParkedKey[] {
    return [...this.#shards.values()].flatMap(({ hosted }) => hosted.parts.parking.list());
  }

  /** Lets a parked key go on, whichever process owns it. */
  release(key: string): Promise<boolean> {
    return this.client.release(key, '', releaseMs);
  }

  /** An event that was given up is to be handled again, by the owner of its key. */
  async requeue(event: EventEnvelope, onSettled: () => void): Promise<boolean> {
    const key = keyOfLetter(this.definition, event);
    if (key === undefined) return false;
    const { hosted } = this.#shards.get(this.#shared.partitionOf(key)) ?? {};
    if (hosted !== undefined) return hosted.requeue(event, onSettled);
    const released = await this.client.release(key, event.id, releaseMs);
    if (released) onSettled();
    return released;
  }

  /** Leaves: what was done is kept, then others take over. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Tries until the store can be read; gives up where it holds what this process cannot know. */
  async #join(): Promise<void> {
    const { clock, random, logger } = this.#ports;
    const { kind } = this.definition;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await checkKindVersion(this.definition, this.#shared.states);
        this.#start = await agreeOnKindStart(kind, this.#options.from, this.#patterns, this.#shared);
        break;
      } catch (error) {
        if (this.#stopping !== undefined) throw new ClosedError(`the host of ${kind} was stopped`);
        if (hasCode(error, 'ERR_ENTITY')) {
          this.#giveUp(error);
          throw error;
        }
        this.failure = error;
        if (attempt === 1) logger.warn({ entity: kind, error }, `${kind} waits: ${describeError(error)}`);
      }
      await new Promise<void>((resolve) => {
        this.#giveUpJoining = resolve;
        this.#timers.join = clock.setTimeout(resolve, joinBackoff(Math.min(attempt, 16), random), true);
      });
      if (this.#stopping !== undefined) throw new ClosedError(`the host of ${kind} was stopped`);
    }
    this.failure = undefined;
    if (this.#stopping !== undefined) return;
    this.#state = 'running';
    this.#unheard = this.#shared.onUp(() => this.#leases.hurry());
    this.#leases.start();
    this.#keepPlaces();
  }

  readonly #acquired = (partition: number, token: number): void => {
    if (this.#state !== 'running') return;
    void this.#leave(partition);
    const { kind } = this.definition;
    const { logger, clock } = this.#ports;
    const holds = (): boolean => this.#leases.token(partition) === token;
    const home = partitionHome(this.definition, {
      ...this.#ports,
      shared: this.#shared,
      partition,
      start: this.#start,
      holds,
      source: this.#feed.source(partition),
    });
    const hosted = new HostedKind(this.definition, this.#share(), home, this.#ports);
    if (this.#paused) hosted.pause();
    const answering = new EntityAnswering({
      clock,
      logger,
      throttle: this.#throttle,
      hosted,
      holds,
      has: (key) => this.#shared.partitionOf(key) === partition,
    });
    const unserve = this.#shared.serve({ kind, partition }, answering.answer);
    this.#shards.set(partition, { hosted, home, unserve });
    hosted.ready.catch((error: unknown) => {
      if (hasCode(error, 'ERR_ENTITY') && this.#shards.get(partition)?.hosted === hosted) this.#giveUp(error);
    });
  };

  /** Ends what this process does for a partition: what it may still keep, it keeps. */
  async #leave(partition: number): Promise<void> {
    const shard = this.#shards.get(partition);
    if (shard === undefined) return;
    this.#shards.delete(partition);
    const { hosted, unserve } = shard;
    unserve();
    await hosted.stop();
    this.#gone = sumOfStats([hosted.stats()], this.#gone);
  }

  /** It cannot be hosted here: others may. */
  #giveUp(error: unknown): void {
    if (this.#state === 'failed') return;
    const { kind } = this.definition;
    const { logger, announce, onSettled } = this.#ports;
    this.failure = error;
    this.#state = 'failed';
    logger.error({ entity: kind, error }, `${kind} cannot be hosted: ${describeError(error)}`);
    announce('entity.failed', { kind, error: describeError(error) });
    void this.#leases.close();
    onSettled();
  }

  async #stop(): Promise<void> {
    const { clock } = this.#ports;
    clock.clearTimeout(this.#timers.join);
    clock.clearTimeout(this.#timers.keep);
    this.#giveUpJoining();
    await this.ready.catch(() => {});
    this.#unheard();
    await this.#leases.close();
    await Promise.all([...this.#shards.keys()].map((partition) => this.#leave(partition)));
    this.#feed.close();
    if (this.#state !== 'failed') this.#state = 'stopped';
    this.#ports.onSettled();
  }

  /** Partitions for which nothing came know from time to time that they have seen all: nobody reads it again. */
  #keepPlaces(): void {
    const { clock } = this.#ports;
    this.#timers.keep = clock.setTimeout(
      () => {
        for (const { hosted, home } of this.#shards.values()) {
          if (hosted.state === 'running') home.reached(hosted.parts);
        }
        this.#keepPlaces();
      },
      this.#shared.leaseMs,
      true,
    );
  }

  /** What of the host's limits one partition has. */
  #share(): ResolvedEntityHost {
    const { maxActive, maxParked } = this.#options;
    const shards = this.#shards;
    return {
      ...this.#options,
      maxParked: Math.max(1, Math.floor(maxParked / this.#shared.partitions)),
      get maxActive() {
        return Math.max(1, Math.floor(maxActive / Math.max(1, shards.size)));
      },
    };
  }
}

import type { JetStreamManager } from '@nats-io/jetstream';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import { PartitionLeases } from '../leases/partition-leases.ts';
import { SuspectTrials } from '../leases/suspect-trials.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { Logger } from '../logger.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { ConsumerSpec, ConsumerStart } from './consumer-setup.ts';
import type { MessageSourceConfig, MessageSourcePorts } from './message-source.ts';
import type { ReadingPart } from './jetstream-plan.ts';
import { PartitionReader } from './partition-reader.ts';
import { PartitionRecord } from './partition-record.ts';

export interface SharedPartitionsConfig {
  /** The subscriber's. */
  readonly name: string;
  readonly parts: readonly ReadingPart[];
  readonly limits: Omit<ConsumerSpec, 'name' | 'filter'>;
  /** Where each part begins, the same for all processes. */
  readonly from: ConsumerStart;
  readonly leaseMs: number;
  readonly source: Pick<MessageSourceConfig, 'window' | 'maxBytes'>;
}

export interface SharedPartitionsPorts extends Omit<MessageSourcePorts, 'onDoubt'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly manager: JetStreamManager;
  readonly state: SnapshotStore;
  /** Handlers that run may be at work on what is another process's now. */
  readonly onRevoked: (reason: Error) => void;
}

/** Milliseconds between writes of what is settled: what a process that is killed may have handled in vain. */
const keepMs = 250;
const consumersForgottenMs = 3_600_000;

/**
 * The parts of a subscriber's events that this process reads, of those that all processes of its name share.
 *
 * Which they are, leases decide: each part has one owner at any time, and moves when processes join, leave or die.
 * At every start of a handler and every acknowledgement the lease is looked at, so a process that was stopped
 * for longer than its lease starts nothing and says nothing when it wakes up.
 */
export class SharedPartitions {
  readonly #config: SharedPartitionsConfig;
  readonly #ports: SharedPartitionsPorts;
  readonly #readers = new Map<number, PartitionReader>();
  readonly #leases: PartitionLeases;
  readonly #throttle: LogThrottle;
  readonly #trials: SuspectTrials;
  #detached = false;
  #timer: TimerHandle;
  #leave: () => void = nothing;
  #closing: Promise<void> | undefined;

  constructor(config: SharedPartitionsConfig, ports: SharedPartitionsPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#throttle = new LogThrottle(ports.clock);
    this.#trials = new SuspectTrials(ports.clock);
    const { random } = ports;
    const member = `${Math.floor(random() * 36 ** 8).toString(36)}${Math.floor(random() * 36 ** 8).toString(36)}`;
    const { name, parts, leaseMs } = config;
    this.#leases = new PartitionLeases(
      { bucket: leasesBucket(name), member, partitions: parts.length, leaseMs },
      {
        clock: ports.clock,
        store: ports.state,
        acquired: this.#acquired,
        drain: (partition) => this.#readers.get(partition)?.drain() ?? Promise.resolve(),
        lost: this.#lost,
        failed: this.#failed,
      },
    );
  }

  /** Joins the other processes of the name. */
  start(): void {
    this.#leases.start();
    this.#leave = this.#ports.link.onUp(() => this.#leases.hurry());
    const keep = (): void => {
      for (const reader of this.#readers.values()) reader.keep();
      this.#timer = this.#ports.clock.setTimeout(keep, keepMs, true);
    };
    this.#timer = this.#ports.clock.setTimeout(keep, keepMs, true);
  }

  /** Reads nothing more; what is held is still handled. */
  detach(): void {
    this.#detached = true;
    for (const reader of this.#readers.values()) reader.detach();
  }

  stillWorking(since: number): void {
    for (const reader of this.#readers.values()) reader.stillWorking(since);
  }

  /** Leaves: starts nothing more, waits for what runs, and hands all over. Idempotent; never rejects. */
  release(): Promise<void> {
    this.#closing ??= this.#leases.close().finally(() => {
      this.#leave();
      this.#ports.clock.clearTimeout(this.#timer);
    });
    return this.#closing;
  }

  /** Leaves without waiting for what runs: it may run elsewhere, too. */
  abandon(): Promise<void> {
    const left = this.release();
    for (const reader of this.#readers.values()) reader.lose();
    return left;
  }

  readonly #acquired = (partition: number, token: number): void => {
    const { parts, limits, name, from, source } = this.#config;
    const part = parts[partition];
    if (part === undefined) return;
    const { prefix, filter } = part;
    const owner = { token, holds: () => this.#leases.token(partition) === token };
    const record = new PartitionRecord(
      { bucket: `progress:${name}`, key: String(partition), token },
      this.#ports.state,
    );
    const reader = new PartitionReader(
      {
        prefix,
        owner,
        from,
        source,
        limits: { ...limits, filter, replicas: 1, inactiveMs: consumersForgottenMs },
      },
      { ...this.#ports, record, trials: this.#trials },
    );
    this.#readers.get(partition)?.lose();
    this.#readers.set(partition, reader);
    if (this.#detached) reader.detach();
    reader.start();
  };

  readonly #lost = (partition: number): void => {
    const { name, parts } = this.#config;
    this.#readers.get(partition)?.lose();
    this.#readers.delete(partition);
    const part = `part ${partition} of ${parts.length} of ${name}`;
    const withheld = this.#throttle.pass();
    if (withheld !== undefined) {
      this.#ports.logger.warn(
        { subscriber: name, partition, withheld },
        `${part} may belong to another process now; what was held of it is left alone`,
      );
    }
    this.#ports.onRevoked(new TransportError(`${part} belongs to another process by now`));
  };

  readonly #failed = (error: unknown): void => {
    const { name } = this.#config;
    const why = describeError(error);
    this.#ports.logger.debug(
      { subscriber: name, error },
      `the leases of ${name} could not be renewed: ${why}`,
    );
  };
}

function leasesBucket(name: string): string {
  return `leases:${name}`;
}

function nothing(): void {}

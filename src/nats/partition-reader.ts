import type { JetStreamManager } from '@nats-io/jetstream';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { begunAt, notBegun } from '../leases/begun.ts';
import type { SuspectTrials, SuspectTurn } from '../leases/suspect-trials.ts';
import type { Logger } from '../logger.ts';
import { answeredWithin } from './answered-within.ts';
import { type ConsumerSpec, type ConsumerStart, consumerInfo, createConsumer } from './consumer-setup.ts';
import { MessageSource, type MessageSourceConfig, type MessageSourcePorts } from './message-source.ts';
import type { Ownership } from './ownership.ts';
import { forgetConsumers, partitionConsumerName, startOfOwner } from './partition-consumer.ts';
import type { PartitionRecord } from './partition-record.ts';
import { type Doubt, mayBeThere } from './pull-source.ts';

export interface PartitionReaderConfig {
  /** What its consumers' names begin with. */
  readonly prefix: string;
  readonly limits: Omit<ConsumerSpec, 'name'>;
  readonly owner: Ownership;
  /** Where it begins if nobody has read it before. */
  readonly from: ConsumerStart;
  readonly source: Pick<MessageSourceConfig, 'window' | 'maxBytes'>;
}

export interface PartitionReaderPorts extends Omit<MessageSourcePorts, 'onDoubt'> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly manager: JetStreamManager;
  readonly record: PartitionRecord;
  readonly trials: SuspectTrials;
}

/** Milliseconds before what the server did not answer is tried again. */
const againMs = 300;
/** Milliseconds for the one server of a consumer to answer before another one is tried: at first, and more each time. */
const firstAnswerMs = 1000;
/** Consumers whose names are kept. The server forgets the others in time, as nobody reads them. */
const maxConsumers = 16;
/** Milliseconds after which a trial is over to which nothing came. */
const quietMs = 1000;

/**
 * Reads one partition for as long as this process owns it.
 *
 *     claim the record ─► consumer of its own, behind what is settled ─► read ─► drain, save ─► over
 *              └── a later owner was faster ─► over                       └── lost ─► over
 *
 * Each owner has a consumer of its own, so what the one before held comes first and in order, and not after a
 * timeout behind newer events. The old owner's is deleted as soon as its server answers, which nobody waits for.
 * The record says what was settled behind events that were not, so that these alone come again. Where owners
 * die one after the other, the first message is tried alone; those that die of it count as deliveries.
 */
export class PartitionReader {
  readonly #config: PartitionReaderConfig;
  readonly #ports: PartitionReaderPorts;
  #source: MessageSource | undefined;
  #number = 1;
  #start: ConsumerStart;
  #leaving = false;
  #over = false;
  #detached = false;
  #savedAt = -1;
  #turn: SuspectTurn | undefined;
  #working: Promise<void> = Promise.resolve();
  #doubting = false;
  #failures = 0;
  #gone: () => void = nothing;
  readonly #whenGone = new Promise<void>((resolve) => {
    this.#gone = resolve;
  });
  #timer: TimerHandle;

  constructor(config: PartitionReaderConfig, ports: PartitionReaderPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#start = config.from;
  }

  /** Starts to read as soon as the partition is this process's by all accounts. */
  start(): void {
    this.#working = this.#open();
  }

  /** Starts nothing more; resolves when nothing of it runs and the next owner can know what is settled. */
  async drain(): Promise<void> {
    this.#leaving = true;
    this.#turn?.leave();
    this.#ports.clock.clearTimeout(this.#timer);
    await Promise.race([this.#working, this.#whenGone]);
    const source = this.#source;
    if (source === undefined || this.#over) return;
    await source.drain();
    if (this.#isOver()) return;
    await Promise.race([this.#save(source, true), this.#whenGone]);
    this.lose();
  }

  /** It belongs to another, or may: what is held is not ours any more. */
  lose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone();
    this.#turn?.leave();
    this.#ports.clock.clearTimeout(this.#timer);
    this.#source?.lose();
  }

  /** Asks for no more messages. */
  detach(): void {
    this.#detached = true;
    this.#source?.detach();
  }

  stillWorking(since: number): void {
    if (!this.#over) this.#source?.stillWorking(since);
  }

  /** Keeps what has been settled since the last time. */
  keep(): void {
    const source = this.#source;
    if (source === undefined || this.#over || this.#leaving || source.changes === this.#savedAt) return;
    void this.#save(source);
  }

  #isOver(): boolean {
    return this.#over;
  }

  /** Whether nothing more is to be set up. */
  get #ended(): boolean {
    return this.#over || this.#leaving || !this.#config.owner.holds();
  }

  async #open(): Promise<void> {
    const { manager, record } = this.#ports;
    const { limits, from, owner, source } = this.#config;
    try {
      const spec = this.#nextSpec();
      const before = await record.claim(spec.name);
      if (before === undefined || this.#ended) return;
      const start = await startOfOwner(manager, limits.stream, before, from);
      this.#start = start.from;
      if (this.#ended) return;
      const waiting = await createConsumer(manager, spec, this.#start);
      const died = !before.left && start.underWay;
      // Where nothing waits there is nothing that they can have died of.
      const begun = begunAt(
        sequenceAt(start.from),
        waiting === 0 ? notBegun : before.begun,
        waiting > 0 && died,
      );
      const { deaths } = begun;
      const turn = begun.tried ? await this.#enter(deaths) : undefined;
      if (this.#ended || !(await record.begin(before, begun)) || this.#ended) {
        turn?.leave();
        return;
      }
      const trial = turn === undefined ? undefined : { deaths, onTried: () => void this.#acquit(turn) };
      this.#source = new MessageSource(
        { ...source, spec, single: true, owner, before, trial },
        { ...this.#ports, onDoubt: this.#doubt },
      );
      void this.#forget(this.#source);
      void turn?.over.then(() => this.#source?.goOn());
      if (this.#detached) this.#source.detach();
      else this.#source.refill();
      if (turn !== undefined) this.#ports.clock.setTimeout(() => this.#passOver(turn), quietMs, true);
    } catch (error) {
      this.#turn?.leave();
      this.#failed('taken over', error);
      if (!this.#ended) this.#timer = this.#ports.clock.setTimeout(() => this.start(), againMs);
    }
  }

  /** Waits for its turn among those that owners may have died of. */
  async #enter(deaths: number): Promise<SuspectTurn> {
    const turn = this.#ports.trials.enter(deaths);
    this.#turn = turn;
    await turn.admitted;
    return turn;
  }

  /** Makes room for others when nothing has come: all that waited may have been settled before. */
  #passOver(turn: SuspectTurn): void {
    if (this.#source?.triesNothing === true) turn.leave();
  }

  async #acquit(turn: SuspectTurn): Promise<void> {
    const source = this.#source;
    try {
      if (source !== undefined && !this.#over) await this.#ports.record.acquit(source.progress());
    } catch (error) {
      this.#failed('kept', error);
    }
    turn.leave();
  }

  #nextSpec(): ConsumerSpec {
    const { prefix, limits, owner } = this.#config;
    const name = partitionConsumerName(prefix, owner.token, this.#number);
    this.#number += 1;
    return { ...limits, name };
  }

  /** Deliveries may have been lost, or the consumer: another one begins behind what has come. */
  readonly #doubt = (source: MessageSource, doubt: Doubt): void => {
    if (this.#doubting || this.#ended) return;
    this.#doubting = true;
    const renew = (first: Doubt): void => {
      this.#working = this.#renewed(source, first, () => renew('gap'));
    };
    // What the server says to be wrong will be so for a while.
    if (doubt === 'refused') this.#timer = this.#ports.clock.setTimeout(() => renew(doubt), againMs);
    else renew(doubt);
  };

  async #renewed(source: MessageSource, doubt: Doubt, again: () => void): Promise<void> {
    try {
      await this.#renew(source, doubt);
      this.#doubting = false;
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#failed('read on', error);
      if (!this.#ended) this.#timer = this.#ports.clock.setTimeout(again, againMs);
    }
  }

  async #renew(source: MessageSource, doubt: Doubt): Promise<void> {
    const { clock, manager, record } = this.#ports;
    const answerMs = firstAnswerMs * (1 + this.#failures);
    const asked = mayBeThere(doubt) && answeredWithin(clock, answerMs, this.#allHasCome(source));
    if (asked !== false && (await asked.catch(unknown))) {
      source.refill();
      return;
    }
    source.suspend();
    const spec = this.#nextSpec();
    const withIt = (kept: readonly string[]): string[] => [...kept, spec.name].slice(-maxConsumers);
    if (!(await record.save(source.progress(), withIt)) || this.#ended) return;
    const { resumeAt } = source;
    const start = resumeAt === undefined ? this.#start : { sequence: resumeAt };
    await answeredWithin(clock, answerMs, createConsumer(manager, spec, start));
    if (this.#ended) return;
    source.readFrom(spec);
    void this.#forget(source);
  }

  /** Whether its consumer is there and has sent nothing that did not come. @throws while it does not answer. */
  async #allHasCome(source: MessageSource): Promise<boolean> {
    const info = await consumerInfo(this.#ports.manager, source.spec);
    return info?.delivered.consumer_seq === source.deliveries;
  }

  /** Deletes the consumers before the one that is read. Those whose server is away are tried at the next occasion. */
  async #forget(source: MessageSource): Promise<void> {
    const { manager, record } = this.#ports;
    const { name } = source.spec;
    const before = record.kept.consumers.filter((other) => other !== name);
    if (before.length === 0) return;
    const left = await forgetConsumers(manager, this.#config.limits.stream, before);
    const gone = before.filter((other) => !left.includes(other));
    const others = (kept: readonly string[]): string[] => kept.filter((other) => !gone.includes(other));
    try {
      if (!this.#isOver()) await record.save(source.progress(), others);
    } catch (error) {
      this.#failed('kept', error);
    }
  }

  async #save(source: MessageSource, leaving = false): Promise<void> {
    this.#savedAt = source.changes;
    const { record } = this.#ports;
    try {
      await (leaving ? record.leave(source.progress()) : record.save(source.progress()));
    } catch (error) {
      this.#savedAt = -1;
      this.#failed('kept', error);
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.#over) return;
    const { prefix } = this.#config;
    this.#ports.logger.debug(
      { prefix, error },
      `part ${prefix} could not be ${what}: ${describeError(error)}`,
    );
  }
}

function sequenceAt(start: ConsumerStart): number {
  return typeof start === 'object' && 'sequence' in start ? start.sequence : 0;
}

function nothing(): void {}

function unknown(): false {
  return false;
}

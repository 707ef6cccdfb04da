import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import { backoff } from '../../streams/operators/backoff.ts';
import { readAckReply, readAckTimes } from './ack-reply.ts';
import type { NatsLink } from './nats-link.ts';
import { PullSource } from './pull-source.ts';

export interface StreamReaderConfig {
  readonly stream: string;
  /** One subject only: servers before 2.10 know no more. */
  readonly filter: string;
  /** The sequence to begin at; `'last'`: the last message of each subject, then what follows. */
  readonly from: number | 'last';
  readonly maxBytes: number;
}

/** One message, in the order of the stream. */
export interface ReadMessage {
  readonly message: Msg;
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  /** How many are known to be behind it. */
  readonly pending: number;
}

export interface StreamReaderPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: NatsLink;
  readonly manager: () => Promise<JetStreamManager>;
  /** How many more messages may be asked for. */
  readonly room: (requested: number) => number;
  /** A consumer has begun, and this many messages are there for it. */
  readonly onOpen: (pending: number) => void;
  readonly onMessage: (read: ReadMessage) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Milliseconds after which the server forgets the consumer of a reader that is gone. */
const forgottenAfterMs = 60_000;
const again = backoff({ baseMs: 50, maxMs: 2_000, jitter: 0.2 });

/**
 * Reads a stream in its order, each message once, for as long as it is not closed: nothing is acknowledged.
 *
 * When deliveries are missing, or the consumer or the connection is lost, a new consumer begins behind what came last.
 */
export class StreamReader {
  readonly #config: StreamReaderConfig;
  readonly #ports: StreamReaderPorts;
  #pull: PullSource | undefined;
  #name = '';
  #next: number | undefined;
  #deliveries = 0;
  #failures = 0;
  #timer: TimerHandle;
  #opening = false;
  #closed = false;

  constructor(config: StreamReaderConfig, ports: StreamReaderPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#next = config.from === 'last' ? undefined : Math.max(1, config.from);
    void this.#open();
  }

  refill(): void {
    this.#pull?.refill();
  }

  close(): void {
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#drop();
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#closed) return;
    this.#opening = true;
    const { stream, filter, maxBytes } = this.#config;
    const { manager, random, onOpen, onFailed, clock, link, room } = this.#ports;
    const name = `read=${Math.floor(random() * 2 ** 50).toString(36)}`;
    const start =
      this.#next === undefined
        ? { deliver_policy: DeliverPolicy.LastPerSubject }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#next };
    try {
      const { num_pending: pending } = await (
        await manager()
      ).consumers.add(stream, {
        name,
        ack_policy: AckPolicy.None,
        filter_subject: filter,
        replay_policy: ReplayPolicy.Instant,
        inactive_threshold: forgottenAfterMs * 1e6,
        mem_storage: true,
        num_replicas: 1,
        ...start,
      });
      this.#opening = false;
      this.#name = name;
      if (this.#closed) {
        this.#drop();
        return;
      }
      this.#failures = 0;
      this.#deliveries = 0;
      onOpen(pending);
      const pull: PullSource = new PullSource(
        { stream, consumer: name, maxBytes, untilDown: true },
        {
          clock,
          link,
          room,
          onMessage: (message) => {
            if (pull === this.#pull) this.#arrived(message);
          },
          onDoubt: () => {
            if (pull === this.#pull) this.#reopen();
          },
        },
      );
      this.#pull = pull;
      pull.refill();
    } catch (error) {
      this.#opening = false;
      if (this.#closed) return;
      this.#failures += 1;
      onFailed(error);
      this.#retry();
    }
  }

  #arrived(message: Msg): void {
    const { reply } = message;
    const place = readAckReply(reply);
    // Not from a consumer: somebody writes to our inbox.
    if (place === undefined || reply === undefined || this.#closed) return;
    const { sequence, delivery } = place;
    if (delivery !== this.#deliveries + 1) {
      this.#reopen();
      return;
    }
    this.#deliveries = delivery;
    if (this.#next !== undefined) this.#next = sequence + 1;
    this.#ports.onMessage({ message, sequence, ...readAckTimes(reply) });
    this.refill();
  }

  #reopen(): void {
    this.#drop();
    this.#failures += 1;
    this.#retry();
  }

  #retry(): void {
    const { clock, random } = this.#ports;
    clock.clearTimeout(this.#timer);
    const delayMs = again(Math.min(this.#failures, 10), random);
    this.#timer = clock.setTimeout(() => void this.#open(), delayMs, true);
  }

  /** Its consumer is deleted if that can be said now; else the server forgets it. */
  #drop(): void {
    this.#pull?.stop();
    this.#pull = undefined;
    const { link } = this.#ports;
    if (this.#name === '') return;
    link.up?.publish(`$JS.API.CONSUMER.DELETE.${this.#config.stream}.${this.#name}`);
    this.#name = '';
  }
}

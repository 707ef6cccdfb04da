import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { Trial } from '../leases/suspect-trials.ts';
import { readAckReply } from './ack-reply.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { ConsumerSpec } from './consumer-setup.ts';
import { HeldMessage, type HeldMessagePorts } from './held-message.ts';
import { MessageLedger } from './message-ledger.ts';
import type { NatsLink } from './nats-link.ts';
import type { Ownership } from './ownership.ts';
import { firstOpen, type Settled } from './partition-progress.ts';
import { type Doubt, PullSource } from './pull-source.ts';

/** Events that a message is taken to hold before the first has come; then, the most of late. */
const firstGuess = 64;
/** How fast the estimate follows when messages become smaller. When they become larger, it does at once. */
const decay = 0.1;
const maxRequest = 256;

export interface MessageSourceConfig {
  readonly spec: ConsumerSpec;
  /** Whether this process alone reads it, so that every delivery of the consumer has to come here. */
  readonly single: boolean;
  /** Events that may be held; one message may go beyond it. */
  readonly window: number;
  readonly maxBytes: number;
  /** Where a lease decides how long what comes may be acted on. */
  readonly owner?: Ownership;
  /** What owners before have settled. */
  readonly before?: Settled;
  /** Where the first message is to be tried alone, since owners may have died of it. */
  readonly trial?: Trial | undefined;
}

export interface MessageSourcePorts {
  readonly clock: Clock;
  readonly link: NatsLink;
  readonly acknowledger: Acknowledger;
  /** Takes a message apart; each of its events is to be settled at the held message. */
  readonly onMessage: (message: Msg, held: HeldMessage) => void;
  /** An event was given back unsettled. */
  readonly onAgain: (id: string) => void;
  readonly onDoubt: (source: MessageSource, doubt: Doubt) => void;
}

/**
 * The messages of one consumer, from their arrival to their acknowledgement.
 *
 * A message that comes again while it is held is the same one: its events are not given twice. One that comes
 * again after it was settled is acknowledged again. What is held is told to be in progress.
 *
 * Where this process alone reads, deliveries are counted. One that is missing got lost, and would come again when its
 * time is over, behind newer ones of its key: then nothing more is taken from this consumer, and another is asked for.
 */
export class MessageSource {
  readonly #config: MessageSourceConfig;
  readonly #ports: MessageSourcePorts;
  readonly #held = new Map<number, HeldMessage>();
  readonly #heldPorts: HeldMessagePorts;
  readonly #ledger: MessageLedger;
  #spec: ConsumerSpec;
  #pull: PullSource;
  /** Deliveries of its consumer that have come. Only it counts them. */
  deliveries = 0;
  #events = 0;
  #lost = false;
  #released = false;
  #detached = false;
  #leaving = false;
  #changes = 0;
  #idle: () => void = nothing;
  #perMessage = firstGuess;
  #trial: Trial | undefined;
  #alone: boolean;

  constructor(config: MessageSourceConfig, ports: MessageSourcePorts) {
    this.#config = config;
    this.#ports = ports;
    this.#spec = config.spec;
    this.#ledger = new MessageLedger(config.before);
    this.#trial = config.trial;
    this.#alone = config.trial !== undefined;
    this.#heldPorts = {
      acknowledger: ports.acknowledger,
      owner: config.owner,
      onDone: this.#settled,
      onEvent: this.#eventSettled,
      onAgain: ports.onAgain,
      onIdle: () => this.#lookIdle(),
    };
    this.#pull = this.#open();
  }

  get spec(): ConsumerSpec {
    return this.#spec;
  }

  /** Where a consumer that takes this one's place has to begin; `undefined` while nothing has come. */
  get resumeAt(): number | undefined {
    return firstOpen(this.progress());
  }

  /** How far its messages have been settled. O(what is held). */
  progress(): Settled {
    return this.#ledger.progress(this.#held.values());
  }

  /** Grows when something has settled. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether the subscription has ended. */
  get ended(): boolean {
    return this.#released;
  }

  /** Reads another consumer of the same events from now on: what is held stays as it is. */
  readFrom(spec: ConsumerSpec): void {
    this.#pull.stop();
    this.#spec = spec;
    this.deliveries = 0;
    this.#lost = false;
    this.#pull = this.#open();
    if (this.#detached) this.#pull.stop();
    else this.refill();
  }

  /** Takes nothing more until `readFrom`. */
  suspend(): void {
    this.#pull.stop();
  }

  /** Asks for more if there is room. */
  refill(): void {
    this.#pull.refill();
  }

  /** Whether one message is to be tried alone, and there is none. */
  get triesNothing(): boolean {
    return this.#trial !== undefined && this.#held.size === 0;
  }

  /** Takes more than the message that was to be tried alone. */
  goOn(): void {
    this.#alone = false;
    this.refill();
  }

  /** Takes no more messages; what is held is still acknowledged. */
  detach(): void {
    this.#detached = true;
    this.#pull.stop();
  }

  /** Gives back, to whoever asks next, what is not settled. */
  release(): void {
    this.#released = true;
    this.#pull.stop();
    for (const held of this.#held.values()) held.giveBack();
  }

  /** The consumer belongs to another process now: what is held is not ours any more. */
  lose(): void {
    this.#lost = true;
    this.#pull.stop();
    for (const held of this.#held.values()) held.lose();
    this.#lookIdle();
  }

  /** Starts nothing more; resolves when no handler has anything of it, or it is lost. */
  drain(): Promise<void> {
    this.#leaving = true;
    this.#pull.stop();
    for (const held of this.#held.values()) held.leaving = true;
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#lookIdle();
    });
  }

  /** Tells the server that what is held since `since` (monotonic) is in progress. */
  stillWorking(since: number): void {
    for (const held of this.#held.values()) if (held.arrivedAt <= since) held.inProgress();
  }

  #open(): PullSource {
    const { clock, link, onDoubt } = this.#ports;
    const { maxBytes, single } = this.#config;
    const { stream, name: consumer } = this.#spec;
    const pull: PullSource = new PullSource(
      { stream, consumer, maxBytes, untilDown: single },
      {
        clock,
        link,
        room: this.#room,
        onMessage: (message) => {
          if (pull === this.#pull) this.#arrived(message);
        },
        onDoubt: (doubt) => onDoubt(this, doubt),
      },
    );
    return pull;
  }

  #arrived(message: Msg): void {
    const place = readAckReply(message.reply);
    // Not from a consumer: somebody writes to our inbox.
    if (place === undefined || message.reply === undefined) return;
    const { sequence, deliveries, delivery } = place;
    const { acknowledger, clock, onMessage, onDoubt } = this.#ports;
    if (this.#released || this.#lost) {
      acknowledger.nak(message.reply, 0);
      return;
    }
    // The next owner asks for it.
    if (this.#leaving) return;
    if (this.#config.single) {
      if (delivery !== this.deliveries + 1) {
        this.suspend();
        onDoubt(this, 'gap');
        return;
      }
      this.deliveries = delivery;
    }
    const before = this.#held.get(sequence);
    if (before !== undefined) {
      before.reply = message.reply;
      return;
    }
    const settled = this.#ledger.isSettled(sequence);
    const settledBefore = this.#ledger.arrived(sequence);
    if (settled) {
      acknowledger.ack(message.reply);
      this.refill();
      return;
    }
    const held = new HeldMessage(
      {
        sequence,
        deliveries: deliveries + (this.#held.size === 0 ? (this.#trial?.deaths ?? 0) : 0),
        reply: message.reply,
        arrivedAt: clock.monotonic(),
      },
      this.#heldPorts,
    );
    held.settledBefore = settledBefore;
    this.#held.set(sequence, held);
    onMessage(message, held);
    this.#events += held.left;
    this.#perMessage = Math.max(held.left, 1, this.#perMessage - (this.#perMessage - held.left) * decay);
    held.opened();
    this.refill();
  }

  readonly #eventSettled = (): void => {
    this.#events -= 1;
    this.#changes += 1;
  };

  readonly #settled = (held: HeldMessage, again: boolean): void => {
    if (this.#held.get(held.sequence) !== held) return;
    this.#held.delete(held.sequence);
    if (again) this.#ledger.givenBack(held.sequence, held.settledPlaces);
    else this.#ledger.settled(held.sequence);
    this.#events -= held.left;
    this.#changes += 1;
    this.#lookIdle();
    this.refill();
  };

  #lookIdle(): void {
    if (this.#trial !== undefined) this.#judge(this.#trial);
    if (this.#idle === nothing) return;
    for (const { running } of this.#held.values()) if (running > 0) return;
    this.#idle();
    this.#idle = nothing;
  }

  #judge({ onTried }: Trial): void {
    const [first] = this.#held.values();
    if (this.deliveries === 0 || first?.tried === false) return;
    this.#trial = undefined;
    onTried();
  }

  /** Messages to ask for: in pieces that are worth a request, and always one when none is on its way. */
  readonly #room = (requested: number): number => {
    const { window } = this.#config;
    if (this.#alone) return requested === 0 && this.#trial !== undefined && this.#held.size === 0 ? 1 : 0;
    const expected = this.#events + requested * this.#perMessage;
    if (expected >= window) return 0;
    const count = Math.min(maxRequest, Math.max(1, Math.floor((window - expected) / this.#perMessage)));
    const worthIt = requested === 0 || count * this.#perMessage * 2 >= window;
    return worthIt ? count : 0;
  };
}

function nothing(): void {}

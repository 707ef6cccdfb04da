import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { readAckReply } from './ack-reply.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { ConsumerSpec } from './consumer-setup.ts';
import { HeldMessage } from './held-message.ts';
import type { NatsLink } from './nats-link.ts';
import { PullSource } from './pull-source.ts';

/** How many settled messages are remembered, for those whose acknowledgement got lost. */
const rememberedMessages = 4096;
/** Events that a message is taken to hold before the first has come; then, the most of late. */
const firstGuess = 64;
/** How fast the estimate follows when messages become smaller. When they become larger, it does at once. */
const decay = 0.1;
const maxRequest = 256;

export interface MessageSourceConfig {
  readonly spec: ConsumerSpec;
  /** Events that may be held; one message may go beyond it. */
  readonly window: number;
  readonly maxBytes: number;
}

export interface MessageSourcePorts {
  readonly clock: Clock;
  readonly link: NatsLink;
  readonly acknowledger: Acknowledger;
  /** Takes a message apart; each of its events is to be settled at the held message. */
  readonly onMessage: (message: Msg, held: HeldMessage) => void;
  /** An event was given back unsettled. */
  readonly onAgain: (id: string) => void;
  readonly onDoubt: (source: MessageSource, gone: boolean) => void;
}

/**
 * The messages of one consumer, from their arrival to their acknowledgement.
 *
 * A message that comes again while it is held is the same one: its events are not given twice. One that comes
 * again after it was settled is acknowledged again. What is held is told to be in progress.
 */
export class MessageSource {
  readonly spec: ConsumerSpec;
  /** The highest sequence that came. */
  lastSequence = 0;
  readonly #config: MessageSourceConfig;
  readonly #ports: MessageSourcePorts;
  readonly #held = new Map<number, HeldMessage>();
  readonly #done = new Set<number>();
  readonly #pull: PullSource;
  #events = 0;
  #lost = false;
  #released = false;
  #perMessage = firstGuess;

  constructor(config: MessageSourceConfig, ports: MessageSourcePorts) {
    this.spec = config.spec;
    this.#config = config;
    this.#ports = ports;
    const { clock, link } = ports;
    const { stream, name: consumer } = config.spec;
    this.#pull = new PullSource(
      { stream, consumer, maxBytes: config.maxBytes },
      {
        clock,
        link,
        room: this.#room,
        onMessage: this.#arrived,
        onDoubt: (gone) => ports.onDoubt(this, gone),
      },
    );
  }

  /** Messages that are held. */
  get held(): number {
    return this.#held.size;
  }

  /** Asks for more if there is room. */
  refill(): void {
    this.#pull.refill();
  }

  /** Takes no more messages; what is held is still acknowledged. */
  detach(): void {
    this.#pull.stop();
  }

  /** Gives back, to whoever asks next, what is not settled. */
  release(): void {
    this.#released = true;
    this.#pull.stop();
    for (const held of this.#held.values()) held.giveBack();
  }

  /** The consumer belongs to another process now: what is held is not ours any more. False if that is known. */
  lose(): boolean {
    if (this.#lost) return false;
    this.#lost = true;
    this.#pull.stop();
    for (const held of this.#held.values()) held.lose();
    return true;
  }

  /** Tells the server that what is held since `since` (monotonic) is in progress. */
  stillWorking(since: number): void {
    for (const held of this.#held.values()) if (held.arrivedAt <= since) held.inProgress();
  }

  readonly #arrived = (message: Msg): void => {
    const place = readAckReply(message.reply);
    // Not from a consumer: somebody writes to our inbox.
    if (place === undefined || message.reply === undefined) return;
    const { sequence, deliveries } = place;
    const { acknowledger, clock, onMessage } = this.#ports;
    if (this.#released || this.#lost) {
      acknowledger.nak(message.reply, 0);
      return;
    }
    const before = this.#held.get(sequence);
    if (before !== undefined) {
      before.reply = message.reply;
      return;
    }
    if (this.#done.has(sequence)) {
      acknowledger.ack(message.reply);
      return;
    }
    if (sequence > this.lastSequence) this.lastSequence = sequence;
    const held = new HeldMessage(
      { sequence, deliveries, reply: message.reply, arrivedAt: clock.monotonic() },
      { acknowledger, onDone: this.#settled, onEvent: this.#eventSettled, onAgain: this.#ports.onAgain },
    );
    this.#held.set(sequence, held);
    onMessage(message, held);
    this.#events += held.left;
    this.#perMessage = Math.max(held.left, 1, this.#perMessage - (this.#perMessage - held.left) * decay);
    held.opened();
    // It may have been smaller than expected, so that there is room for more.
    this.refill();
  };

  readonly #eventSettled = (): void => {
    this.#events -= 1;
  };

  readonly #settled = (held: HeldMessage, again: boolean): void => {
    if (this.#held.get(held.sequence) !== held) return;
    this.#held.delete(held.sequence);
    if (!again) {
      this.#done.add(held.sequence);
      if (this.#done.size > rememberedMessages) {
        const [oldest] = this.#done;
        if (oldest !== undefined) this.#done.delete(oldest);
      }
    }
    this.#events -= held.left;
    this.refill();
  };

  /** Messages to ask for: in pieces that are worth a request, and always one when none is on its way. */
  readonly #room = (requested: number): number => {
    const { window } = this.#config;
    const expected = this.#events + requested * this.#perMessage;
    if (expected >= window) return 0;
    const count = Math.min(maxRequest, Math.max(1, Math.floor((window - expected) / this.#perMessage)));
    const worthIt = requested === 0 || count * this.#perMessage * 4 >= window;
    return worthIt ? count : 0;
  };
}

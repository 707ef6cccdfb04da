import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { AnswerInbox } from './answer-inbox.ts';
import type { NatsLink } from './nats-link.ts';

/** Acknowledgements that are kept while the server is away; beyond, the server asks again by itself. */
const maxOwed = 10_000;

/**
 * Says to consumers what became of their messages. What is acknowledged in one turn of the event loop is said together,
 * at its end: a write to the connection costs as much as several events.
 *
 * What cannot be said while the connection is down is said when it is up again. What gets lost all the same does no
 * harm: the message comes again, and is known. With `confirmed`, each acknowledgement is repeated until the
 * server has answered it.
 */
export class Acknowledger {
  readonly #link: NatsLink;
  readonly #clock: Clock;
  readonly #inbox: AnswerInbox | undefined;
  readonly #leave: () => void;
  /** Reply subjects of acknowledgements that the server has not heard, or not answered. */
  readonly #owed = new Set<string>();
  #closed = false;
  #scheduled = false;
  #idle: (() => void)[] = [];

  /** Confirms acknowledgements where it is given an inbox for the answers. */
  constructor(link: NatsLink, clock: Clock, inbox?: AnswerInbox) {
    this.#link = link;
    this.#clock = clock;
    this.#inbox = inbox;
    this.#leave = link.onUp(this.#again);
  }

  ack(reply: string): void {
    const { up } = this.#link;
    if (this.#owed.size >= maxOwed) return;
    this.#owed.add(reply);
    if (up === undefined) return;
    if (this.#inbox !== undefined) void this.#confirm(up, reply);
    else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#clock.yieldTurn(this.#say);
    }
  }

  nak(reply: string, delayMs: number): void {
    const delay = delayMs > 0 ? ` {"delay":${Math.round(delayMs * 1e6)}}` : '';
    this.#link.up?.publish(reply, `-NAK${delay}`);
  }

  inProgress(reply: string): void {
    this.#link.up?.publish(reply, '+WPI');
  }

  /** Resolves when nothing is owed: all has been said, or answered where that is asked for. */
  whenIdle(): Promise<void> {
    if (this.#owed.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.#owed.clear();
    this.#settled();
  }

  readonly #say = (): void => {
    this.#scheduled = false;
    const { up } = this.#link;
    if (up !== undefined && !this.#closed) this.#again(up);
  };

  readonly #again = (connection: NatsConnection): void => {
    for (const reply of this.#owed) {
      if (this.#inbox !== undefined) void this.#confirm(connection, reply);
      else {
        connection.publish(reply, '+ACK');
        this.#owed.delete(reply);
      }
    }
    this.#settled();
  };

  async #confirm(connection: NatsConnection, reply: string): Promise<void> {
    for (let attempt = 0; attempt < 5 && !this.#closed; attempt += 1) {
      const answer = await this.#inbox?.ask(connection, reply, '+ACK');
      // Said again when the connection is up again.
      if (answer?.kind === 'disconnected') return;
      if (answer?.kind !== 'timed-out') break;
    }
    this.#owed.delete(reply);
    this.#settled();
  }

  #settled(): void {
    if (this.#owed.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }
}

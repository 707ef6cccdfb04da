import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { CallOutcome, OwnerAddress } from '../shared-entities.ts';
import { AnswerInbox } from './answer-inbox.ts';
import type { NatsLink } from './nats-link.ts';
import { nameToken } from './subjects.ts';

/** Second token of the subjects on which owners are asked. No lane is called so. */
const entitiesToken = 'entities';

/**
 * Calls between processes, from whoever asks to the owner of a partition, at subjects as `shop.entities.order.3`.
 *
 * Answers go to inboxes alone: whoever asks cannot make an owner, with its permissions, publish elsewhere.
 */
export class OwnerCalls {
  readonly #link: NatsLink;
  readonly #inbox: AnswerInbox;

  constructor(link: NatsLink, clock: Clock, answerMs: number) {
    this.#link = link;
    this.#inbox = new AnswerInbox(link, clock, answerMs);
  }

  async call(address: OwnerAddress, request: Uint8Array): Promise<CallOutcome> {
    try {
      const connection = await this.#link.connected();
      const answer = await this.#inbox.ask(connection, this.#subject(address), request);
      if (answer.kind === 'message') return answer.message.data;
      return answer.kind === 'timed-out' ? 'silent' : 'nobody';
    } catch {
      return 'nobody';
    }
  }

  serve(
    address: OwnerAddress,
    answer: (request: Uint8Array, reply: (answer: Uint8Array) => void) => void,
  ): () => void {
    const subject = this.#subject(address);
    let current: NatsConnection | undefined;
    let end: () => void = () => {};
    const leave = this.#link.onUp((connection) => {
      // The client renews the subscriptions of a connection that it has dialled again.
      if (connection === current) return;
      current = connection;
      const subscription = connection.subscribe(subject, {
        callback: (error, message: Msg) => {
          const { reply = '' } = message;
          if (error !== null || !reply.startsWith('_INBOX')) return;
          answer(message.data, (bytes) => this.#reply(connection, reply, bytes));
        },
      });
      end = () => {
        if (!connection.isClosed()) subscription.unsubscribe();
      };
    });
    return () => {
      leave();
      end();
    };
  }

  close(): void {
    this.#inbox.close();
  }

  /** Whoever asks asks again. */
  #reply(connection: NatsConnection, reply: string, bytes: Uint8Array): void {
    const { up } = this.#link;
    if (up !== connection || bytes.length > (up.info?.max_payload ?? Infinity)) return;
    up.publish(reply, bytes);
  }

  #subject({ kind, partition }: OwnerAddress): string {
    return `${this.#link.config.namespace}.${entitiesToken}.${nameToken(kind)}.${partition}`;
  }
}

import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  type Subscription,
} from '@nats-io/transport-node';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { NatsLink } from './nats-link.ts';

/** How a request ended. Of the last two, and where the answer may not be heard, nobody knows whether the server did what was asked. */
export type Answer =
  | { readonly kind: 'message'; readonly message: Msg }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'denied'; readonly error: PermissionViolationError }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'disconnected' };

interface Asked {
  readonly subject: string;
  readonly deadline: number;
  readonly resolve: (answer: Answer) => void;
}

/**
 * Asks by messages, and hears the answers, all through one subscription.
 *
 * Beside what the NATS client's own requests do, it says at once when the connection is lost, so that the same
 * thing can be asked again when it is back, and when a permission is missing. One timer for all.
 */
export class AnswerInbox {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #asked = new Map<string, Asked>();
  readonly #leave: readonly (() => void)[];
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;
  #prefix = '';
  #number = 0;
  #timer: TimerHandle;
  /** When the timer fires. */
  #due = Infinity;

  constructor(link: NatsLink, clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#leave = [link.onDown(this.#disconnected), link.onError(this.#denied)];
    this.#inboxPrefix = `_INBOX_${link.config.namespace}`;
  }

  readonly #inboxPrefix: string;

  /** Sends a request, and waits `timeoutMs` for the answer. @throws what the client throws for a message that is too large, or a closed connection. */
  ask(
    connection: NatsConnection,
    subject: string,
    payload: Uint8Array | string,
    headers?: MsgHdrs,
    timeoutMs = this.#timeoutMs,
  ): Promise<Answer> {
    this.#listen(connection);
    this.#number += 1;
    const token = String(this.#number);
    const reply = this.#prefix + token;
    connection.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
    const deadline = this.#clock.monotonic() + timeoutMs;
    return new Promise((resolve) => {
      this.#asked.set(token, { subject, deadline, resolve });
      if (deadline < this.#due) this.#arm(deadline, timeoutMs);
    });
  }

  close(): void {
    for (const leave of this.#leave) leave();
    this.#clock.clearTimeout(this.#timer);
    this.#disconnected();
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #listen(connection: NatsConnection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    const inbox = createInbox(this.#inboxPrefix);
    this.#prefix = `${inbox}.`;
    this.#subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#heard(message);
      },
    });
  }

  #heard(message: Msg): void {
    const token = message.subject.slice(this.#prefix.length);
    const nobody = message.data.length === 0 && message.headers?.code === 503;
    this.#end(token, nobody ? { kind: 'nobody' } : { kind: 'message', message });
  }

  #end(token: string, answer: Answer): void {
    const asked = this.#asked.get(token);
    if (asked === undefined) return;
    this.#asked.delete(token);
    asked.resolve(answer);
  }

  readonly #disconnected = (): void => {
    for (const token of this.#asked.keys()) this.#end(token, { kind: 'disconnected' });
  };

  readonly #denied = (error: Error): void => {
    if (!(error instanceof PermissionViolationError)) return;
    for (const [token, { subject }] of this.#asked) {
      const own = error.operation === 'publish' ? error.subject === subject : this.#isOwn(error.subject);
      if (own) this.#end(token, { kind: 'denied', error });
    }
    // The server has refused the inbox itself: the next request tries again.
    if (error.operation === 'subscription' && this.#isOwn(error.subject)) this.#connection = undefined;
  };

  #isOwn(subject: string): boolean {
    return this.#prefix !== '' && subject.startsWith(this.#prefix);
  }

  #arm(due: number, afterMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.#clock.setTimeout(this.#expire, afterMs, true);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    this.#due = Infinity;
    const now = this.#clock.monotonic();
    let earliest = Infinity;
    for (const [token, { deadline }] of this.#asked) {
      if (deadline <= now) this.#end(token, { kind: 'timed-out' });
      else earliest = Math.min(earliest, deadline);
    }
    if (earliest < this.#due) this.#arm(earliest, earliest - now);
  };
}

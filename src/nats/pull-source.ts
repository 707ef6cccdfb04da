import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { NatsLink } from './nats-link.ts';

export interface PullSourceConfig {
  readonly stream: string;
  readonly consumer: string;
  /** Bytes that one request may bring. */
  readonly maxBytes: number;
  /** Ends with the connection: somebody looks first what was lost with it. */
  readonly untilDown: boolean;
}

/**
 * Why a consumer should be looked at: it has fallen silent; its server says that it cannot be asked now; it was deleted; a
 * delivery is missing; or the connection was down, and what was under way is lost.
 */
export type Doubt = 'silent' | 'refused' | 'gone' | 'gap' | 'reconnected';

/** Whether the consumer may be as it was, so that it can be asked again. */
export function mayBeThere(doubt: Doubt): boolean {
  return doubt === 'silent' || doubt === 'refused';
}

export interface PullSourcePorts {
  readonly clock: Clock;
  readonly link: NatsLink;
  /** How many more messages there is room for. */
  readonly room: (requested: number) => number;
  readonly onMessage: (message: Msg) => void;
  /** The consumer should be looked at. */
  readonly onDoubt: (doubt: Doubt) => void;
}

/** Milliseconds that a request stays open, and between signs of life while it does. */
const expiresMs = 15_000;
const heartbeatMs = 500;
/** A request that the server has lost is made again after three missed signs. */
const silenceMs = 1600;

/**
 * Asks a consumer for messages: as many as there is room for, and again when some have been settled.
 *
 * A request that got lost, with a leader that moved or a server that died, shows by its silence within
 * two seconds; one on a connection that was lost is made again as soon as that is up.
 */
export class PullSource {
  readonly #ports: PullSourcePorts;
  readonly #subject: string;
  readonly #maxBytes: number;
  readonly #untilDown: boolean;
  readonly #leave: readonly (() => void)[];
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;
  #inbox = '';
  #requested = 0;
  #heardAt = 0;
  #timer: TimerHandle;
  #stopped = false;

  constructor({ stream, consumer, maxBytes, untilDown }: PullSourceConfig, ports: PullSourcePorts) {
    this.#ports = ports;
    this.#maxBytes = maxBytes;
    this.#untilDown = untilDown;
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#leave = [ports.link.onDown(() => (this.#requested = 0)), ports.link.onUp(this.#restart)];
  }

  /** Messages that were asked for and have not come. */
  get requested(): number {
    return this.#requested;
  }

  /** Asks for more if there is room. */
  refill(): void {
    const { link, clock, room } = this.#ports;
    const { up } = link;
    if (this.#stopped || up === undefined) return;
    if (this.#connection === undefined) this.#listen(up);
    else if (up !== this.#connection) return;
    const count = room(this.#requested);
    if (count < 1) return;
    const request = {
      batch: count,
      expires: expiresMs * 1e6,
      idle_heartbeat: heartbeatMs * 1e6,
      max_bytes: this.#maxBytes,
    };
    if (this.#requested === 0) this.#heardAt = clock.monotonic();
    this.#requested += count;
    up.publish(this.#subject, JSON.stringify(request), { reply: this.#inbox });
    this.#timer ??= clock.setTimeout(this.#look, silenceMs, true);
  }

  /** Asks for nothing more. What the server has sent already still comes: it would be missed for long otherwise. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const leave of this.#leave) leave();
    this.#ports.clock.clearTimeout(this.#timer);
    // The connection may be closed, and all with it.
    this.#subscription?.drain().catch(nothing);
  }

  readonly #restart = (connection: NatsConnection): void => {
    if (this.#stopped) return;
    this.#requested = 0;
    if (this.#untilDown && this.#connection !== undefined) {
      this.stop();
      this.#ports.onDoubt('reconnected');
      return;
    }
    if (connection !== this.#connection) this.#listen(connection);
    this.refill();
  };

  #listen(connection: NatsConnection): void {
    this.#connection = connection;
    this.#inbox = createInbox(`_INBOX_${this.#ports.link.config.namespace}`);
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#heard(message);
        else this.#deaf();
      },
    });
  }

  /** The server has taken the inbox away, as it does when permissions change: the next request needs a new one. */
  #deaf(): void {
    this.#subscription?.unsubscribe();
    this.#connection = undefined;
    this.#requested = 0;
    if (!this.#stopped) this.#ports.onDoubt('refused');
  }

  #heard(message: Msg): void {
    this.#heardAt = this.#ports.clock.monotonic();
    // What a consumer sends has a place to answer to; what the server says about a request has none, and no body.
    const code =
      message.data.length === 0 && !message.reply?.startsWith('$JS.ACK.') ? (message.headers?.code ?? 0) : 0;
    if (code === 0) {
      if (this.#requested > 0) this.#requested -= 1;
      this.#ports.onMessage(message);
    } else if (code !== 100) this.#ended(code, message);
  }

  /** A request has ended: expired, or the consumer was deleted, or has another leader. */
  #ended(code: number, { headers }: Msg): void {
    const left = headers?.get('Nats-Pending-Messages') ?? '';
    // Without a figure, all that was asked for counts as ended: rather asked twice than never.
    this.#requested = left === '' ? 0 : Math.max(0, this.#requested - Number(left));
    const expired =
      code === 408 || (code === 409 && /max ?bytes|batch completed/i.test(headers?.description ?? ''));
    if (expired) this.refill();
    // Not at once: what is wrong now will be so for a while.
    else this.#ports.onDoubt(/consumer deleted/i.test(headers?.description ?? '') ? 'gone' : 'refused');
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    if (this.#stopped || this.#requested === 0) return;
    const { clock, link } = this.#ports;
    const silentMs = clock.monotonic() - this.#heardAt;
    if (silentMs >= silenceMs && link.up !== undefined) {
      this.#requested = 0;
      this.#ports.onDoubt('silent');
      this.refill();
    }
    this.#timer ??= clock.setTimeout(this.#look, Math.max(100, silenceMs - silentMs), true);
  };
}

function nothing(): void {}

import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope, ValidEnvelope } from '../../streams/event/envelope.ts';
import type { Exchange, IncomingRequest } from '../exchange.ts';
import { type Arrival, LaneFeed } from '../transport/lane-feed.ts';
import type {
  MailboxStatus,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import type { Turn } from '../transport/turn.ts';
import { refusalOf } from './refusal-of.ts';

export interface RequestSubscriptionPorts {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly exchange: Exchange;
  /** The requests that are here, by their events. */
  readonly incoming: WeakMap<EventEnvelope, IncomingRequest>;
}

const full = { code: 'ERR_ASK_BUSY', message: 'the responder has no room', retryable: true };
const leaving = { code: 'ERR_ASK_BUSY', message: 'the responder is about to leave', retryable: true };

/** The requests of one type, on their way to one responder: they wait in lanes, as events do. */
export class RequestSubscription implements TransportSubscription {
  readonly #type: string;
  readonly #options: TransportSubscribeOptions;
  readonly #ports: RequestSubscriptionPorts;
  readonly #feed: LaneFeed;
  #leave: () => void = nothing;
  #left = false;

  constructor(type: string, options: TransportSubscribeOptions, ports: RequestSubscriptionPorts) {
    this.#type = type;
    this.#options = options;
    this.#ports = ports;
    const { name, mailbox, credit } = options;
    const { clock, turn } = ports;
    this.#feed = new LaneFeed(mailbox, {
      name,
      clock,
      turn,
      credit,
      onStart: this.#start,
      onStop: this.#stop,
      onDrop: (arrival, reason) => {
        this.#refuse(arrival, full);
        options.onDrop?.(arrival.event, reason);
      },
    });
  }

  get deliveries(): TransportSubscription['deliveries'] {
    return this.#feed.deliveries;
  }

  detach(): void {
    this.#left = true;
    this.#leave();
    this.#leave = nothing;
  }

  status(): MailboxStatus {
    return this.#feed.status();
  }

  readonly #start = (): void => {
    this.#leave = this.#ports.exchange.respond({
      type: this.#type,
      shared: true,
      onRequest: this.#arrived,
      onFailed: (error) => this.#feed.fail(error),
    });
  };

  readonly #stop = (waiting: readonly Arrival[]): void => {
    this.detach();
    for (const arrival of waiting) {
      this.#refuse(arrival, leaving);
      this.#options.onDrop?.(arrival.event, 'unsubscribed');
    }
  };

  readonly #arrived = (request: IncomingRequest): void => {
    const { event } = request;
    // It was on its way.
    if (this.#left) {
      request.refuse(leaving);
      return;
    }
    this.#ports.incoming.set(event, request);
    if (this.#feed.offer(new RequestArrival(request)) !== 'rejected') return;
    request.refuse(full);
    this.#options.onDrop?.(event, 'drop-newest');
  };

  #refuse({ event }: Arrival, refusal: typeof full): void {
    this.#ports.incoming.get(event)?.refuse(refusal);
  }
}

class RequestArrival implements Arrival {
  readonly event: ValidEnvelope;
  readonly position = undefined;
  readonly lost = false;
  attempt = 1;
  readonly #request: IncomingRequest;

  constructor(request: IncomingRequest) {
    this.event = request.event;
    this.#request = request;
  }

  settled(): void {}

  /** Its handler has failed, and said so already; unless it took too long, or was closed. */
  givenUp(reason: string | undefined): void {
    if (reason === 'closed') this.#request.refuse(leaving);
    else this.#request.refuse({ ...refusalOf(undefined), message: 'the responder took too long' });
  }
}

function nothing(): void {}

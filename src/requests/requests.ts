import type { Handler } from '../../actors/handler.ts';
import { isRequestDefinition, type RequestDefinition } from '../../streams/event/define-request.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, ClosedError, QueueFullError, TransportError } from '../../streams/event/errors.ts';
import { type EventRegistry } from '../../streams/event/event-registry.ts';
import { validatePayload } from '../../streams/event/validate-payload.ts';
import { checkOptions } from '../../streams/event/check-options.ts';
import { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import { refusalType, replyType, type Exchange, type IncomingRequest } from '../exchange.ts';
import { checkNumber } from '../options.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import { RoutingRules } from '../routing-rules.ts';
import { SubscriberHost, type HostOptions, type HostPorts } from '../subscriptions/subscriber-host.ts';
import { SubscriptionRegistry } from '../subscriptions/subscription-registry.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import { LocalExchange } from '../transport/local-exchange.ts';
import { raced } from '../transport/raced.ts';
import type { Transport } from '../transport/transport.ts';
import { Turn } from '../transport/turn.ts';
import { readRefusal } from './refusal-of.ts';
import { RequestSubscription } from './request-subscription.ts';
import {
  askOptionNames,
  respondOptionNames,
  type BusAskOptions,
  type BusRequests,
  type Responder,
  type RespondOptions,
} from './request-options.ts';
import { refusingHandler, respondingHandler, type RespondingPorts } from './responding-handler.ts';

/** Questions of one bus that wait for their answers, at most. */
const maxAsks = 65_536;
/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;

export interface RequestsPorts extends Omit<
  HostPorts,
  'registry' | 'rules' | 'deadLetters' | 'streams' | 'subscriptions'
> {
  /** Makes requests; its registry knows their types, apart from those of events. */
  readonly factory: EventFactory;
  readonly registry: EventRegistry;
  readonly source: string;
}

/** What one bus asks and answers. */
export class Requests {
  readonly exchange: Exchange | undefined;
  readonly #ports: RequestsPorts;
  readonly #local: LocalExchange | undefined;
  readonly #options: HostOptions;
  readonly #responding: RespondingPorts;
  /** Made for the first responder: most buses have none. */
  #host: SubscriberHost | undefined;
  #asks = 0;
  #closed = false;

  constructor(options: HostOptions, ports: RequestsPorts) {
    const { transport, clock, registry, source, factory } = ports;
    this.#options = options;
    this.#ports = ports;
    if (transport.exchange === undefined && !transport.features.shared)
      this.#local = new LocalExchange(clock);
    this.exchange = transport.exchange ?? this.#local;
    const incoming = new WeakMap<EventEnvelope, IncomingRequest>();
    const newId = (): string => factory.id();
    this.#responding = { clock, registry, source, newId, incoming };
  }

  /** As a bus has them: what they take and give follows from the definition. */
  get calls(): BusRequests {
    return {
      ask: ((definition: RequestDefinition, data: unknown, options: BusAskOptions = {}) =>
        this.ask(definition, data, options)) as BusRequests['ask'],
      respond: ((definition: RequestDefinition, responder: Responder, options: RespondOptions = {}) =>
        this.respond(definition, responder, options)) as BusRequests['respond'],
    };
  }

  async ask(definition: RequestDefinition, data: unknown, options: BusAskOptions): Promise<unknown> {
    const exchange = this.#usable('ask', definition);
    checkOptions('ask', options, askOptionNames);
    const { timeoutMs = 30_000, signal, causedBy, fields } = options;
    checkNumber('timeoutMs', timeoutMs, 1, longestMs);
    signal?.throwIfAborted();
    if (this.#asks >= maxAsks) {
      throw new QueueFullError(`${maxAsks} questions of this bus wait for their answers, as many as may`);
    }
    this.#asks += 1;
    try {
      const made = await this.#ports.factory.make(definition.request, data, fields, causedBy);
      const outcome = exchange.ask(withData(made, data), { timeoutMs });
      const answer = await (signal === undefined ? outcome : raced(outcome, signal));
      return await readAnswer(definition, answer);
    } finally {
      this.#asks -= 1;
    }
  }

  respond(definition: RequestDefinition, responder: Responder, options: RespondOptions): Subscription {
    this.#usable('respond', definition);
    checkOptions('respond', options, respondOptionNames);
    if (typeof responder !== 'function') {
      throw new TypeError(`respond takes a function of a request, got ${describeValue(responder)}`);
    }
    const { type } = definition;
    const { name = this.#nameFor(type), mailbox, breaker = false } = options;
    const handler: Handler = respondingHandler(definition, responder, this.#responding);
    this.#host ??= this.#newHost();
    return this.#host.subscribe(definition.request, handler, {
      ...options,
      name,
      breaker,
      mailbox: { overflow: 'reject', ...mailbox },
      retry: false,
      ...(breaker === false ? {} : { fallback: refusingHandler(this.#responding) }),
    });
  }

  /** Resolves when no request waits or is being answered; undefined where nobody answers any. */
  idle(): Promise<void> | undefined {
    return this.#host?.idle();
  }

  /** Takes no more requests; those that wait are still answered. */
  detach(): void {
    for (const { name } of this.#host?.stats() ?? []) void this.#host?.get(name)?.drain();
  }

  /** Refuses what waits, and asks nothing any more. */
  close(): void {
    this.#closed = true;
    this.#host?.close();
    this.#local?.close();
  }

  #usable(call: string, definition: unknown): Exchange {
    if (this.#closed) throw new ClosedError(`the bus is closed; ${call} does nothing any more`);
    if (!isRequestDefinition(definition)) {
      throw new TypeError(`${call} takes what defineRequest gives, got ${describeValue(definition)}`);
    }
    const { exchange } = this;
    if (exchange !== undefined) return exchange;
    const { name } = this.#ports.transport;
    throw new TransportError(`the ${name} transport carries no questions; nats() and jetStream() do`);
  }

  #newHost(): SubscriberHost {
    const { transport, clock, logger } = this.#ports;
    const { newId } = this.#responding;
    const redeliver = (): Promise<boolean> => Promise.resolve(false);
    return new SubscriberHost(this.#options, {
      ...this.#ports,
      transport: requestTransport(transport, this.#source()),
      rules: new RoutingRules(),
      // A request that failed was refused: nothing is kept of it but the last, for those who look.
      deadLetters: new DeadLetterStore(
        { capacity: 1, overflow: 'drop-oldest' },
        { clock, logger, records: undefined, lift: (event) => event, redeliver },
      ),
      streams: { quiet: true, close: () => 0 },
      subscriptions: new SubscriptionRegistry({ clock, logger, newId, store: undefined, intervalMs: 1000 }),
    });
  }

  #source(): Transport['subscribe'] {
    const { clock } = this.#ports;
    const { incoming } = this.#responding;
    const turn = new Turn(clock);
    return ([type], options) => {
      const { exchange } = this;
      if (exchange === undefined || typeof type !== 'string') throw new TypeError('a responder has one type');
      return new RequestSubscription(type, options, { clock, turn, exchange, incoming });
    };
  }

  #nameFor(type: string): string {
    let name = type;
    for (let n = 2; this.#host?.get(name) !== undefined; n += 1) name = `${type}-${n}`;
    return name;
  }
}

/** Where responders get their requests, as subscribers their events. */
function requestTransport({ features }: Transport, subscribe: Transport['subscribe']): Transport {
  return {
    name: 'requests',
    features: { ...features, durable: false, settlements: false },
    publish: () => ({ level: 'none', matched: 0 }),
    subscribe,
    close: () => Promise.resolve(),
  };
}

/** What was given crosses, not what the schema has made of it: its receiver makes that. */
function withData(event: ValidEnvelope, given: unknown): ValidEnvelope {
  if (event.data === given) return event;
  const { id, type, source, time, priority, schemaVersion, key } = event;
  return new ValidEnvelope(id, type, source, time, priority, schemaVersion, given, key, event);
}

async function readAnswer({ type, reply }: RequestDefinition, answer: EventEnvelope): Promise<unknown> {
  if (answer.type === refusalType) throw refused(type, answer.data);
  if (answer.type !== replyType) throw malformed(type, `it is an event of type ${answer.type}`);
  try {
    return await validatePayload(reply, answer.data);
  } catch (cause) {
    throw malformed(type, describeError(cause), cause);
  }
}

function refused(type: string, data: unknown): AskError {
  const remote = readRefusal(data);
  const { code, message } = remote;
  if (code === 'ERR_ASK_BUSY' || code === 'ERR_ASK_TOO_LARGE') {
    return new AskError(`${type} was not answered: ${message}`, { code, type, remote });
  }
  return new AskError(`${type} was refused (${code}): ${message}`, { code: 'ERR_ASK_REFUSED', type, remote });
}

function malformed(type: string, why: string, cause?: unknown): AskError {
  return new AskError(`what answered ${type} is not what it should be: ${why}`, {
    code: 'ERR_ASK_MALFORMED',
    type,
    cause,
  });
}

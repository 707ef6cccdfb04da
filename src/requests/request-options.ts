import type { HandlerContext } from '../../actors/handler.ts';
import type { EventFields } from '../../streams/event/define-event.ts';
import type { RequestDefinition } from '../../streams/event/define-request.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { OptionNames } from '../../streams/event/check-options.ts';
import type { SubscriberOptions } from '../options.ts';
import type { Subscription } from '../subscriptions/subscription.ts';

/** How a question is asked. */
export interface BusAskOptions {
  /** Milliseconds until it is given up; the time to connect counts, too. Default `30_000`. */
  readonly timeoutMs?: number;
  /** Gives it up at once, with the signal's reason; the responder is not told. */
  readonly signal?: AbortSignal;
  /** The event whose handler asks: correlation, causation and trace follow from it. */
  readonly causedBy?: EventEnvelope;
  /** What to say about the request besides: its key, priority, trace. */
  readonly fields?: EventFields;
}

/** What a responder may choose; as subscribers do. Default overflow of its mailbox: `'reject'`, so that askers hear of it. */
export interface RespondOptions extends Pick<
  SubscriberOptions,
  'name' | 'mailbox' | 'order' | 'concurrency' | 'timeoutMs' | 'rateLimit' | 'breaker'
> {}

/** Answers one request. What it throws is a refusal: see `bus.respond`. */
export type Responder<Request extends EventEnvelope = EventEnvelope, Reply = unknown> = (
  request: Request,
  context: HandlerContext,
) => Reply | Promise<Reply>;

export const askOptionNames: OptionNames<BusAskOptions> = {
  timeoutMs: true,
  signal: true,
  causedBy: true,
  fields: true,
};

export const respondOptionNames: OptionNames<RespondOptions> = {
  name: true,
  mailbox: true,
  order: true,
  concurrency: true,
  timeoutMs: true,
  rateLimit: true,
  breaker: true,
};

/** The part of a bus that asks and answers. */
export interface BusRequests {
  /**
   * Asks whoever responds to this request, in any process, and resolves to the answer.
   *
   * At most once: a question is sent once and not repeated. Rejects with ValidationError before anything is sent;
   * with AskError, whose `code` says why there is no answer; with TransportError when the connection was lost, or the
   * transport carries no questions.
   */
  ask<Type extends string, Input, Data, ReplyInput, Reply>(
    this: void,
    definition: RequestDefinition<Type, Input, Data, ReplyInput, Reply>,
    data: Input,
    options?: BusAskOptions,
  ): Promise<Reply>;
  /**
   * Answers requests, sharing them with all other responders of their type. It is a subscriber: with lanes, a bounded
   * mailbox, concurrency and, if asked, a breaker.
   *
   * A FatalError says no; the asker is told its message. Other errors with a code are failures that the asker is told
   * of by code and message; of what has no code, it is told that there was one.
   */
  respond<Type extends string, Input, Data, ReplyInput, Reply>(
    this: void,
    definition: RequestDefinition<Type, Input, Data, ReplyInput, Reply>,
    responder: Responder<EventEnvelope<Data, Type>, ReplyInput>,
    options?: RespondOptions,
  ): Subscription;
}

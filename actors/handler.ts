import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { PublishCall } from '../streams/event/publish.ts';

/** What a handler may know and do besides its event. Made new for each call. */
export interface HandlerContext {
  /** Name of the subscriber. */
  readonly subscriber: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborted when the call has timed out or its subscriber was closed; made on first use. */
  readonly signal: AbortSignal;
  /** The same for every try of this event at this subscriber: for stores that deduplicate. */
  readonly idempotencyKey: string;
  /** Where the event stands in the log that it comes from, if it comes from one. */
  readonly position: number | undefined;
  /**
   * Grows with each process that comes to own the event's key, where processes share a subscriber in order. A store
   * that keeps the highest it has seen, and refuses lower ones, is safe from a process that was stopped and woke up.
   */
  readonly fencingToken?: number | undefined;
  /** The event is played again by `bus.replay`: it was handled before, and what is published goes nowhere. */
  readonly replay: boolean;
  /**
   * Publishes an event caused by this one: correlation, causation and trace are set. Await it: what it
   * reports of backpressure, and the guard against a handler that waits for itself, hold for awaited calls.
   */
  readonly publish: PublishCall<Promise<PublishReceipt>>;
}

/** What a publish says when it has succeeded. */
export interface PublishReceipt {
  /** The event's id. */
  readonly id: string;
  /** How far it had come: in the memory of its subscribers, at the operating system, on disk, on other machines. */
  readonly level: 'none' | 'accepted' | 'os' | 'disk' | 'replicated';
  /** Where it stands in the log, with a transport that has one. */
  readonly position?: number;
  /** How many subscriptions it reached; -1 where the transport cannot know. */
  readonly subscribers: number;
}

/**
 * Handles one event. May be synchronous or return a promise; a throw or a rejection is a failure.
 *
 * It may be called again for an event that it has seen (`context.attempt`, `context.idempotencyKey`).
 */
export type Handler<Event extends EventEnvelope = EventEnvelope> = (
  event: Event,
  context: HandlerContext,
) => unknown;

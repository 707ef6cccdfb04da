import { describeError } from '../streams/event/describe-error.ts';
import type { HandlerCall } from '../actors/handler-call.ts';
import type { HandlerContext, PublishReceipt } from '../actors/handler.ts';
import type { EventFields } from '../streams/event/define-event.ts';
import type { EventEnvelope, ValidEnvelope } from '../streams/event/envelope.ts';
import type { Settlement } from '../streams/event/outcome.ts';
import { BatchError, QueueFullError } from '../streams/event/errors.ts';
import type { Publishable } from '../streams/event/publish.ts';
import type { EventFactory } from './event-factory.ts';
import type { PublishGate } from './publish-gate.ts';
import type { Published, Transport, TransportPublishOptions } from './transport/transport.ts';

/** How many events a batch may hold: it is validated and delivered without a pause. */
const maxBatch = 100_000;

/** What `tryPublish` gives: never a throw. */
export type PublishResult =
  | { readonly ok: true; readonly receipt: PublishReceipt }
  | { readonly ok: false; readonly error: Error };

/** What one subscriber did with an event. */
export interface SubscriberOutcome {
  readonly subscriber: string;
  readonly settlement: Settlement;
  /** Why it was dropped or dead-lettered. */
  readonly detail?: unknown;
}

/** What `publishAndWait` resolves to. */
export interface PublishReport extends PublishReceipt {
  /** One entry for each subscriber that the event reached, in the order in which they were done. */
  readonly outcomes: readonly SubscriberOutcome[];
}

export interface PublisherPorts {
  readonly factory: EventFactory;
  readonly gate: PublishGate;
  readonly transport: Transport;
  /** Hears of each publish that failed, however it was made. */
  readonly onError: (error: unknown) => void;
  /** Hears of each failed publish that nobody else hears of. */
  readonly onUnheard: (error: unknown) => void;
}

/** All the ways to publish. One path: make the event, pass the gate, hand it to the transport. */
export class Publisher {
  /** Events that the transport took. */
  published = 0;
  /** Publishes that failed. */
  failed = 0;
  readonly #ports: PublisherPorts;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
  }

  /** Rejects, never throws. */
  publish(
    subject: unknown,
    data?: unknown,
    fields?: EventFields,
    call?: HandlerCall,
    extra?: TransportPublishOptions,
  ): Promise<PublishReceipt> {
    try {
      const event = this.#ports.factory.make(subject, data, fields, call?.delivery.event);
      const options = call === undefined ? extra : { ...extra, origin: call };
      const receipt = event instanceof Promise ? this.#later(event, options) : this.#send(event, options);
      if (!(receipt instanceof Promise)) return Promise.resolve(receipt);
      return receipt.catch(this.#report);
    } catch (error) {
      this.#fail(error);
      return Promise.reject(error);
    }
  }

  async tryPublish(subject: unknown, data?: unknown, fields?: EventFields): Promise<PublishResult> {
    try {
      return { ok: true, receipt: await this.publish(subject, data, fields) };
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** Publishes without waiting: refuses where `publish` would wait. */
  publishSync(subject: unknown, data?: unknown, fields?: EventFields): PublishReceipt {
    try {
      const event = this.#ports.factory.make(subject, data, fields, undefined);
      if (event instanceof Promise) {
        event.catch(() => {});
        throw new TypeError('publishSync cannot wait for an asynchronous schema; use publish');
      }
      const receipt = this.#send(event, { noWait: true });
      if (receipt instanceof Promise) {
        receipt.catch(() => {});
        throw new QueueFullError('publishSync would have to wait; use publish');
      }
      return receipt;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Never throws; what goes wrong is reported to `onError` alone. */
  emit(subject: unknown, data?: unknown, fields?: EventFields): void {
    this.publish(subject, data, fields).catch(this.#ports.onUnheard);
  }

  async publishBatch(events: readonly Publishable[], call?: HandlerCall): Promise<PublishReceipt[]> {
    try {
      const made = await this.#makeAll(events, call);
      const options = call === undefined ? undefined : { origin: call };
      const passing = await this.#ports.gate.passAll(made, options);
      const published = await this.#ports.transport.publish(passing, options);
      this.published += passing.length;
      return made.map((event) => receiptOf(event, published));
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Publishes one of the bus's own events: past the gate, and never an error. */
  announce(type: string, data: object): void {
    try {
      const published = this.#ports.transport.publish([this.#ports.factory.own(type, data)]);
      if (published instanceof Promise) published.catch(this.#ports.onError);
    } catch (error) {
      this.#ports.onError(error);
    }
  }

  /** The `publish` of a handler's context. */
  publishFrom(call: HandlerCall): HandlerContext['publish'] {
    return (subject: unknown, data?: unknown, fields?: EventFields) =>
      this.publish(subject, data, fields, call);
  }

  /** Resolves when every subscriber that the event reached is done with it. */
  async publishAndWait(subject: unknown, data?: unknown, fields?: EventFields): Promise<PublishReport> {
    const { transport } = this.#ports;
    if (!transport.features.settlements) {
      throw new TypeError(
        `publishAndWait needs to hear of settlements, which the ${transport.name} transport does not tell`,
      );
    }
    const outcomes: SubscriberOutcome[] = [];
    let expected = Infinity;
    let done: () => void = () => {};
    const complete = new Promise<void>((resolve) => {
      done = resolve;
    });
    const receipt = await this.publish(subject, data, fields, undefined, {
      onSettled: (_event, subscriber, settlement, detail) => {
        outcomes.push(detail === undefined ? { subscriber, settlement } : { subscriber, settlement, detail });
        if (outcomes.length === expected) done();
      },
    });
    expected = receipt.subscribers;
    if (outcomes.length >= expected) done();
    await complete;
    return { ...receipt, outcomes };
  }

  #send(
    event: ValidEnvelope,
    options: TransportPublishOptions | undefined,
  ): PublishReceipt | Promise<PublishReceipt> {
    const verdict = this.#ports.gate.pass(event, options);
    if (verdict !== 'pass') {
      if (verdict instanceof Promise) return verdict.then(() => this.#deliver(event, options));
      return { id: event.id, level: 'none', subscribers: 0 };
    }
    return this.#deliver(event, options);
  }

  #deliver(
    event: ValidEnvelope,
    options: TransportPublishOptions | undefined,
  ): PublishReceipt | Promise<PublishReceipt> {
    let published: Published | Promise<Published>;
    try {
      published = this.#ports.transport.publish([event], options);
    } catch (error) {
      this.#ports.gate.forget(event);
      throw error;
    }
    this.published += 1;
    if (published instanceof Promise) return this.#awaited(event, published);
    return receiptOf(event, published);
  }

  async #awaited(event: ValidEnvelope, published: Promise<Published>): Promise<PublishReceipt> {
    try {
      return receiptOf(event, await published);
    } catch (error) {
      this.published -= 1;
      this.#ports.gate.forget(event);
      throw error;
    }
  }

  async #later(
    event: Promise<ValidEnvelope>,
    options: TransportPublishOptions | undefined,
  ): Promise<PublishReceipt> {
    return this.#send(await event, options);
  }

  readonly #report = (error: unknown): never => {
    this.#fail(error);
    throw error;
  };

  #fail(error: unknown): void {
    this.failed += 1;
    this.#ports.onError(error);
  }

  /** Makes every event of a batch before any is published; the first that is refused refuses all. */
  async #makeAll(events: readonly Publishable[], call: HandlerCall | undefined): Promise<ValidEnvelope[]> {
    if (!Array.isArray(events)) throw new TypeError('publishBatch takes an array of drafts or events');
    if (events.length > maxBatch) {
      throw new BatchError(
        `a batch holds at most ${maxBatch} events, got ${events.length}; split it`,
        maxBatch,
      );
    }
    const made: ValidEnvelope[] = [];
    const ids = new Set<string>();
    for (const [index, subject] of events.entries()) {
      try {
        const event = this.#ports.factory.make(subject, undefined, undefined, call?.delivery.event);
        const valid = event instanceof Promise ? await event : event;
        if (ids.has(valid.id)) throw new TypeError(`id ${valid.id} stands in the batch twice`);
        ids.add(valid.id);
        made.push(valid);
      } catch (cause) {
        const why = describeError(cause);
        throw new BatchError(
          `event ${index} of the batch was refused, so none was published: ${why}`,
          index,
          { cause },
        );
      }
    }
    return made;
  }
}

function receiptOf(event: EventEnvelope, published: Published): PublishReceipt {
  return { id: event.id, level: published.level, subscribers: published.matched };
}

import { describeError } from '../../streams/event/describe-error.ts';
import type { HandlerCall } from '../../actors/handler-call.ts';
import type { HandlerContext, PublishReceipt } from '../../actors/handler.ts';
import { isDefinition, type AnyEventDefinition, type EventFields } from '../../streams/event/define-event.ts';
import type { ValidEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { QueueFullError } from '../../streams/event/errors.ts';
import type { Publishable } from '../../streams/event/publish.ts';
import type { EventFactory } from './event-factory.ts';
import { makeBatch } from './make-batch.ts';
import type { PublishGate } from './publish-gate.ts';
import { batchReceipts, receiptOf } from './receipts.ts';
import type { Published, Transport, TransportPublishOptions } from '../transport/transport.ts';

const noWait: TransportPublishOptions = { noWait: true };
const together: TransportPublishOptions = { together: true };

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
      const receipt =
        fields === undefined && call === undefined && this.#reachesNobody(subject)
          ? this.#toNobody(subject, data)
          : this.#start(subject, data, fields, call, extra);
      return receipt instanceof Promise ? receipt : Promise.resolve(receipt);
    } catch (error) {
      this.#fail(error);
      return Promise.reject(error);
    }
  }

  async tryPublish(subject: unknown, data?: unknown, fields?: EventFields): Promise<PublishResult> {
    try {
      return { ok: true, receipt: await this.publish(subject, data, fields) };
    } catch (error) {
      return { ok: false, error: asError(error) };
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
      const receipt = this.#send(event, noWait);
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

  /** Never throws; what goes wrong is reported to `onError` and `onUnheard` alone. Makes no promise of its own. */
  emit(subject: unknown, data?: unknown, fields?: EventFields): void {
    try {
      const done =
        fields === undefined && this.#reachesNobody(subject)
          ? this.#checked(subject, data)
          : this.#start(subject, data, fields);
      if (done instanceof Promise) done.catch(this.#ports.onUnheard);
    } catch (error) {
      this.#fail(error);
      // Later, as the failures of promises: what is told of it is not the publisher's to wait for.
      Promise.reject(error).catch(this.#ports.onUnheard);
    }
  }

  async publishBatch(events: readonly Publishable[]): Promise<PublishReceipt[]> {
    const { factory, gate, transport } = this.#ports;
    let passing: readonly ValidEnvelope[] = [];
    try {
      // Not a turn later than it must: what is published after the batch comes after it.
      const making = makeBatch(factory, events);
      const made = making instanceof Promise ? await making : making;
      const passed = gate.passAll(made);
      passing = passed instanceof Promise ? await passed : passed;
      const published = await transport.publish(passing);
      this.published += passing.length;
      return batchReceipts(made, passing, published);
    } catch (error) {
      for (const event of passing) gate.forget(event.id);
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

  /** What it throws has been told nobody; a promise that it gives has told of its failure when it rejects. */
  #start(
    subject: unknown,
    data: unknown,
    fields: EventFields | undefined,
    call?: HandlerCall,
    extra?: TransportPublishOptions,
  ): PublishReceipt | Promise<PublishReceipt> {
    const event = this.#ports.factory.make(subject, data, fields, call?.delivery.event);
    const options = call === undefined ? extra : { ...together, ...extra, origin: call };
    if (!(event instanceof Promise)) return this.#send(event, options);
    return event.then((made) => this.#told(() => this.#send(made, options)), this.#report);
  }

  /** Whether nobody would get an event that `subject` defines, so that there is no need to make it. */
  #reachesNobody(subject: unknown): subject is AnyEventDefinition {
    const { factory, gate, transport } = this.#ports;
    return (
      transport.hears !== undefined &&
      isDefinition(subject) &&
      !transport.hears(subject.type) &&
      gate.clear &&
      factory.checks
    );
  }

  #toNobody(definition: AnyEventDefinition, data: unknown): PublishReceipt | Promise<PublishReceipt> {
    const { factory, transport } = this.#ports;
    const { level } = transport.features;
    const checked = this.#checked(definition, data);
    if (checked === undefined) return { id: factory.id(), level, subscribers: 0 };
    return checked.then(() => ({ id: factory.id(), level, subscribers: 0 }));
  }

  #checked(definition: AnyEventDefinition, data: unknown): Promise<void> | undefined {
    const checked = this.#ports.factory.check(definition, data);
    if (checked instanceof Promise) return checked.then(this.#count, this.#report);
    this.#count();
    return undefined;
  }

  readonly #count = (): void => {
    this.published += 1;
  };

  #send(
    event: ValidEnvelope,
    options: TransportPublishOptions | undefined,
  ): PublishReceipt | Promise<PublishReceipt> {
    const verdict = this.#ports.gate.pass(event, options);
    if (verdict === 'pass') return this.#deliver(event, options);
    if (verdict === 'discard') return { id: event.id, level: 'none', subscribers: 0 };
    return verdict.then(() => this.#told(() => this.#deliver(event, options)));
  }

  #deliver(
    event: ValidEnvelope,
    options: TransportPublishOptions = together,
  ): PublishReceipt | Promise<PublishReceipt> {
    let published: Published | Promise<Published>;
    try {
      published = this.#ports.transport.publish([event], options);
    } catch (error) {
      this.#ports.gate.forget(event.id);
      throw error;
    }
    this.published += 1;
    if (published instanceof Promise) return this.#awaited(event, published);
    return receiptOf(event.id, published);
  }

  // With no hold on the event: thousands may wait for a server, and memory is not to keep their payloads meanwhile.
  #awaited({ id }: ValidEnvelope, published: Promise<Published>): Promise<PublishReceipt> {
    return published.then(
      (reached) => {
        const fault = reached.faults?.get(id);
        return fault === undefined ? receiptOf(id, reached) : this.#notTaken(id, fault);
      },
      this.#ports.gate.remembers ? (error: unknown) => this.#notTaken(id, error) : this.#notSent,
    );
  }

  #notTaken(id: string, error: unknown): never {
    this.#ports.gate.forget(id);
    return this.#notSent(error);
  }

  readonly #notSent = (error: unknown): never => {
    this.published -= 1;
    return this.#report(error);
  };

  /** Tells of what is thrown, at a time when nobody else could. */
  #told(send: () => PublishReceipt | Promise<PublishReceipt>): PublishReceipt | Promise<PublishReceipt> {
    try {
      return send();
    } catch (error) {
      return this.#report(error);
    }
  }

  readonly #report = (error: unknown): never => {
    this.#fail(error);
    throw error;
  };

  #fail(error: unknown): void {
    this.failed += 1;
    this.#ports.onError(error);
  }
}

/** A transport may reject with whatever it likes. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describeError(thrown), { cause: thrown });
}

import type { Delivery } from '../streams/event/delivery.ts';
import type { HandlerContext } from './handler.ts';

/** Who runs a call. */
export interface CallOwner {
  readonly name: string;
  publishFrom(call: HandlerCall): HandlerContext['publish'];
}

/** One call of a handler: what the handler sees as its context, and what its end is reported with. */
export class HandlerCall implements HandlerContext {
  readonly delivery: Delivery;
  readonly startedAt: number;
  /** Number of the breaker's state that the call started in. */
  readonly epoch: number;
  readonly #owner: CallOwner;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;

  constructor(delivery: Delivery, owner: CallOwner, startedAt: number, epoch: number) {
    this.delivery = delivery;
    this.#owner = owner;
    this.startedAt = startedAt;
    this.epoch = epoch;
  }

  get subscriber(): string {
    return this.#owner.name;
  }

  get attempt(): number {
    return this.delivery.attempt;
  }

  /** Made on first use: an AbortController costs more than all the rest of a call. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  get idempotencyKey(): string {
    return `${this.#owner.name}:${this.delivery.event.id}`;
  }

  get position(): number | undefined {
    return this.delivery.position;
  }

  get fencingToken(): number | undefined {
    return this.delivery.fencingToken;
  }

  get replay(): boolean {
    return false;
  }

  get publish(): HandlerContext['publish'] {
    return this.#owner.publishFrom(this);
  }

  /** Tells the handler, if it listens, to give up. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }
}

import type { Clock, TimerHandle } from '../streams/event/clock.ts';
import type { Delivery } from '../streams/event/delivery.ts';
import { HandlerTimeoutError } from '../streams/event/errors.ts';
import { HandlerCall, type CallOwner } from './handler-call.ts';
import type { Handler, HandlerContext } from './handler.ts';

/**
 * A microsecond. A sum of fractions can fall short of the timeout by its last bit, and a timer for the rest would
 * move no clock: the call would be looked at again and again at one instant.
 */
const roundingMs = 0.001;

export interface DispatcherOptions {
  /** Name of the subscriber. */
  readonly name: string;
  /** Milliseconds that a call may take; `Infinity` for no limit. */
  readonly timeoutMs: number;
}

/** What the dispatcher asks of its surroundings, once a call. None of it may throw. */
export interface DispatcherPorts {
  readonly clock: Clock;
  /** The handler to call now: the fallback while the breaker is open, if there is one. */
  readonly handler: () => Handler;
  /** Number of the breaker's current state. */
  readonly epoch: () => number;
  /** Publishes on behalf of a handler. */
  readonly publish: (call: HandlerCall) => HandlerContext['publish'];
  /** A call succeeded. */
  readonly succeeded: (call: HandlerCall, durationMs: number) => void;
  /** A call failed: threw, rejected or timed out. */
  readonly failed: (call: HandlerCall, durationMs: number, error: unknown, timedOut: boolean) => void;
}

/**
 * Calls the handler for each delivery and says how each call ended, exactly once.
 *
 * It trusts the credit to bound how many run at a time. Callbacks for promises are made once a slot, not
 * once a call; a slot whose call timed out is given up together with them, so that a late result finds
 * nobody. One timer serves all calls: the timeout is the same for all, so the oldest ends first.
 */
export class Dispatcher implements CallOwner {
  readonly name: string;
  readonly #ports: DispatcherPorts;
  readonly #timeoutMs: number;
  /** All slots in use or free; a slot given up is in neither list. */
  #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  #timer: TimerHandle;
  /** When a call has just ended, in this very step; NaN otherwise. */
  #endedAt = Number.NaN;

  constructor(options: DispatcherOptions, ports: DispatcherPorts) {
    this.name = options.name;
    this.#timeoutMs = options.timeoutMs;
    this.#ports = ports;
  }

  /** How many calls run now. */
  get running(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Starts one call. Never throws. */
  dispatch(delivery: Delivery): void {
    const ports = this.#ports;
    // The end of one call starts the next, in the same step: one reading of the clock serves both.
    const startedAt = Number.isNaN(this.#endedAt) ? ports.clock.monotonic() : this.#endedAt;
    this.#endedAt = Number.NaN;
    const call = new HandlerCall(delivery, this, startedAt, ports.epoch());
    let result: unknown;
    try {
      result = ports.handler()(delivery.event, call);
      if (!isThenable(result)) {
        result = undefined;
      }
    } catch (error) {
      this.#end(call, true, error);
      return;
    }
    if (result === undefined) this.#end(call, false, undefined);
    else this.#follow(call, result as PromiseLike<unknown>);
  }

  /** Gives up all running calls, and returns them: nothing is reported of them any more. */
  dispose(): HandlerCall[] {
    this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const calls: HandlerCall[] = [];
    for (const slot of this.#slots) {
      if (slot.call !== undefined) calls.push(slot.call);
      slot.call = undefined;
    }
    this.#slots = [];
    this.#free.length = 0;
    return calls;
  }

  /** Tells the handlers whose deliveries were revoked to give up. */
  abortRevoked(reason: Error): void {
    for (const { call } of this.#slots) if (call?.delivery.revoked === true) call.abort(reason);
  }

  publishFrom(call: HandlerCall): HandlerContext['publish'] {
    return this.#ports.publish(call);
  }

  #follow(call: HandlerCall, result: PromiseLike<unknown>): void {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = new Slot(this.#settle);
      this.#slots.push(slot);
    }
    slot.call = call;
    if (this.#timer === undefined && this.#timeoutMs !== Infinity) this.#arm(this.#timeoutMs);
    slot.follow(result);
  }

  readonly #settle = (slot: Slot, failed: boolean, error: unknown): void => {
    const { call } = slot;
    // Given up after its timeout: this is the late result.
    if (call === undefined) return;
    slot.call = undefined;
    this.#free.push(slot);
    this.#end(call, failed, error);
  };

  #end(call: HandlerCall, failed: boolean, error: unknown): void {
    const now = this.#ports.clock.monotonic();
    const durationMs = now - call.startedAt;
    if (failed) {
      this.#ports.failed(call, durationMs, error, false);
      return;
    }
    this.#endedAt = now;
    this.#ports.succeeded(call, durationMs);
    this.#endedAt = Number.NaN;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#ports.clock.setTimeout(this.#expire, delayMs, true);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = this.#ports.clock.monotonic();
    const expired: HandlerCall[] = [];
    let earliest = Infinity;
    for (const slot of this.#slots) {
      const { call } = slot;
      if (call === undefined) continue;
      if (now - call.startedAt >= this.#timeoutMs - roundingMs) {
        slot.call = undefined;
        slot.givenUp = true;
        expired.push(call);
      } else if (call.startedAt < earliest) earliest = call.startedAt;
    }
    if (expired.length > 0) this.#slots = this.#slots.filter((slot) => !slot.givenUp);
    if (earliest !== Infinity) this.#arm(Math.max(0, earliest + this.#timeoutMs - now));
    for (const call of expired) this.#timeOut(call);
  };

  #timeOut(call: HandlerCall): void {
    const error = new HandlerTimeoutError(
      `handler of ${this.name} did not settle event ${call.delivery.event.id} within ${this.#timeoutMs} ms`,
    );
    call.abort(error);
    this.#ports.failed(call, this.#ports.clock.monotonic() - call.startedAt, error, true);
  }
}

/** A place for one running call, with callbacks for its promise that outlive the call. */
class Slot {
  call: HandlerCall | undefined;
  givenUp = false;
  readonly #fulfilled: () => void;
  readonly #rejected: (error: unknown) => void;

  constructor(settle: (slot: Slot, failed: boolean, error: unknown) => void) {
    this.#fulfilled = () => settle(this, false, undefined);
    this.#rejected = (error) => settle(this, true, error);
  }

  /** A foreign thenable may call both callbacks, or twice, or throw: only a real promise is trusted. */
  follow(result: PromiseLike<unknown>): void {
    const promise = result instanceof Promise ? (result as Promise<unknown>) : Promise.resolve(result);
    void promise.then(this.#fulfilled, this.#rejected);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

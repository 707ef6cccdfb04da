import type { Subscriber } from 'rxjs';
import { QueueFullError } from '../event/errors.ts';
import { RingBuffer } from '../queue/ring-buffer.ts';
import type { FlowStage } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface AsyncMapParts<T, R> {
  /** Names the operator in errors. */
  readonly name: string;
  readonly map: (value: T) => R | PromiseLike<R>;
  readonly concurrency: number;
  /** How many more values may wait. */
  readonly capacity: number;
  /** Results come in the order of their values. */
  readonly inOrder: boolean;
  readonly errors: SideOutput<FailedValue<T>> | undefined;
}

/** A value at work, in order of its arrival. */
interface Slot<T, R> {
  readonly value: T;
  state: 'running' | 'done' | 'failed';
  result: R | undefined;
  error: unknown;
}

/**
 * Maps values by a function that may or may not be asynchronous; what it returns at once costs no promise.
 *
 *     value ─► [ waiting, ≤ capacity ] ─► [ at work, ≤ concurrency ] ─► output
 *
 * In order, a slot is free again only when its result has been emitted, so that a slow value holds back at
 * most `concurrency` results, not all that come after it.
 */
export class AsyncMapper<T, R> implements FlowStage<T> {
  readonly #parts: AsyncMapParts<T, R>;
  readonly #output: Subscriber<R>;
  readonly #waiting = new RingBuffer<{ readonly value: T }>();
  readonly #slots = new RingBuffer<Slot<T, R>>();
  #running = 0;
  #pumping = false;
  #ended = false;

  constructor(parts: AsyncMapParts<T, R>, output: Subscriber<R>) {
    this.#parts = parts;
    this.#output = output;
  }

  value(value: T): void {
    const { capacity, concurrency, name } = this.#parts;
    if (!this.#pumping && this.#waiting.size === 0 && this.#atWork < concurrency) {
      this.#pumping = true;
      this.#start(value);
      this.#pumping = false;
    } else {
      if (this.#waiting.size >= capacity) {
        throw new QueueFullError(
          `${name} already holds capacity = ${capacity} values; raise it or slow the source`,
        );
      }
      this.#waiting.pushBack({ value });
    }
    this.#pump();
  }

  end(): void {
    this.#ended = true;
    this.#pump();
  }

  dispose(): void {
    this.#waiting.clear();
    this.#slots.clear();
  }

  get #atWork(): number {
    return this.#parts.inOrder ? this.#slots.size : this.#running;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    do {
      this.#emitDone();
      while (this.#atWork < this.#parts.concurrency && !this.#output.closed) {
        const next = this.#waiting.popFront();
        if (next === undefined) break;
        this.#start(next.value);
      }
    } while (this.#slots.peekFront() !== undefined && this.#slots.peekFront()?.state !== 'running');
    this.#pumping = false;
    if (this.#ended && this.#running === 0 && this.#waiting.size === 0 && this.#slots.size === 0) {
      this.#output.complete();
    }
  }

  #start(value: T): void {
    let result: R | PromiseLike<R>;
    try {
      result = this.#parts.map(value);
    } catch (error) {
      this.#settleNow({ value, state: 'failed', result: undefined, error });
      return;
    }
    if (!isThenable(result)) {
      if (this.#slots.size === 0) this.#output.next(result);
      else this.#settleNow({ value, state: 'done', result, error: undefined });
      return;
    }
    const slot: Slot<T, R> = { value, state: 'running', result: undefined, error: undefined };
    this.#running += 1;
    if (this.#parts.inOrder) this.#slots.pushBack(slot);
    // A foreign thenable may call back at once, or twice: only a real promise is trusted.
    void Promise.resolve(result).then(
      (settled) => this.#settled(slot, 'done', settled, undefined),
      (error: unknown) => this.#settled(slot, 'failed', undefined, error),
    );
  }

  #settled(slot: Slot<T, R>, state: 'done' | 'failed', result: R | undefined, error: unknown): void {
    if (this.#output.closed) return;
    this.#running -= 1;
    slot.state = state;
    slot.result = result;
    slot.error = error;
    if (!this.#parts.inOrder) this.#emit(slot);
    this.#pump();
  }

  /** Known at once: emitted at once, unless others are before it. */
  #settleNow(slot: Slot<T, R>): void {
    if (this.#parts.inOrder && this.#slots.size > 0) this.#slots.pushBack(slot);
    else this.#emit(slot);
  }

  #emitDone(): void {
    for (let slot = this.#slots.peekFront(); slot !== undefined; slot = this.#slots.peekFront()) {
      if (slot.state === 'running' || this.#output.closed) return;
      this.#slots.popFront();
      this.#emit(slot);
    }
  }

  #emit({ state, value, result, error }: Slot<T, R>): void {
    if (state === 'done') this.#output.next(result as R);
    else if (this.#parts.errors === undefined) this.#output.error(error);
    else this.#parts.errors.next({ value, error });
  }
}

function isThenable<R>(value: R | PromiseLike<R>): value is PromiseLike<R> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

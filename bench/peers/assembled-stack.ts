import { randomUUID } from 'node:crypto';
import { importPeer } from '../harness/peers.ts';
import { orderSchema, type Order } from '../workload/orders.ts';

interface EmitterModule {
  readonly EventEmitter: new () => {
    on(type: string, listener: (event: AssembledEvent) => void): void;
    emit(type: string, event: AssembledEvent): boolean;
  };
}
export interface PriorityQueue {
  readonly size: number;
  add(task: () => unknown, options?: { readonly priority: number }): Promise<unknown>;
  onSizeLessThan(limit: number): Promise<void>;
  onIdle(): Promise<void>;
  pause(): void;
}
export interface PriorityQueueModule {
  readonly default: new (options: { readonly concurrency: number }) => PriorityQueue;
}
interface BreakerModule {
  readonly default: new (
    action: (event: AssembledEvent) => Promise<unknown>,
    options: Readonly<Record<string, number>>,
  ) => { fire(event: AssembledEvent): Promise<unknown> };
}

/** What such a stack calls an event: the fields that all need, made by hand. */
export interface AssembledEvent {
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly data: Order;
}

export interface AssembledStack {
  publish(data: unknown): void;
  /** Resolves when fewer events wait than a mailbox of Breakwater holds by default. */
  room(): Promise<void>;
  idle(): Promise<void>;
}

const maxAttempts = 3;

/**
 * The stack that people put together for what `in-memory` does: zod checks, eventemitter3 routes, p-queue
 * orders by priority and runs 16 at once, opossum breaks the circuit and times out, a loop retries. Its
 * statistics are those that opossum keeps.
 */
export async function assembledStack(
  handle: (event: AssembledEvent) => Promise<void>,
): Promise<AssembledStack> {
  const { EventEmitter } = await importPeer<EmitterModule>('eventemitter3');
  const { default: PQueue } = await importPeer<PriorityQueueModule>('p-queue');
  const { default: CircuitBreaker } = await importPeer<BreakerModule>('opossum');
  const emitter = new EventEmitter();
  const queue = new PQueue({ concurrency: 16 });
  const breaker = new CircuitBreaker(handle, {
    timeout: 30_000,
    errorThresholdPercentage: 50,
    volumeThreshold: 20,
    resetTimeout: 30_000,
  });

  async function attempt(event: AssembledEvent): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        await breaker.fire(event);
        return;
      } catch (error) {
        if (tried === maxAttempts) throw error;
      }
    }
  }

  emitter.on('order.placed', (event) => {
    queue.add(() => attempt(event), { priority: 3 - event.data.severity }).catch(() => {});
  });
  return {
    publish(data) {
      const order = orderSchema.parse(data);
      emitter.emit('order.placed', { id: randomUUID(), type: 'order.placed', time: Date.now(), data: order });
    },
    room: () => (queue.size < 1024 ? Promise.resolve() : queue.onSizeLessThan(1024)),
    idle: () => queue.onIdle(),
  };
}

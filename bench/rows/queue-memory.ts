import { randomUUID } from 'node:crypto';
import { createBus, defineEvent, type EventDefinition } from 'breakwater';
import { z, type ZodType } from 'zod';
import { atMost, noGoal } from '../harness/goals.ts';
import { heapInUse } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import type { PriorityQueueModule } from '../peers/assembled-stack.ts';
import type { CallbackQueueModule } from '../peers/fastq.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { orderSchema, silent, type Order } from '../workload/orders.ts';

const queued = 5000;

interface Payloads<Data> {
  readonly definition: EventDefinition<string, Data, Data>;
  readonly schema: ZodType<Data>;
  /** A payload of its own for each event, as it comes out of a decoder. */
  readonly make: (n: number) => Data;
}

const tickSchema = z.object({ n: z.number() });
const ticks: Payloads<{ n: number }> = {
  definition: defineEvent('clock.tick', tickSchema),
  schema: tickSchema,
  make: (n) => ({ n }),
};
const orders: Payloads<Order> = {
  definition: orderPlaced,
  schema: orderSchema,
  make: (n) => ({ orderId: `order-${n}`, total: n * 1.5, severity: n % 4 }),
};

/** Queues that are filled for one figure: their mean, for the engine's own growth is as large as one. */
const queues = 8;

/** Fills queues and gives the megabytes that each takes, the queue itself included. */
async function growth(fill: () => unknown): Promise<number> {
  const kept: unknown[] = [];
  const before = heapInUse();
  for (let n = 0; n < queues; n += 1) kept.push(await fill());
  const grown = heapInUse() - before;
  if (kept.includes(undefined)) throw new TypeError('what was filled must be kept');
  return grown / queues / 1e6;
}

function onBus<Data>({ definition, make }: Payloads<Data>): Measure {
  return () =>
    growth(async () => {
      const bus = createBus({ source: 'bench', logger: silent });
      const subscription = bus.subscribe(definition, () => {}, { mailbox: { capacity: queued } });
      subscription.pause();
      for (let n = 0; n < queued; n += 1) await bus.publish(definition, make(n));
      return bus;
    });
}

/** An event made by hand with the fields that all have: the peers queue what Breakwater queues. */
function eventByHand<Data>({ definition, schema, make }: Payloads<Data>, n: number): object {
  const data = schema.parse(make(n));
  const { type } = definition;
  return { id: randomUUID(), type, source: 'bench', time: Date.now(), priority: 'normal', data };
}

async function onPriorityQueue<Data>(payloads: Payloads<Data>): Promise<Measure> {
  const { default: PQueue } = await importPeer<PriorityQueueModule>('p-queue');
  return () =>
    growth(() => {
      const queue = new PQueue({ concurrency: 16 });
      queue.pause();
      for (let n = 0; n < queued; n += 1) {
        const event = eventByHand(payloads, n);
        void queue.add(() => event, { priority: n % 4 });
      }
      return queue;
    });
}

async function onFastq<Data>(payloads: Payloads<Data>): Promise<Measure> {
  const { default: fastq } = await importPeer<CallbackQueueModule>('fastq');
  return () =>
    growth(() => {
      const queue = fastq.promise(async () => {}, 16);
      queue.pause();
      for (let n = 0; n < queued; n += 1) void queue.push(eventByHand(payloads, n));
      return queue;
    });
}

function subjects<Data>(payloads: Payloads<Data>): { readonly subject: Subject; readonly peers: Subject[] } {
  return {
    subject: { name: 'breakwater', prepare: () => onBus(payloads) },
    peers: [
      { name: 'p-queue', prepare: () => onPriorityQueue(payloads) },
      { name: 'fastq', prepare: () => onFastq(payloads) },
    ],
  };
}

const shared = { unit: 'MB', better: 'lower', nodeFlags: ['--expose-gc'] } as const;
const count = queued.toLocaleString('en');

export const queueMemory: Row = {
  ...shared,
  ...subjects(ticks),
  id: 'queue-memory',
  what: `heap that ${count} queued events take, each with a number as its payload`,
  goal: atMost(1, 'MB'),
};

export const queueMemoryOrders: Row = {
  ...shared,
  ...subjects(orders),
  id: 'queue-memory-orders',
  what: `heap that ${count} queued orders take, each with a key and a payload of three fields`,
  goal: noGoal,
};

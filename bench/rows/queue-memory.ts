import { createBus } from 'breakwater';
import { randomUUID } from 'node:crypto';
import { atMost } from '../harness/goals.ts';
import { heapInUse } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Measure, Row } from '../harness/row.ts';
import type { PriorityQueueModule } from '../peers/assembled-stack.ts';
import type { CallbackQueueModule } from '../peers/fastq.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { orderSchema, silent } from '../workload/orders.ts';

const queued = 5000;

/** Fills a queue and gives the megabytes by which the heap has grown. What `fill` returns is kept until then. */
async function growth(fill: () => unknown): Promise<number> {
  const before = heapInUse();
  const kept = await fill();
  const after = heapInUse();
  if (kept === undefined) throw new TypeError('what was filled must be kept');
  return (after - before) / 1e6;
}

/** A payload of its own for each event, as it comes out of a decoder. */
function payload(n: number): { orderId: string; total: number; severity: number } {
  return { orderId: `order-${n}`, total: n * 1.5, severity: n % 4 };
}

/** An event made by hand with the fields that all have: the peers queue what Breakwater queues. */
function eventByHand(n: number): object {
  const data = orderSchema.parse(payload(n));
  return {
    id: randomUUID(),
    type: 'order.placed',
    source: 'bench',
    time: Date.now(),
    priority: 'normal',
    data,
  };
}

function onBus(): Measure {
  return () =>
    growth(async () => {
      const bus = createBus({ source: 'bench', logger: silent, subscriberDefaults: {} });
      const subscription = bus.subscribe(orderPlaced, () => {}, { mailbox: { capacity: queued } });
      subscription.pause();
      for (let n = 0; n < queued; n += 1) await bus.publish(orderPlaced, payload(n));
      return bus;
    });
}

async function onPriorityQueue(): Promise<Measure> {
  const { default: PQueue } = await importPeer<PriorityQueueModule>('p-queue');
  return () =>
    growth(() => {
      const queue = new PQueue({ concurrency: 16 });
      queue.pause();
      for (let n = 0; n < queued; n += 1) {
        const event = eventByHand(n);
        void queue.add(() => event, { priority: n % 4 });
      }
      return queue;
    });
}

async function onFastq(): Promise<Measure> {
  const { default: fastq } = await importPeer<CallbackQueueModule>('fastq');
  return () =>
    growth(() => {
      const queue = fastq.promise(async () => {}, 16);
      queue.pause();
      for (let n = 0; n < queued; n += 1) void queue.push(eventByHand(n));
      return queue;
    });
}

export const queueMemory: Row = {
  id: 'queue-memory',
  what: `heap that ${queued.toLocaleString('en')} queued events take, each with a payload of its own`,
  unit: 'MB',
  better: 'lower',
  goal: atMost(1, 'MB'),
  subject: { name: 'breakwater', prepare: onBus },
  peers: [
    { name: 'p-queue', prepare: onPriorityQueue },
    { name: 'fastq', prepare: onFastq },
  ],
  nodeFlags: ['--expose-gc'],
};

import { createBus, defineEvent } from 'breakwater';
import { z } from 'zod';
import { atMost } from '../harness/goals.ts';
import { quantile } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Measure, Row } from '../harness/row.ts';
import type { PriorityQueueModule } from '../peers/assembled-stack.ts';
import type { CallbackQueueModule } from '../peers/fastq.ts';
import { silent } from '../workload/orders.ts';
import { nextTurn } from '../workload/next-turn.ts';

const urgentEvents = 1000;
/** Low events that wait whenever an urgent one comes. */
const backlog = 1024;

const work = defineEvent('work.todo', z.object({ publishedAt: z.number() }));

interface Lanes {
  /** Adds a low event; resolves when there is room for another. */
  readonly low: () => Promise<unknown> | undefined;
  readonly urgent: (publishedAt: number) => void;
}

/**
 * Keeps the low lane full while an urgent event comes every turn of the event loop, and gives the 99th
 * percentile of the milliseconds from an urgent event's publish to its start. A handler waits for one turn,
 * as for I/O.
 */
async function urgentLatency(open: (started: (publishedAt: number) => void) => Lanes): Promise<number> {
  const latencies: number[] = [];
  const lanes = open((publishedAt) => latencies.push(performance.now() - publishedAt));
  let saturating = true;
  const saturated = (async () => {
    while (saturating) await lanes.low();
  })();
  for (let warm = 0; warm < 200; warm += 1) await nextTurn();
  for (let n = 0; n < urgentEvents; n += 1) {
    lanes.urgent(performance.now());
    await nextTurn();
  }
  while (latencies.length < urgentEvents) await nextTurn();
  saturating = false;
  await saturated;
  return quantile(latencies, 0.99);
}

function onBus(): Measure {
  return () =>
    urgentLatency((started) => {
      const bus = createBus({ source: 'bench', logger: silent });
      bus.subscribe(work, async ({ data }) => {
        if (data.publishedAt > 0) started(data.publishedAt);
        await nextTurn();
      });
      return {
        low: () => bus.publish(work, { publishedAt: 0 }, { priority: 'low' }),
        urgent: (publishedAt) => bus.emit(work, { publishedAt }, { priority: 'critical' }),
      };
    });
}

async function onPriorityQueue(): Promise<Measure> {
  const { default: PQueue } = await importPeer<PriorityQueueModule>('p-queue');
  return () =>
    urgentLatency((started) => {
      const queue = new PQueue({ concurrency: 16 });
      const urgent = async (publishedAt: number): Promise<void> => {
        started(publishedAt);
        await nextTurn();
      };
      return {
        low: () => {
          void queue.add(nextTurn, { priority: 0 });
          return queue.onSizeLessThan(backlog);
        },
        urgent: (publishedAt) => void queue.add(() => urgent(publishedAt), { priority: 3 }),
      };
    });
}

async function onFastq(): Promise<Measure> {
  const { default: fastq } = await importPeer<CallbackQueueModule>('fastq');
  return () =>
    urgentLatency((started) => {
      const queue = fastq.promise(async (publishedAt: number) => {
        if (publishedAt > 0) started(publishedAt);
        await nextTurn();
      }, 16);
      return {
        low: () => {
          void queue.push(0);
          return queue.length() < backlog ? Promise.resolve() : nextTurn();
        },
        urgent: (publishedAt) => void queue.push(publishedAt),
      };
    });
}

export const laneLatency: Row = {
  id: 'lane-latency',
  what: `p99 from publish to start of a critical event while ${backlog.toLocaleString('en')} low ones wait`,
  unit: 'ms',
  better: 'lower',
  goal: atMost(5, 'ms'),
  subject: { name: 'breakwater', prepare: onBus },
  peers: [
    { name: 'p-queue by priority', prepare: onPriorityQueue },
    { name: 'fastq, first in first out', prepare: onFastq },
  ],
  runs: 3,
  warmUps: 1,
};

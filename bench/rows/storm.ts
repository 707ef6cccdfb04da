import { createBus, defineEvent, type Bus, type Priority } from 'breakwater';
import { z } from 'zod';
import { atMost } from '../harness/goals.ts';
import type { Measure, Row } from '../harness/row.ts';
import { laneOfSeverity, silent } from '../workload/orders.ts';

const events = 100_000;
const concurrency = 16;

const stormy = defineEvent('storm.event', z.object({ n: z.number() }), {
  priority: ({ n }) => priorityOf(n),
});

/** An uneven mix that looks random and is the same in every run: 6 % critical, 12 % high, 25 % normal. */
function priorityOf(n: number): Priority {
  const roll = Math.imul(n + 1, 2_654_435_761) >>> 28;
  return laneOfSeverity[roll < 1 ? 0 : roll < 3 ? 1 : roll < 7 ? 2 : 3] ?? 'low';
}

interface Start {
  readonly priority: Priority;
  readonly attempt: number;
}

interface Storm {
  /** All starts in their order, retries included. */
  readonly started: readonly Start[];
  readonly bus: Bus;
}

/** Publishes the whole burst before the first start, one handler in fifty failing once. */
async function burst(): Promise<Storm> {
  const bus = createBus({ source: 'bench', logger: silent });
  const started: Start[] = [];
  bus.subscribe(
    stormy,
    async ({ data, priority }, { attempt }) => {
      started.push({ priority, attempt });
      if (attempt === 1 && data.n % 50 === 0) throw new Error('the first attempt fails');
    },
    { name: 'storm', mailbox: { capacity: events }, breaker: false, retry: { baseMs: 1, budgetRatio: 1 } },
  );
  for (let n = 0; n < events; n += 1) bus.publishSync(stormy, { n });
  await bus.idle();
  return { started, bus };
}

/** The largest share of its bound that the k-th critical event used: lower starts over 7·⌈k/8⌉ + concurrency. */
async function inversion(): Promise<number> {
  const { started, bus } = await burst();
  await bus.close();
  let k = 0;
  let lower = 0;
  let worst = 0;
  for (const { priority, attempt } of started) {
    if (priority !== 'critical') {
      lower += 1;
      continue;
    }
    k += 1;
    // One that failed did not wait here all the time: it was away until its retry.
    if (attempt === 1) worst = Math.max(worst, lower / (7 * Math.ceil(k / 8) + concurrency));
  }
  return worst;
}

/** The most starts of other lanes between two starts of the low lane, which waits all the time. */
async function starvation(): Promise<number> {
  const { started, bus } = await burst();
  await bus.close();
  let others = 0;
  let worst = 0;
  for (const { priority } of started) {
    if (priority === 'low') others = 0;
    else others += 1;
    worst = Math.max(worst, others);
  }
  return worst;
}

/** Events that were published, and neither handled nor dead-lettered nor dropped; or counted twice. */
async function unaccounted(): Promise<number> {
  const { bus } = await burst();
  const { published, subscribers, deadLetters } = bus.stats();
  const storm = subscribers.find(({ name }) => name === 'storm');
  await bus.close();
  if (storm === undefined) throw new Error('the subscriber is gone');
  return Math.abs(published - storm.succeeded - deadLetters - storm.dropped);
}

function row(id: string, what: string, unit: string, most: number, measure: Measure): Row {
  return {
    id: `storm-${id}`,
    what: `${what}, in a burst of ${events.toLocaleString('en')}`,
    unit,
    better: 'lower',
    goal: atMost(most, unit),
    subject: { name: 'breakwater', prepare: () => measure },
    peers: [],
    runs: 3,
    warmUps: 0,
  };
}

export const stormInversion: Row = row(
  'inversion',
  'lower starts before the k-th critical one, as a share of 7·⌈k/8⌉ + 16',
  'of the bound',
  1,
  inversion,
);
export const stormStarvation: Row = row(
  'starvation',
  'other starts between two of the low lane',
  'starts',
  28,
  starvation,
);
export const stormConservation: Row = row('conservation', 'events unaccounted for', 'events', 0, unaccounted);

import { createBus, defineEvent, type Handler } from 'breakwater';
import { z } from 'zod';
import { atMost } from '../harness/goals.ts';
import { median, quantile } from '../harness/measure.ts';
import type { Row } from '../harness/row.ts';
import { nextTurn } from '../workload/next-turn.ts';
import { silent } from '../workload/orders.ts';

const events = 100_000;
const healthySubscribers = 4;
/** Published in one go, then the loop turns until the healthy ones are done. */
const gust = 64;

const stormy = defineEvent('storm.event', z.object({ publishedAt: z.number() }));

const calm: Handler = () => {};
const hung: Handler = () => new Promise(() => {});
const throwing: Handler = () => {
  throw new Error('it always throws');
};

/** The 99th percentile of publish to start at the healthy subscribers, in milliseconds. */
async function healthyLatency(first: Handler, second: Handler): Promise<number> {
  const bus = createBus({ source: 'bench', logger: silent });
  const latencies = new Float64Array(events * healthySubscribers);
  let handled = 0;
  // Their mailboxes fill; with `block` they would hold up the publisher, which is what the option says.
  const drops = { mailbox: { overflow: 'drop-newest' } } as const;
  bus.subscribe(stormy, first, { name: 'first', ...drops });
  bus.subscribe(stormy, second, { name: 'second', ...drops });
  for (let n = 0; n < healthySubscribers; n += 1) {
    bus.subscribe(stormy, async ({ data }) => {
      latencies[handled] = performance.now() - data.publishedAt;
      handled += 1;
    });
  }
  for (let n = 0; n < events; n += gust) {
    const count = Math.min(gust, events - n);
    for (let i = 0; i < count; i += 1) bus.emit(stormy, { publishedAt: performance.now() });
    while (handled < (n + count) * healthySubscribers) await nextTurn();
  }
  await bus.close({ deadlineMs: 0 });
  return quantile([...latencies], 0.99);
}

/** Storm over calm, the two measured in turns, so that both see the same machine. */
async function stormOverCalm(): Promise<number> {
  const ratios: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const before = await healthyLatency(calm, calm);
    const during = await healthyLatency(hung, throwing);
    const after = await healthyLatency(calm, calm);
    ratios.push(during / ((before + after) / 2));
  }
  return median(ratios);
}

export const isolation: Row = {
  id: 'isolation',
  what: `p99 of ${healthySubscribers} subscribers next to a hung and a throwing one, over that next to two calm ones`,
  unit: 'ratio',
  better: 'lower',
  goal: atMost(1.1, ''),
  subject: { name: 'breakwater', prepare: () => stormOverCalm },
  peers: [],
  runs: 3,
  warmUps: 1,
};

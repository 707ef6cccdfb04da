import { createBus, defineEvent, type Handler } from 'breakwater';
import { z } from 'zod';
import { atMost } from '../harness/goals.ts';
import { cpuMs, median, quantile } from '../harness/measure.ts';
import type { Row } from '../harness/row.ts';
import { nextTurn } from '../workload/next-turn.ts';
import { silent } from '../workload/orders.ts';

const events = 100_000;
const healthySubscribers = 4;
/** Published in one go, then the loop turns until the healthy ones are done. */
const gust = 64;

const stormy = defineEvent('storm.event', z.object({ last: z.boolean() }));

const hung: Handler = () => new Promise(() => {});
const throwing: Handler = () => {
  throw new Error('it always throws');
};

/**
 * The 99th percentile of the milliseconds from a gust to the start of its last event at each healthy subscriber, in
 * processor time: what others on the machine do must not look like what the two others do. In calm weather the two
 * others are paused: two that worked would take more of the processor than two that fail.
 */
async function healthyLatency(weather: 'calm' | 'storm'): Promise<number> {
  const bus = createBus({ source: 'bench', logger: silent });
  const latencies: number[] = [];
  let publishedAt = 0;
  let handled = 0;
  // Their mailboxes fill; with `block` they would hold up the publisher, which is what the option says.
  const drops = { mailbox: { overflow: 'drop-newest' } } as const;
  for (const [name, handler] of Object.entries({ hung, throwing })) {
    const subscription = bus.subscribe(stormy, handler, { name, ...drops });
    if (weather === 'calm') subscription.pause();
  }
  for (let n = 0; n < healthySubscribers; n += 1) {
    bus.subscribe(stormy, async ({ data }) => {
      handled += 1;
      if (data.last) latencies.push(cpuMs() - publishedAt);
    });
  }
  for (let n = 0; n < events; n += gust) {
    const count = Math.min(gust, events - n);
    publishedAt = cpuMs();
    for (let i = 1; i <= count; i += 1) bus.emit(stormy, { last: i === count });
    while (handled < (n + count) * healthySubscribers) await nextTurn();
  }
  await bus.close({ deadlineMs: 0 });
  return quantile(latencies, 0.99);
}

/** Storm over calm, the two measured in turns, so that both see the same machine. */
async function stormOverCalm(): Promise<number> {
  const ratios: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const before = await healthyLatency('calm');
    const during = await healthyLatency('storm');
    const after = await healthyLatency('calm');
    ratios.push(during / ((before + after) / 2));
  }
  return median(ratios);
}

export const isolation: Row = {
  id: 'isolation',
  what: `p99 of ${healthySubscribers} subscribers next to a hung and a throwing one, over that next to two paused ones`,
  unit: 'ratio',
  better: 'lower',
  goal: atMost(1.1, ''),
  subject: { name: 'breakwater', prepare: () => stormOverCalm },
  peers: [],
  runs: 3,
  warmUps: 1,
};

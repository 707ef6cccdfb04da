import { defineEvent } from 'breakwater';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld } from '../support/durable-world.ts';

const count = 100_000;
const concurrency = 16;
const struck = defineEvent('storm.struck', z.object({ n: z.int() }), {
  priority: ({ n }) => (n % 1_000 === 999 ? 'critical' : 'low'),
});

it('F20: a storm of 100 000 events on a log loses none, and urgent ones wait for few others', async () => {
  const { start, clock } = createDurableWorld();
  const bus = start();
  const handled = new Uint8Array(count);
  /** Starts of others since each urgent event was published, by how many urgent ones waited with it. */
  const waited: { readonly others: number; readonly k: number }[] = [];
  const published = new Map<number, { readonly starts: number; readonly k: number }>();
  let others = 0;
  bus.subscribe(
    struck,
    async ({ data, priority }) => {
      handled[data.n] = (handled[data.n] ?? 0) + 1;
      if (priority !== 'critical') others += 1;
      else {
        const before = published.get(data.n);
        published.delete(data.n);
        if (before !== undefined) waited.push({ others: others - before.starts, k: before.k });
      }
      await Promise.resolve();
    },
    { name: 'shelter', concurrency, mailbox: { capacity: 256, overflow: 'block' } },
  );
  for (let n = 0; n < count; n += 1_000) {
    const batch = Array.from({ length: 1_000 }, (_, at) => struck({ n: n + at }));
    const publishing = bus.publishBatch(batch);
    published.set(n + 999, { starts: others, k: published.size + 1 });
    // Once it may catch up; otherwise the log grows long before its subscriber.
    if (n === 40_000) await clock.flush();
    await publishing;
  }
  const startedInStorm = others;
  const idle = bus.idle();
  await clock.advanceBy(10_000);
  await idle;

  expect(handled.every((times) => times === 1)).toBe(true);
  expect(waited).toHaveLength(count / 1_000);
  for (const { others: passed, k } of waited)
    expect(passed).toBeLessThanOrEqual(7 * Math.ceil(k / 8) + concurrency);
  // Most of it had to wait in the log.
  expect(startedInStorm).toBeLessThan(count / 2);
});

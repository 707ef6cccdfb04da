import { defineEvent } from 'breakwater';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));

it('gives a name to the next subscriber when the handlers of the last one have ended, and no event to both', async () => {
  const { start, clock } = createDurableWorld();
  const bus = start();
  const seen: string[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const options = { name: 'billing', order: 'total' } as const;
  const before = bus.subscribe(
    placed,
    async ({ data }) => {
      await gate;
      seen.push(`before ${data.n}`);
    },
    options,
  );
  await bus.publish(placed, { n: 1 });
  await bus.publish(placed, { n: 2 });
  await clock.advanceBy(1_000);
  const ended = before.unsubscribe();
  await clock.advanceBy(1_000);
  const next = (): unknown => bus.subscribe(placed, ({ data }) => void seen.push(`after ${data.n}`), options);

  expect(next).toThrow(/billing exists already; wait for its unsubscribe/u);
  release();
  await ended;
  next();
  await clock.advanceBy(1_000);
  expect(seen).toEqual(['before 1', 'after 2']);
});

import { defineEvent, type PublishReceipt } from 'breakwater';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, faulty } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));

it.each(['fail', 'memory'] as const)(
  'I29: a bus acknowledges nothing as kept while its health says that it keeps nothing: onStorageFailure %s',
  async (onStorageFailure) => {
    const step = fc.constantFrom('publish', 'publish', 'fail', 'recover', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { size: 'max', maxLength: 40 }), async (steps) => {
        const store = faulty();
        const { start, clock } = createDurableWorld({
          store: (ports) => {
            const made = store.make(ports);
            return { ...made, log: { ...made.log, features: { ...made.log.features, durable: true } } };
          },
          transport: { onStorageFailure },
        });
        const bus = start();
        const publishing: Promise<PublishReceipt | undefined>[] = [];
        let failing = false;
        for (const [n, what] of steps.entries()) {
          if (what === 'wait') await clock.advanceBy(1_500);
          else if (what === 'publish') {
            const broken = failing;
            const receipt = bus.publish(placed, { n }).catch(() => undefined);
            publishing.push(receipt);
            await clock.flush();
            const got = await receipt;
            const { ready, state } = bus.health();
            if (got?.position !== undefined) expect([broken, ready]).toEqual([false, true]);
            else expect(state).not.toBe('ok');
            if (onStorageFailure === 'fail' && got === undefined) expect(ready).toBe(false);
          } else {
            failing = what === 'fail';
            if (failing) store.fail();
            else store.recover();
          }
        }
        store.recover();
        await clock.advanceBy(10_000);
        // What was acknowledged with a position stands there; with `memory` all of it is written by now.
        const receipts = await Promise.all(publishing);
        const { records } = await bus.query({ patterns: ['order.placed'], limit: 1_000 });
        const byId = new Map(records.map(({ event, position }) => [event.id, position]));
        for (const receipt of receipts) {
          if (receipt === undefined) continue;
          expect(byId.has(receipt.id)).toBe(true);
          if (receipt.position !== undefined) expect(byId.get(receipt.id)).toBe(receipt.position);
        }
        expect(records).toHaveLength(receipts.filter((receipt) => receipt !== undefined).length);
      }),
      { numRuns: 50 },
    );
  },
);

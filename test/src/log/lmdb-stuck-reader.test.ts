import { createBus, type Bus } from 'breakwater';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lmdbStore } from '../../../src/log/lmdb-store.ts';
import { durableTransport } from '../../../src/transport/durable.ts';
import { silentLogger } from '../../support/bus-world.ts';
import { orderEvents, realPorts } from '../../support/open-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const rounds = 20;

/** Bytes of the file after a log was filled and trimmed, again and again, with what `beside` does going on. */
async function grown(beside: (bus: Bus) => Promise<() => void>): Promise<number> {
  const path = temporaryFolder();
  const store = lmdbStore({ path, sync: 'os' })(realPorts());
  const bus = createBus({ logger: silentLogger, transport: durableTransport(() => store) });
  await store.log.append(orderEvents(1, 2_000));
  const letGo = await beside(bus);
  for (let round = 1; round <= rounds; round += 1) {
    const { first } = await store.log.append(orderEvents(round * 2_000 + 1, round * 2_000 + 2_000));
    await store.log.trim(first);
  }
  const { size } = statSync(join(path, 'data.mdb'));
  letGo();
  await bus.close();
  return size;
}

it('F21: readers that stop in the middle hold no room: a log that is trimmed does not grow by them', async () => {
  const alone = await grown(async () => () => {});
  const beside = await grown(async (bus) => {
    // A replay that is paused, a page that nobody reads on from, and a subscriber that hangs on its first event.
    const replay = bus.replay();
    replay.subscribe(() => replay.pause());
    await bus.query({ limit: 10 });
    return new Promise<() => void>((hangs) => {
      let hung = false;
      const hang = async (): Promise<void> => {
        if (hung) return;
        hung = true;
        await new Promise<void>(hangs);
      };
      bus.subscribe('order.>', hang, {
        name: 'hangs',
        from: 'start',
        mailbox: { capacity: 1 },
        timeoutMs: Infinity,
      });
    });
  });
  expect(beside).toBeLessThan(alone * 1.5);
});

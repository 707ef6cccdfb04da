import { createBus, consoleLogger, defineEvent } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { bridge } from 'breakwater/nats';
import { z } from 'zod';

// A till in a shop: its own process, its own disk, and headquarters at the other end of a line that is often down.
const { TILL_FOLDER: path = '', HEADQUARTERS: servers = '' } = process.env;
const sold = defineEvent('till.sold', z.object({ receipt: z.int(), total: z.number() }), { key: 'till-1' });

const logger = consoleLogger({ level: 'silent' });
const bus = createBus({ source: 'till-1', logger, transport: lmdb({ path }) });
const headquarters = bridge(bus, {
  to: { servers, namespace: 'shop' },
  patterns: ['till.>'],
  logger,
});

/** Sells, and tells the parent when it is on the disk. */
async function sell(receipt: number): Promise<void> {
  const { level } = await bus.publish(sold, { receipt, total: receipt * 1.5 });
  process.send?.({ receipt, level });
}

interface Order {
  readonly from: number;
  readonly to: number;
  readonly thenWait: boolean;
}

async function follow({ from, to, thenWait }: Order): Promise<void> {
  for (let receipt = from; receipt <= to; receipt += 1) await sell(receipt);
  if (thenWait) await headquarters.drained();
  process.send?.({ waiting: headquarters.status().lag });
}

process.on('message', (order: Order) => void follow(order));
process.send?.({ open: true });

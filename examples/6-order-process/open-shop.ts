import { createBus, createSystemClock, type Bus } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { order } from './order.ts';

/** The shop of one process: events and orders are in `folder`, the clock is `laterMs` ahead. */
export function openShop(folder: string, laterMs: number): Bus {
  const clock = createSystemClock();
  const bus = createBus({
    source: 'shop',
    transport: lmdb({ path: folder }),
    clock: { ...clock, now: () => clock.now() + laterMs },
  });
  bus.host(order);
  return bus;
}

/** Prints where each order stands. */
export async function printOrders(bus: Bus): Promise<void> {
  for (const orderId of ['1001', '1002', '1003']) {
    const [state, due] = await bus.entity(order, orderId).ask(({ value, context }) => [value, context.due]);
    console.log(`  order ${orderId}: ${state}, ${due} due`);
  }
}

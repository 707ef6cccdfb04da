// A cold process that has one event handled; prints the milliseconds of processor time since the process started.
import { cpuMs } from '../harness/measure.ts';
import { createBus, defineEvent } from 'breakwater';
import { z } from 'zod';

const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }));
const bus = createBus({ source: 'bench' });
bus.subscribe(orderPlaced, async () => {
  process.stdout.write(String(cpuMs()));
});
await bus.publish(orderPlaced, { orderId: '42', total: 99.5 });
await bus.close();

// One of several processes that share a subscriber: waits two milliseconds for each event, as a handler that asks a
// database does, and tells its parent now and then how many it has handled.
import { createBus } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { orderPlaced } from './order-placed.ts';
import { silent } from './orders.ts';

const { servers, name } = JSON.parse(process.argv[2] ?? '{}') as { servers: string; name: string };
const waitMs = 2;
let handled = 0;
let told = 0;

const bus = createBus({
  source: 'bench',
  logger: silent,
  transport: jetStream({ servers, namespace: 'bench', oldServers: 'allow' }),
});
bus.subscribe(
  orderPlaced,
  async () => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    handled += 1;
  },
  { name, order: 'key', breaker: false },
);
setInterval(() => {
  if (handled === told) return;
  told = handled;
  process.send?.(handled);
}, 10);
await bus.ready();

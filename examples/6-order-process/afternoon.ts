import { parcelSent } from './events.ts';
import { openShop, printOrders } from './open-shop.ts';
import { order } from './order.ts';

const [folder = ''] = process.argv.slice(2);
const bus = openShop(folder, 40 * 60_000);

// Order 1003 gets what the morning left in the log; 1002 waited for its payment for too long meanwhile.
await printOrders(bus);
await bus.entity(order, '1003').send(parcelSent, { orderId: '1003', parcel: 'P-2' });
await bus.idle();
await printOrders(bus);

console.log('What the orders have said, each once:');
const { records } = await bus.query({ patterns: ['order.paid', 'order.timed-out'] });
const said = records.map(({ event }) => `  ${event.type} ${JSON.stringify(event.data)}`);
for (const line of said.toSorted()) console.log(line);
await bus.close();

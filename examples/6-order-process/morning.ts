import { orderPlaced, parcelSent, paymentReceived } from './events.ts';
import { openShop, printOrders } from './open-shop.ts';
import { order } from './order.ts';

const [folder = ''] = process.argv.slice(2);
const bus = openShop(folder, 0);

// Each resolves when its order has handled it, and that is on disk.
await bus.entity(order, '1001').send(orderPlaced, { orderId: '1001', total: 40 });
await bus.entity(order, '1002').send(orderPlaced, { orderId: '1002', total: 75 });
await bus.entity(order, '1003').send(orderPlaced, { orderId: '1003', total: 20 });
await bus.entity(order, '1001').send(paymentReceived, { orderId: '1001', amount: 40 });
await bus.entity(order, '1001').send(parcelSent, { orderId: '1001', parcel: 'P-1' });
await bus.entity(order, '1002').send(paymentReceived, { orderId: '1002', amount: 25 });
await printOrders(bus);

// Published, and not waited for: it is in the log when the process is gone, and no order has seen it.
await bus.publish(paymentReceived, { orderId: '1003', amount: 20 });
process.kill(process.pid, 'SIGKILL');

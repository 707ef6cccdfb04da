import { createBus } from 'breakwater';
import { recordDeliveries } from './delivery-record.ts';
import { orderCancelled, orderPlaced, paymentFailed } from './orders.ts';
import { subscribeDesks } from './subscribe-desks.ts';

const bus = createBus({ source: 'shop' });
const { warehouse, bigOrders, alarm } = subscribeDesks(bus, (desk, { type, priority, data }) => {
  console.log(`  ${desk}: ${type} (${priority}) ${JSON.stringify(data)}`);
});
const delivered = recordDeliveries(warehouse);

console.log('While it is paused, events wait; then they come by their lanes:');
warehouse.pause();
await bus.publish(orderPlaced, { orderId: '1', country: 'NO', total: 99.5 }, { priority: 'low' });
await bus.publish(orderPlaced, { orderId: '2', country: 'NO', total: 120 }, { correlationId: 'visit-7' });
await bus.publish(orderCancelled, { orderId: '3' });
await bus.publish(paymentFailed, { orderId: '4' });
for (const [lane, { depth }] of Object.entries(warehouse.stats().queue.lanes)) {
  console.log(`  ${lane}: ${depth} waiting`);
}
warehouse.resume();
await bus.idle();

console.log('A batch is published whole or not at all:');
const { ok } = await bus
  .publishBatch([
    orderPlaced({ orderId: '5', country: 'NO', total: 5 }),
    orderPlaced({ orderId: '6', country: 'NO', total: -1 }),
  ])
  .then(
    () => ({ ok: true }),
    (error: Error) => {
      console.log(`  ${error.message}`);
      return { ok: false };
    },
  );
console.log(`  published: ${ok}`);

console.log('A rule, added while it runs, sends the orders of one country to one desk:');
const removeRule = bus.addRoutingRule({
  name: 'norway-first',
  pattern: 'order.*',
  when: { exact: { 'data.country': 'NO' } },
  to: ['big-orders'],
});
// Where nothing can be awaited: published at once, or an error at once.
bus.publishSync(orderPlaced, { orderId: '7', country: 'NO', total: 700 });
bus.publishSync(orderPlaced, { orderId: '8', country: 'SE', total: 800 });
await bus.idle();
removeRule();

await alarm.unsubscribe();
console.log(`Figures, for the ${bus.handlerCount()} desks that are left:`);
for (const { name, calls, filtered, latencyMs } of bus.stats().subscribers) {
  console.log(`  ${name}: ${calls} calls, ${filtered} filtered, ${latencyMs.count} timed`);
}
const { deliveries, errors, lastDelivered } = delivered();
console.log(
  `  warehouse: ${deliveries} delivered, ${errors} errors, last one known: ${lastDelivered !== undefined}`,
);
console.log(`  ${bigOrders.name} is ${bigOrders.state.flow}, its breaker ${bigOrders.state.breaker}`);
await bus.close();

// As first-event, on a Moleculer broker.
import { cpuMs } from '../harness/measure.ts';
import { moleculerBroker } from '../peers/moleculer-broker.ts';

const broker = await moleculerBroker(async () => {
  process.stdout.write(String(cpuMs()));
});
await broker.call('orders.place', { orderId: '42', total: 99.5, severity: 1 });
process.exit(0);

import { createEventMonitor } from './event-monitor.ts';
import { ContractEndedError, ServiceUnavailableError } from './service-errors.ts';
import { lowFuel, trafficUpdate, weatherWarning } from './travel-events.ts';

const userId = 'ada';
const monitor = createEventMonitor(userId, { maxQueueSize: 3 });

monitor.registerHandler(
  lowFuel,
  ({ data }) => {
    console.log(`dashboard: fuel at ${data.fuelLevel} %`);
  },
  'dashboard',
);
monitor.registerHandler(
  lowFuel,
  async ({ data }, { attempt }) => {
    if (data.fuelLevel === 15 && attempt === 1) throw new ServiceUnavailableError('the map does not answer');
    console.log(`stations: the next one is 2 km away (attempt ${attempt})`);
  },
  'stations',
);
monitor.registerHandler(
  trafficUpdate,
  () => {
    throw new ContractEndedError('no more traffic data');
  },
  'traffic',
);
monitor.registerHandler(weatherWarning, ({ data }) => console.log(`weather: ${data.text}`), 'weather');

console.log('Before the start events wait, as many as there is room for:');
for (const fuelLevel of [18, 17, 16, 15]) {
  console.log(`  ${fuelLevel} %: queued ${monitor.queueEvent(lowFuel({ userId, fuelLevel }))}`);
}
console.log(`  without a user: queued ${monitor.queueEvent(lowFuel({ userId: ' ', fuelLevel: 14 }))}`);

console.log('Handlers, one at a time to keep the lines in order:');
monitor.startMonitoring();
await monitor.triggerEvent(weatherWarning({ userId, text: 'black ice' }));
for (const event of [lowFuel({ userId, fuelLevel: 15 }), trafficUpdate({ userId, delayMinutes: 20 })]) {
  const { outcomes } = await monitor.triggerEvent(event);
  for (const { subscriber, settlement } of outcomes) console.log(`  ${subscriber}: ${settlement}`);
}

await monitor.stop();
const { processedEvents, failedEvents, queueSize, handlerStats } = monitor.getStats();
console.log(`${processedEvents} processed, ${failedEvents} failed, ${queueSize} waiting`);
for (const [name, { totalCalls, successRate, stopped }] of Object.entries(handlerStats)) {
  const note = stopped && successRate === 0 ? ', given up' : '';
  console.log(
    `  ${name}: ${totalCalls} calls, ${(successRate * 100).toFixed(0)} % of them successful${note}`,
  );
}

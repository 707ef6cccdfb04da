// One worker of nats-partitions.mjs: handles the events of its share of the keys, one line each, until SIGTERM.
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { silent } from './compiled.mjs';
import { createBus, jetStream } from './nats-library.mjs';

const { url, namespace, leaseMs, path } = JSON.parse(process.argv[2]);
const bus = createBus({
  logger: silent,
  transport: jetStream({ servers: url, namespace, consumer: { leaseMs } }),
});
bus.subscribe(
  'chaos.step',
  async ({ key, data }, { fencingToken }) => {
    // One write to a file opened for appending: the lines of all workers stand in the order of their effects.
    appendFileSync(path, `${key} ${String(data)} ${fencingToken} ${process.pid} ${Date.now()}\n`);
    if (data % 3 === 0) await pause(data % 7);
  },
  { name: 'workers', order: 'key', from: 'start', breaker: false },
);
await bus.ready();
process.on('SIGTERM', () => {
  void bus.close({ deadlineMs: 1000 }).then(() => process.exit(0));
});

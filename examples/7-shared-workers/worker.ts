import { appendFileSync } from 'node:fs';
import { createBus, consoleLogger } from 'breakwater';
import { jetStream } from 'breakwater/nats';

const { DELIVERIES_URL: servers = '', DELIVERIES_JOURNAL: journal = '' } = process.env;
const bus = createBus({
  logger: consoleLogger({ level: 'silent' }),
  transport: jetStream({ servers, namespace: 'deliveries', stream: { partitions: 32 } }),
});

// All processes of this name share the keys: each key is handled by one of them at a time, in order.
bus.subscribe(
  'delivery.step',
  ({ key, data }, { fencingToken }) => {
    appendFileSync(journal, `${String(key)} ${String(data)} ${fencingToken} ${process.pid}\n`);
  },
  { name: 'drivers', order: 'key', from: 'start' },
);
await bus.ready();

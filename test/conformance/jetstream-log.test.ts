import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jetStreamLog } from '../../src/nats/jetstream-log.ts';
import { eventLogConformance } from '../../src/testing/conformance/event-log-conformance.ts';
import { silentLogger } from '../support/bus-world.ts';
import { natsBinaries, type NatsServer, startNatsServer } from '../support/nats-server.ts';

const run = randomBytes(4).toString('hex');

describe.each(natsBinaries())('jetStreamLog on %s', (binary) => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await startNatsServer({ binary });
  });
  afterAll(() => server.stop());

  const cases = eventLogConformance({
    name: 'jetStreamLog',
    features: { level: 'os', durable: true, dense: false },
    runs: 8,
    open: (place, { clock, random }) => {
      const namespace = `${place}-${run}`.replaceAll(/[^A-Za-z0-9_-]/g, '_');
      const open = jetStreamLog({ servers: server.url, namespace });
      const log = open({ clock, random, logger: silentLogger });
      return { log, close: () => log.close() };
    },
  });

  it.each(cases)('$name', async ({ run: hold }) => {
    await expect(hold()).resolves.toBeUndefined();
  });
});

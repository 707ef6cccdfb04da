import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nats } from '../../src/nats/core.ts';
import { jetStream } from '../../src/nats/jetstream.ts';
import { createSystemClock } from '../../src/system-clock.ts';
import { transportConformance } from '../../src/testing/conformance/transport-conformance.ts';
import type { TransportSubject } from '../../src/testing/conformance/transport-session.ts';
import type { TransportFactory } from '../../src/transport/transport.ts';
import { natsBinaries, startNatsServer, type NatsServer } from '../support/nats-server.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe.each(natsBinaries())('on %s', (binary) => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await startNatsServer({ binary });
  });

  afterAll(() => server.stop());

  const open =
    (factory: (servers: string, namespace: string) => TransportFactory): TransportSubject['open'] =>
    (place) => ({
      transport: factory(
        server.url,
        place.replaceAll(/[^\w-]/g, '-'),
      )({
        clock: createSystemClock(),
        random: Math.random,
        logger: silent,
      }),
      pass: (ms) => setTimeout(ms),
    });
  const timing = { runs: 6, quietMs: 40, patienceMs: 10_000 } as const;
  const features = { ordered: true, shared: true, settlements: false } as const;
  const subjects: readonly TransportSubject[] = [
    {
      ...timing,
      name: 'nats',
      features: { ...features, level: 'accepted', durable: false },
      // Publishers are elsewhere and wait for no mailbox: what it has no room for is dropped and counted.
      keepsBacklog: true,
      open: open((servers, namespace) => nats({ servers, namespace })),
    },
    {
      ...timing,
      name: 'jetStream',
      features: { ...features, level: 'os', durable: true },
      // The batches of the suite hold several keys, and a batch is a message, of one partition.
      open: open((servers, namespace) => jetStream({ servers, namespace, stream: { partitions: 1 } })),
    },
  ];

  describe.each(subjects)('$name', (subject) => {
    it.each(transportConformance(subject))('$name', async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
});

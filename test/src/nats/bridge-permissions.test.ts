import { createBus, durableTransport, memoryStore } from 'breakwater';
import { bridge } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeBucket, encodeRecord } from '../../../src/bridge/bridge-record.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { readText } from '../../support/repository.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The configuration that docs/nats.md gives: what is documented is what is tested. */
const config = /```hocon\n([\s\S]*?)```/.exec(readText('docs/nats.md'))?.[1] ?? '';

describe.each(natsBinaries())(
  'a bridge and a bus with the permissions of the documentation, on %s',
  (binary) => {
    let world: NatsWorld;

    beforeAll(async () => {
      world = await createNatsWorld({ binary, config });
    });

    afterAll(() => world[Symbol.asyncDispose]());

    const auth = { user: 'shop', password: 'shop-secret' };

    it('forwards, looks for what is there after a crash, and reads it all again', async () => {
      const bus = createBus({ logger: quiet, transport: durableTransport(memoryStore()) });
      await bus.publish('order.placed', 1);
      await bus.publish('order.paid', 2);
      // As a life before would have left it: on its way, and nobody knows what of it is there.
      const wave = { to: 2, end: { stream: 'another', sequence: 0 } };
      const value = encodeRecord({ position: 0, wave });
      await bus.store?.commit({ writes: [{ bucket: bridgeBucket, key: 'bridge', value }] });
      const to = { servers: world.server.url, namespace: 'shop', auth };
      const far = bridge(bus, { to, logger: quiet });
      await far.drained();

      expect(far.status()).toMatchObject({ state: 'up', forwarded: 2, found: 0 });
      await bus.store?.commit({ writes: [{ bucket: bridgeBucket, key: 'again', value }] });
      const again = bridge(bus, { to, logger: quiet, name: 'again' });
      await again.drained();
      expect(again.status()).toMatchObject({ forwarded: 2, found: 2 });

      const reader = world.streamBus({ namespace: 'shop', auth });
      for (const order of ['oldest', 'newest'] as const) {
        const { records } = await reader.query({ order, since: 0 });
        expect(new Set(records.map(({ event }) => event.data))).toEqual(new Set([1, 2]));
      }
      await again.close();
      await bus.close();
    });

    it('waits without the permission, says which, and has nothing stored elsewhere', async () => {
      const bus = createBus({ logger: quiet, transport: durableTransport(memoryStore()) });
      await bus.publish('order.placed', 1);
      const far = bridge(bus, {
        to: { servers: world.server.url, namespace: 'press', auth, ackTimeoutMs: 300 },
        logger: quiet,
      });
      await until(() => far.status().state === 'stuck');

      expect(far.status().reason).toMatch(/press/);
      expect(far.status().reason).not.toContain('secret');
      expect(far.status()).toMatchObject({ lag: 1, forwarded: 0 });
      await bus.close();
    });
  },
);

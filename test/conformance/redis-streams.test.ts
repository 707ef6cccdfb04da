import { randomBytes } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStreams } from '../../src/redis/redis-streams.ts';
import { createSystemClock } from '../../src/system-clock.ts';
import { transportConformance } from '../../src/testing/conformance/transport-conformance.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { silentLogger } from '../support/bus-world.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

function open(place: string): Transport {
  const namespace = `${place}-${randomBytes(4).toString('hex')}`;
  const factory = redisStreams({ url: server.url, namespace });
  return factory({ clock: createSystemClock(), random: () => 0.5, logger: silentLogger });
}

/** The same, with a place that is kept for each subscription. */
function openKept(place: string): Transport {
  const transport = open(place);
  return new Proxy(transport, {
    get: (target, name) => {
      if (name === 'subscribe') {
        const subscribe: Transport['subscribe'] = (patterns, options) =>
          target.subscribe(patterns, { ...options, durable: true });
        return subscribe;
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** What comes while nobody is there waits for a kept place: that is its purpose. */
const onlyWhileThere = 'gives nothing after a subscription has ended, and takes its name again';

describe.each([
  ['redisStreams', open],
  ['redisStreams with kept places', openKept],
])('%s', (name, openOne) => {
  const cases = transportConformance({
    name,
    features: { level: 'accepted', durable: true, ordered: true, shared: true, settlements: false },
    runs: 10,
    open: (place) => ({ transport: openOne(place), pass: (ms) => pass(ms) }),
  });

  it.each(cases.filter((one) => openOne === open || one.name !== onlyWhileThere))(
    '$name',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );
});

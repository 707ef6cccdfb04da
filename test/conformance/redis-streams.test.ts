import { randomBytes } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStreams } from '../../src/redis/redis-streams.ts';
import { createSystemClock } from '../../src/system-clock.ts';
import { transportConformance } from '../../src/testing/conformance/transport-conformance.ts';
import { silentLogger } from '../support/bus-world.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

describe('redisStreams', () => {
  const cases = transportConformance({
    name: 'redisStreams',
    features: { level: 'accepted', durable: true, ordered: true, shared: true, settlements: false },
    runs: 10,
    open: (place) => {
      const namespace = `${place}-${randomBytes(4).toString('hex')}`;
      const factory = redisStreams({ url: server.url, namespace });
      const transport = factory({ clock: createSystemClock(), random: () => 0.5, logger: silentLogger });
      return { transport, pass: (ms) => pass(ms) };
    },
  });

  it.each(cases)('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

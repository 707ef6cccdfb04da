import { type EventEnvelope, QueueFullError, TransportError } from 'breakwater';
import { Redis } from 'ioredis';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/nats-world.ts';
import { createRedisWorld, eventually } from '../../support/redis-world.ts';

const type = 'order.placed';

describe('redisStreams', () => {
  it.each([
    ['always', 'disk'],
    ['no', 'os'],
  ] as const)(
    'loses nothing that it took with appendfsync %s, though the server is killed again and again',
    async (sync, level) => {
      await using world = await createRedisWorld(`appendonly yes\nappendfsync ${sync}`);
      const options = { namespace: 'kills', claimAfterMs: 200, answerTimeoutMs: 500 };
      const bus = world.bus(options);
      const handled = new Map<number, number>();
      const latest = new Map<string, number>();
      const disorder: string[] = [];
      const handle = ({ data, key = '' }: EventEnvelope): void => {
        const mine = data as number;
        handled.set(mine, (handled.get(mine) ?? 0) + 1);
        if (mine < (latest.get(key) ?? 0)) disorder.push(`${key}: ${mine} after ${latest.get(key)}`);
        latest.set(key, mine);
      };
      bus.subscribe(type, handle, { name: 'counted', order: 'key' });
      await bus.ready();
      const taken: number[] = [];
      const levels = new Set<string>();
      let n = 0;
      let isOver = false;
      const publishers = Array.from({ length: 4 }, async (_, at) => {
        while (!isOver) {
          const mine = (n += 1);
          const receipt = await bus.publish(type, mine, { key: `k${at}` });
          taken.push(mine);
          levels.add(receipt.level);
        }
      });
      for (let round = 0; round < 3; round += 1) {
        const before = taken.length;
        await until(() => taken.length > before + 200);
        await world.server.kill();
        await world.server.restart();
      }
      const before = taken.length;
      await until(() => taken.length > before + 100);
      isOver = true;
      await Promise.all(publishers);
      await until(() => taken.every((mine) => handled.has(mine)));

      expect([...levels]).toEqual([level]);
      expect([...handled.values()].filter((times) => times > 1)).toEqual([]);
      expect(disorder).toEqual([]);
    },
    30_000,
  );

  it('stores once what it sends again to a server that has hung', async () => {
    await using world = await createRedisWorld();
    const bus = world.bus({ namespace: 'hung', answerTimeoutMs: 200 });
    await bus.ready();
    await bus.publish(type, 0);
    world.server.signal('SIGSTOP');
    const stuck = Promise.all([1, 2, 3].map((n) => bus.publish(type, n)));
    await until(() => world.lines.some(({ message }) => message.includes('is lost')));
    world.server.signal('SIGCONT');
    await stuck;

    expect(await world.client.xlen('hung:events')).toBe(2);
  });

  it('keeps what is published while the server is away, up to a bound, and for a time', async () => {
    await using world = await createRedisWorld('appendonly yes\nappendfsync no');
    const bus = world.bus({ namespace: 'away', maxPending: 10 });
    await bus.ready();
    await world.server.kill();
    await until(() => world.lines.some(({ message }) => message.includes('is lost')));
    const kept = Array.from({ length: 10 }, (_, n) => bus.publish(type, n));
    await expect(bus.publish(type, 10)).rejects.toThrow(QueueFullError);
    const hasty = world.bus({ namespace: 'away', publishTimeoutMs: 100 });
    await expect(hasty.publish(type, 11)).rejects.toThrow(/not sent within 100 ms/);

    await world.server.restart();
    await Promise.all(kept);

    await eventually(async () => (await world.client.xlen('away:events')) > 0);
  });

  it('says what is wrong with its credentials, and never what they are', async () => {
    const password = 'hunter2-is-secret';
    await using world = await createRedisWorld('requirepass the-right-one');
    const url = `redis://:${password}@127.0.0.1:${world.server.port}`;
    const bus = world.bus({ url, namespace: 'secret' });
    const failure = await bus.ready().catch((error: unknown) => error);
    const other = await bus.publish(type, 1).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(TransportError);
    expect(other).toBeInstanceOf(TransportError);
    expect(String(failure)).toMatch(/WRONGPASS/);
    const shown = inspect([failure, other, world.lines], { depth: 20, showHidden: true });
    expect(shown).not.toContain(password);
  });

  it('claims no level that it may not look up, and needs none of the commands that administrators keep', async () => {
    await using world = await createRedisWorld(
      'appendonly yes\nappendfsync always\nuser default on nopass ~* &* +@all',
    );
    const admin = new Redis(world.server.url);
    await admin.acl('SETUSER', 'shop', 'on', '>pass', '~least:*', 'resetchannels', '-@all', ...leastCommands);
    admin.disconnect();
    const bus = world.bus({ url: `redis://shop:pass@127.0.0.1:${world.server.port}`, namespace: 'least' });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'kept', order: 'key' });
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'shared' });
    bus.subscribe(type, ({ data }) => seen.push(data));
    await bus.ready();
    const receipt = await bus.publish(type, 1);
    await until(() => seen.length === 3);

    expect(receipt.level).toBe('accepted');
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

/** What docs/redis.md says a user of this transport has to be allowed. */
const leastCommands = (
  '+eval +get +set +incr +del +pexpire +xadd +xread +xreadgroup +xrange +xrevrange +xack +xclaim +xpending ' +
  '+xgroup|create +xgroup|delconsumer +client|setname +info +select'
).split(' ');

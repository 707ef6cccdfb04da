import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/nats-world.ts';
import {
  createRedisWorld,
  deferred,
  entriesOf,
  eventually,
  type RedisWorld,
} from '../../support/redis-world.ts';

const type = 'order.placed';
let world: RedisWorld;

beforeAll(async () => {
  world = await createRedisWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('the processes of one subscriber on Redis', () => {
  it('gives back at once what a process held that closes', async () => {
    const namespace = world.namespace();
    const first = world.bus({ namespace, claimAfterMs: 60_000 });
    let taken = 0;
    first.subscribe(type, () => ((taken += 1), new Promise<void>(() => {})), {
      name: 'slow',
      concurrency: 1,
    });
    await first.ready();
    for (let n = 0; n < 3; n += 1) await first.publish(type, n);
    await until(() => taken === 1);
    await first.close({ deadlineMs: 10 });

    const second = world.bus({ namespace, claimAfterMs: 60_000 });
    const seen: unknown[] = [];
    second.subscribe(type, ({ data }) => seen.push(data), { name: 'slow' });
    await until(() => seen.length === 3);

    expect(seen).toEqual([0, 1, 2]);
    const consumers = (await world.client.xinfo('CONSUMERS', `${namespace}:events`, 'slow')) as unknown[][];
    expect(consumers.map(([, name]) => name).filter((name) => name !== 'given-back')).toHaveLength(1);
  });

  it('takes over what a process held that is silent, and gives up what kills each of its processes', async () => {
    const namespace = world.namespace();
    const key = `${namespace}:events`;
    const bus = world.bus({ namespace });
    await world.client.xgroup('CREATE', key, 'heirs', '$', 'MKSTREAM');
    await bus.publish(type, 'once');
    await world.client.xreadgroup('GROUP', 'heirs', 'dead', 'COUNT', 1, 'STREAMS', key, '>');
    await bus.publish(type, 'too often');
    await world.client.xreadgroup('GROUP', 'heirs', 'dead', 'COUNT', 1, 'STREAMS', key, '>');
    const [, last] = (await world.client.xrange(key, '-', '+')) as [string, string[]][];
    await world.client.xclaim(key, 'heirs', 'dead', 0, last?.[0] ?? '', 'RETRYCOUNT', 3);
    const seen: [unknown, number][] = [];
    const heir = world.bus({ namespace, claimAfterMs: 100, maxDeliveries: 3 });

    heir.subscribe(type, ({ data }, { attempt }) => seen.push([data, attempt]), { name: 'heirs' });

    await until(() => seen.length === 1);
    expect(seen).toEqual([['once', 2]]);
    await eventually(async () => (await entriesOf(world.client, `${namespace}:dead-letters`)).length === 1);
    const [letter] = await entriesOf(world.client, `${namespace}:dead-letters`);
    expect(letter).toMatchObject({ reason: 'too-many-deliveries', attempts: '4' });
  });

  it('keeps what is worked on for longer than others wait', async () => {
    const namespace = world.namespace();
    const buses = [world.bus({ namespace, claimAfterMs: 150 }), world.bus({ namespace, claimAfterMs: 150 })];
    let starts = 0;
    const isDone = deferred();
    for (const bus of buses) {
      bus.subscribe(type, () => ((starts += 1), isDone.promise), { name: 'long' });
      await bus.ready();
    }
    await buses[0]?.publish(type, 1);
    await until(() => starts === 1);
    // Idle for the server only since it was last said to be worked on.
    let renewals = 0;
    let before = 0;
    await eventually(async () => {
      const [row] = (await world.client.xpending(`${namespace}:events`, 'long', '-', '+', 1)) as unknown[][];
      const idle = Number(row?.[2]);
      if (idle < before) renewals += 1;
      before = idle;
      return renewals >= 6;
    });
    isDone.resolve();

    await eventually(async () => (await world.client.xpending(`${namespace}:events`, 'long'))[0] === 0);
    expect(starts).toBe(1);
  });

  it('lets one process at a time work for a subscriber with an order, and another follow it', async () => {
    const namespace = world.namespace();
    const options = { namespace, ownerLeaseMs: 300 };
    const buses = [world.bus(options), world.bus(options)];
    const seen: [number, unknown][] = [];
    buses.forEach((bus, at) => {
      bus.subscribe(type, ({ data }) => seen.push([at, data]), { name: 'ordered', order: 'key' });
    });
    await Promise.all(buses.map((bus) => bus.ready()));
    for (let n = 0; n < 20; n += 1) await buses[0]?.publish(type, n, { key: 'a' });
    await until(() => seen.length === 20);
    const [owner = 0] = seen[0] ?? [];
    expect(new Set(seen.map(([at]) => at))).toEqual(new Set([owner]));

    await buses[owner]?.close();
    const other = buses[1 - owner];
    for (let n = 20; n < 40; n += 1) await other?.publish(type, n, { key: 'a' });
    await until(() => seen.length === 40);

    expect(seen.map(([, data]) => data)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('takes no acknowledgement of a process whose right to the group another one has', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace, ownerLeaseMs: 60_000 });
    let started = 0;
    const isDone = deferred();
    bus.subscribe(type, () => ((started += 1), isDone.promise), { name: 'fenced', order: 'total' });
    await bus.ready();
    await bus.publish(type, 1);
    await bus.publish(type, 2);
    await until(() => started === 1);

    await world.client.set(`${namespace}:owner:fenced`, 'another', 'PX', 60_000);
    isDone.resolve();

    await until(() => world.lines.some(({ message }) => message.includes("fenced is not this process's")));
    expect((await world.client.xpending(`${namespace}:events`, 'fenced'))[0]).toBe(2);
  });

  it('begins again with all that was left when a process has its right to the group back', async () => {
    const namespace = world.namespace();
    const bus = world.bus({ namespace, ownerLeaseMs: 300 });
    const isDone = deferred();
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => (seen.push(data), isDone.promise), {
      name: 'regained',
      order: 'total',
    });
    await bus.ready();
    await bus.publish(type, 1);
    await bus.publish(type, 2);
    await until(() => seen.length === 1);
    await world.client.set(`${namespace}:owner:regained`, 'another', 'PX', 60_000);
    await until(() => world.lines.some(({ message }) => message.includes("regained is not this process's")));

    await world.client.del(`${namespace}:owner:regained`);
    isDone.resolve();

    await eventually(async () => (await world.client.xpending(`${namespace}:events`, 'regained'))[0] === 0);
    expect(seen).toEqual([1, 1, 2]);
  });

  it('takes what was given to it while its connection broke', async () => {
    const [namespace, other] = [world.namespace(), world.namespace()];
    const key = `${namespace}:events`;
    await world.bus({ namespace: other }).publish(type, 'unanswered');
    const copied = (await world.client.xrangeBuffer(`${other}:events`, '-', '+'))[0]?.[1] ?? [];
    const bus = world.bus({ namespace, claimAfterMs: 60_000 });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'cut' });
    await bus.ready();
    await bus.publish(type, 'answered');
    await until(() => seen.length === 1);
    const [consumer] = (await world.client.xinfo('CONSUMERS', key, 'cut')) as string[][];
    // As the server does when its answer is lost: it is ours there, and has not come here.
    await world.client
      .multi()
      .xadd(key, '*', ...copied)
      .xreadgroup('GROUP', 'cut', consumer?.[1] ?? '', 'STREAMS', key, '>')
      .exec();

    await world.client.call('CLIENT', 'KILL', 'TYPE', 'normal');

    await until(() => seen.length === 2);
    expect(seen).toEqual(['answered', 'unanswered']);
  });
});

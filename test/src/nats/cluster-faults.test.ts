import { describe, expect, it } from 'vitest';
import { expectOrder, rememberingHandler, steadyPublisher } from '../../support/kept-promises.ts';
import { startNatsCluster } from '../../support/nats-cluster.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('a cluster of three on %s', (binary) => {
  it('loses no acknowledged event and no order when the leader is killed while it stores and delivers', async () => {
    await using cluster = await startNatsCluster(binary);
    await using world = await createNatsWorld({ binary });
    const namespace = 'shop';
    const bus = world.streamBus({ servers: cluster.urls, namespace, stream: { replicas: 3 } });
    const { byKey, seen, handle } = rememberingHandler();
    bus.subscribe(type, handle, { name: 'keyed', order: 'key' });
    const publisher = steadyPublisher(bus, type, 8);
    await until(() => seen.size > 200, 60_000);

    const leader = await cluster.leaderOf(namespace);
    const before = publisher.acknowledged.length;
    await leader.kill();
    await until(() => publisher.acknowledged.length > before + 100, 60_000);
    await leader.restart();
    const later = publisher.acknowledged.length;
    await until(() => publisher.acknowledged.length > later + 100, 60_000);
    await publisher.stop();
    await until(() => publisher.acknowledged.every((n) => seen.has(n)), 60_000);

    expect(publisher.failed).toEqual([]);
    expectOrder(byKey);
    await expect(bus.publish(type, { n: 0 })).resolves.toMatchObject({ level: 'replicated' });
  }, 240_000);

  it('reads on elsewhere when the server that keeps the place of a part is away', async () => {
    await using cluster = await startNatsCluster(binary);
    await using world = await createNatsWorld({ binary });
    const namespace = 'shop';
    const bus = world.streamBus({ servers: cluster.urls, namespace, stream: { replicas: 3 } });
    const { byKey, seen, handle } = rememberingHandler();
    bus.subscribe(type, handle, { name: 'keyed', order: 'key' });
    const publisher = steadyPublisher(bus, type, 8);
    await until(() => seen.size > 200, 60_000);
    const places = await cluster.placesOf(namespace);
    expect(places.map(({ replicas }) => replicas)).toEqual(places.map(() => 1));

    const [{ server } = { server: undefined }] = places;
    server?.signal('SIGSTOP');
    const before = new Map([...byKey].map(([key, handled]) => [key, handled.length]));
    await until(() => [...byKey].every(([key, { length }]) => length > (before.get(key) ?? 0) + 20), 60_000);
    server?.signal('SIGCONT');
    await publisher.stop();
    await until(() => publisher.acknowledged.every((n) => seen.has(n)), 60_000);

    expect(publisher.failed).toEqual([]);
    expectOrder(byKey);
  }, 240_000);
});

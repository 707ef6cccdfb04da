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
    bus.subscribe(type, handle, { name: 'keyed', order: 'key', from: 'start' });
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

  it('reads on elsewhere when the server is away that alone keeps the place of a reader', async () => {
    await using cluster = await startNatsCluster(binary);
    await using world = await createNatsWorld({ binary });
    const namespace = 'shop';
    const bus = world.streamBus({ servers: cluster.urls, namespace, stream: { replicas: 3 } });
    const [keyed, nameless] = [rememberingHandler(), rememberingHandler()];
    // From the start: a cluster that has just come up may refuse what a subscriber needs, and take events meanwhile.
    bus.subscribe(type, keyed.handle, { name: 'keyed', order: 'key', from: 'start' });
    bus.subscribe(type, nameless.handle, { from: 'start' });
    await bus.ready();
    const publisher = steadyPublisher(bus, type, 8);
    await until(() => Math.min(keyed.seen.size, nameless.seen.size) > 200, 60_000);
    const places = await cluster.placesOf(namespace);
    expect(places.map(({ replicas }) => replicas)).toEqual(places.map(() => 1));

    // There are parts of the keyed subscriber everywhere, and this is where the other reads.
    const place = places.find(({ consumer }) => !consumer.startsWith('keyed') && consumer.includes('normal'));
    place?.server.signal('SIGSTOP');
    const before = { keyed: new Map(counts(keyed.byKey)), nameless: nameless.seen.size };
    await until(
      () =>
        nameless.seen.size > before.nameless + 100 &&
        counts(keyed.byKey).every(([key, count]) => count > (before.keyed.get(key) ?? 0) + 20),
      60_000,
    );
    place?.server.signal('SIGCONT');
    await publisher.stop();
    const all = [keyed.seen, nameless.seen];
    await until(() => publisher.acknowledged.every((n) => all.every((seen) => seen.has(n))), 60_000);

    const tooMany = world.streamBus({ servers: cluster.urls, namespace: 'more', stream: { replicas: 5 } });
    await expect(tooMany.ready()).rejects.toThrow(
      /stream more could not be set up.* Start as many servers as stream.replicas asks for/,
    );
    expect(place).toBeDefined();
    expect(publisher.failed).toEqual([]);
    expectOrder(keyed.byKey);
  }, 240_000);
});

function counts(byKey: ReadonlyMap<string, readonly number[]>): [string, number][] {
  return [...byKey].map(([key, { length }]) => [key, length]);
}

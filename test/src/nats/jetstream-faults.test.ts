import { TransportError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublishAnswer } from '../../../src/nats/publish-answer.ts';
import { expectOrder, rememberingHandler, steadyPublisher } from '../../support/kept-promises.ts';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const type = 'order.placed';

describe.each(natsBinaries())('jetStream under faults, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('loses no acknowledged event and no order when the server is killed and started again', async () => {
    await using server = await startNatsServer({ binary });
    const bus = world.streamBus({ servers: server.url, namespace: 'killed' });
    const { byKey, seen, handle } = rememberingHandler();
    bus.subscribe(type, handle, { name: 'keyed', order: 'key' });
    const publisher = steadyPublisher(bus, type, 8);
    for (let round = 0; round < 3; round += 1) {
      const before = publisher.acknowledged.length;
      await until(() => publisher.acknowledged.length > before + 200);
      await server.kill();
      await server.restart();
    }
    const before = publisher.acknowledged.length;
    await until(() => publisher.acknowledged.length > before + 50);
    await publisher.stop();

    await until(() => publisher.acknowledged.every((n) => seen.has(n)));
    expect(publisher.failed).toEqual([]);
    expect(publisher.acknowledged.length).toBeGreaterThan(600);
    expectOrder(byKey);
  });

  it('resumes within three seconds after a server hangs or the network goes, and acknowledges nothing meanwhile', async () => {
    await using proxy = await startTcpProxy(world.server.port);
    const namespace = world.namespace();
    const bus = world.streamBus({ servers: proxy.url, namespace });
    const { byKey, seen, handle } = rememberingHandler();
    bus.subscribe(type, handle, { name: 'keyed', order: 'key' });
    const publisher = steadyPublisher(bus, type, 4);
    await until(() => publisher.acknowledged.length > 100);
    const faults = [
      () => proxy.pause(),
      () => proxy.muteServer(),
      () => {
        proxy.refuse();
        proxy.cut();
      },
    ];
    for (const fault of faults) {
      const lost = world.lines.filter(({ message }) => message.includes('is lost')).length;
      fault();
      const began = performance.now();
      await until(() => world.lines.filter(({ message }) => message.includes('is lost')).length > lost);
      expect(performance.now() - began).toBeLessThan(2500);
      const [acknowledged, handled] = [publisher.acknowledged.length, seen.size];
      proxy.resume();
      const healed = performance.now();
      await until(() => publisher.acknowledged.length > acknowledged && seen.size > handled);
      expect(performance.now() - healed).toBeLessThan(3000);
    }
    await publisher.stop();

    await until(() => publisher.acknowledged.every((n) => seen.has(n)));
    expect(publisher.failed).toEqual([]);
    expectOrder(byKey);
  });

  it('stores once what it had to send again', async () => {
    await using proxy = await startTcpProxy(world.server.port);
    const namespace = world.namespace();
    const bus = world.streamBus({ servers: proxy.url, namespace, ackTimeoutMs: 100 });
    await bus.ready();
    // The server stores it, and its answer never comes: the message is sent again on the next connection.
    proxy.muteServer();
    const waiting = bus.publish(type, 'once');
    const manager = await world.manager();
    let stored = 0;
    for (let tries = 0; stored === 0 && tries < 500; tries += 1) {
      stored = (await manager.streams.info(namespace)).state.messages;
    }
    proxy.cut();
    proxy.resume();

    await expect(waiting).resolves.toMatchObject({ level: 'os' });
    expect((await manager.streams.info(namespace)).state.messages).toBe(1);
  });

  it('takes no duplicate without a sequence for an acknowledgement', () => {
    const read = (answer: object): string =>
      readPublishAnswer(new TextEncoder().encode(JSON.stringify(answer))).kind;
    expect(read({ stream: 's', seq: 7 })).toBe('stored');
    expect(read({ stream: 's', seq: 7, duplicate: true })).toBe('stored');
    expect(read({ stream: 's', seq: 0, duplicate: true })).toBe('unproven');
    expect(read({ stream: 's', duplicate: true })).toBe('unproven');
    expect(read({ error: { code: 503, err_code: 10_077, description: 'x' } })).toBe('unproven');
    expect(read({ error: { code: 409, err_code: 10_158, description: 'x' } })).toBe('unproven');
    expect(read({ error: { code: 400, err_code: 10_054, description: 'x' } })).toBe('refused');
    for (const bytes of ['', '[]', 'null', '7', '{', '{"seq":"7"}', '{"seq":-1}', '{"seq":1.5}']) {
      expect(readPublishAnswer(new TextEncoder().encode(bytes)).kind).toBe('unproven');
    }
  });

  it('says that the outcome is unknown when no answer comes in time', async () => {
    await using proxy = await startTcpProxy(world.server.port);
    const bus = world.streamBus({
      servers: proxy.url,
      namespace: world.namespace(),
      publishTimeoutMs: 400,
      ackTimeoutMs: 150,
      pingIntervalMs: 10_000,
    });
    await bus.ready();
    proxy.muteServer();

    const failed: unknown = await bus.publish(type, 1).catch((error: unknown) => error);

    expect(failed).toBeInstanceOf(TransportError);
    expect(String(failed)).toMatch(/unknown: the server did not answer\. Publish it again under the same id/);
    proxy.resume();
  });

  it('goes on after its consumers were deleted, and after a subscriber without a name was forgotten', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[][] = [[], []];
    bus.subscribe(type, ({ data }) => seen[0]?.push(data), { name: 'shared' });
    bus.subscribe(type, ({ data }) => seen[1]?.push(data));
    await bus.publish(type, 1);
    await until(() => seen.every(({ length }) => length === 1));
    const manager = await world.manager();

    for await (const { name } of manager.consumers.list(namespace)) {
      // Server 2.9 may say that a folder is not empty yet; the consumer is gone all the same.
      await manager.consumers.delete(namespace, name).catch(() => {});
    }
    await bus.publish(type, 2);

    await until(() => seen.every((numbers) => numbers.includes(2)), 15_000);
    expect(seen[1]).toEqual([1, 2]);
  });

  it('refuses a server without JetStream, and one that is too old for what was asked, and says so', async () => {
    await using plain = await startNatsServer({ binary, jetStream: false });
    const refused: unknown = await world
      .streamBus({ servers: plain.url, namespace: 'none', publishTimeoutMs: 20_000 })
      .publish(type, 1)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/stream none could not be set up.*jetstream is not enabled/i);

    const version = (await world.client()).info?.version ?? '';
    const strict: unknown = await world
      .streamBus({ namespace: world.namespace(), oldServers: 'refuse' })
      .publish(type, 1)
      .catch((error: unknown) => error);
    if (version.startsWith('2.9'))
      expect(String(strict)).toMatch(/2\.9\.\d+; before 2\.10\.27.*CVE-2025-30215/);
    else expect(strict).toMatchObject({ level: 'os' });
  });

  it('keeps memory bounded and loses nothing when the loop is blocked while events stream in', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const { seen, handle } = rememberingHandler();
    const subscription = bus.subscribe(type, handle, { name: 'blocked', order: 'key' });
    await bus.ready();
    const total = 5000;
    const waiting = Array.from({ length: total }, (_, n) => bus.publish(type, { n }, { key: `k${n % 50}` }));
    await waiting[0];
    for (const until = performance.now() + 1500; performance.now() < until;);
    await Promise.all(waiting);
    expect(subscription.stats().queue.size).toBeLessThanOrEqual(1024 + 16 * 512);

    await until(() => seen.size === total);
  });
});

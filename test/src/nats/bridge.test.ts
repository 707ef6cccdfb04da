import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createBus, durableTransport, memoryStore, type Bus, type EventEnvelope } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { bridge, type Bridge, type BridgeOptions } from 'breakwater/nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bridgeBucket, encodeRecord } from '../../../src/bridge/bridge-record.ts';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe.each(natsBinaries())('a bridge to %s', (binary) => {
  let world: NatsWorld;
  let namespace: string;
  const open: { close(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  function edge(path = temporaryFolder()): Bus {
    const bus = createBus({ source: 'till', logger: quiet, transport: lmdb({ path }) });
    open.unshift(bus);
    return bus;
  }

  function across(bus: Bus, options: Partial<BridgeOptions> = {}): Bridge {
    const { to, ...rest } = options;
    const made = bridge(bus, {
      to: { servers: world.server.url, namespace, ackTimeoutMs: 500, ...to },
      logger: quiet,
      ...rest,
    });
    open.unshift(made);
    return made;
  }

  /** What is stored on the other side, in its order, what is there twice as well. */
  async function there(): Promise<EventEnvelope[]> {
    const bus = world.streamBus({ namespace });
    const events: EventEnvelope[] = [];
    for (let from = 1; ;) {
      const page = await bus.query({ from });
      events.push(...page.records.map(({ event }) => event));
      if (!page.atEnd) from = page.next;
      else {
        await bus.close();
        return events;
      }
    }
  }

  /** By a client of its own: one that was there when the server was killed may not hear it again. */
  async function managed<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const client = await connect({ servers: world.server.url });
    try {
      return await work(await jetstreamManager(client));
    } finally {
      await client.close();
    }
  }

  it('takes over what was published before it, and all that comes, in order', async () => {
    namespace = world.namespace();
    const bus = edge();
    for (let n = 0; n < 50; n += 1) await bus.publish('order.step', n, { key: 'a' });
    const far = across(bus, { patterns: ['order.>'] });
    await bus.publish('stock.low', 1);
    for (let n = 50; n < 100; n += 1) void bus.publish('order.step', n, { key: 'a' });
    await bus.idle();
    await far.drained();

    expect((await there()).map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(far.status()).toMatchObject({ state: 'up', lag: 0, forwarded: 100, position: 101 });
  });

  it('publishes on the disk while there is no server, and catches up once', async () => {
    namespace = world.namespace();
    await using server = await startNatsServer({ binary });
    const url = server.url;
    await server.kill();
    const bus = edge();
    const far = across(bus, { to: { servers: url, namespace, connectTimeoutMs: 200 } });
    const receipt = await bus.publish('order.placed', 1);
    for (let n = 2; n <= 500; n += 1) void bus.publish('order.placed', n);
    await bus.idle();
    await until(() => far.status().reason !== undefined);

    expect(receipt.level).toBe('disk');
    expect(far.status()).toMatchObject({ state: 'away', position: 0 });
    await server.restart();
    await far.drained();
    expect(far.status()).toMatchObject({ state: 'up', lag: 0, forwarded: 500, found: 0, reason: undefined });
  });

  it('stores each event once through kills of the server, in the order of each key', async () => {
    namespace = world.namespace();
    const bus = edge();
    const far = across(bus);
    let published = 0;
    const publishFor = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        published += 1;
        const step = published;
        await Promise.all(
          ['a', 'b', 'c'].map((key) =>
            bus.publish(step % 2 === 0 ? 'order.even' : 'order.odd', step, { key }),
          ),
        );
      }
    };
    for (let kill = 0; kill < 3; kill += 1) {
      const publishing = publishFor(60);
      await world.server.kill();
      await publishing;
      await world.server.restart();
      await publishFor(5);
    }
    await far.drained();

    const events = await there();
    for (const key of ['a', 'b', 'c']) {
      expect(events.filter((event) => event.key === key).map(({ data }) => data)).toEqual(
        Array.from({ length: published }, (_, n) => n + 1),
      );
    }
    expect(events).toHaveLength(3 * published);
  });

  it('gives to the dead letters what is too large for the server, and goes on; requeue sends it', async () => {
    namespace = world.namespace();
    await using small = await startNatsServer({ binary, config: 'max_payload: 4096' });
    const bus = edge();
    const far = across(bus, { name: 'hq', to: { servers: small.url, namespace } });
    await Promise.all([
      bus.publish('order.placed', 'first', { key: 'a' }),
      bus.publish('order.placed', 'x'.repeat(10_000), { key: 'a' }),
      bus.publish('order.placed', 'third', { key: 'a' }),
    ]);
    await far.drained();

    expect(far.status()).toMatchObject({ state: 'up', lag: 0, forwarded: 2, deadLettered: 1 });
    const [letter, ...more] = bus.deadLetters.list();
    expect(more).toEqual([]);
    expect(letter).toMatchObject({ subscriber: 'hq', reason: 'fatal', position: 2, attempts: 1 });
    expect(String(letter?.error)).toMatch(
      /message of 10\d\d\d bytes is beyond the 4096 that the server carries/,
    );

    // It is still too large: it is given up again.
    expect(await bus.deadLetters.requeue()).toBe(1);
    await until(() => bus.deadLetters.list()[0]?.requeued === 1);
    small.configure('max_payload: 100000');
    await small.kill();
    await small.restart();
    await until(() => far.status().state === 'up');
    expect(await bus.deadLetters.requeue()).toBe(1);
    await until(() => bus.deadLetters.size === 0);
    await bus.publish('order.placed', 'last');
    await far.drained();
    expect(far.status()).toMatchObject({ forwarded: 3, lag: 0 });
  });

  it('waits where the stream is not as asked, names the field, and goes on when it is', async () => {
    namespace = world.namespace();
    const subjects = [`${namespace}.events.>`];
    await managed(({ streams }) => streams.add({ name: namespace, subjects }));
    const bus = edge();
    const far = across(bus);
    await bus.publish('order.placed', 1);
    await until(() => far.status().state === 'stuck');
    expect(far.status().reason).toContain('max_age');

    await managed(({ streams }) => streams.delete(namespace));
    await far.drained();
    expect(far.status()).toMatchObject({ state: 'up', forwarded: 1 });
  });

  it('goes on in another process of its log where it was', async () => {
    namespace = world.namespace();
    const path = temporaryFolder();
    const first = edge(path);
    const before = across(first);
    await first.publish('order.placed', 1);
    await before.drained();
    // Closing the bus ends the bridge.
    await first.close();
    expect(before.status().state).toBe('closed');

    const second = edge(path);
    await second.publish('order.placed', 2);
    const after = across(second);
    await after.drained();
    expect(after.status()).toMatchObject({ forwarded: 1, found: 0, position: 2 });
    expect((await there()).map(({ data }) => data)).toEqual([1, 2]);
  });

  it('finds behind the end that was kept what a life before has sent, in the stream it has sent it to', async () => {
    namespace = world.namespace();
    const bus = edge();
    const first = across(bus);
    await bus.publish('order.placed', 1);
    await bus.publish('order.paid', 2);
    await first.drained();
    const { created: stream, state } = await managed(({ streams }) => streams.info(namespace));

    // Each as if it had been killed before it heard an answer.
    for (const end of [
      { stream, sequence: 0 },
      { stream: 'another', sequence: state.last_seq },
    ]) {
      const name = `after-${end.stream}`;
      const value = encodeRecord({ position: 0, wave: { to: 2, end } });
      await bus.store?.commit({ writes: [{ bucket: bridgeBucket, key: name, value }] });
      const again = across(bus, { name });
      await again.drained();
      expect(again.status()).toMatchObject({ forwarded: 2, found: 2 });
      await again.close();
    }
    expect((await there()).map(({ data }) => data)).toEqual([1, 2]);
  });

  it('has one dead letter of an event that it gave up in a life before, too', async () => {
    namespace = world.namespace();
    const bus = edge();
    const to = { servers: world.server.url, namespace, maxMessageBytes: 2_000 };
    const first = across(bus, { to });
    await bus.publish('order.placed', 'x'.repeat(5_000));
    await first.drained();
    await first.close();
    const value = encodeRecord({ position: 0, wave: { to: 1, end: { stream: '', sequence: 0 } } });
    await bus.store?.commit({ writes: [{ bucket: bridgeBucket, key: 'bridge', value }] });
    const again = across(bus, { to });
    await again.drained();

    expect(again.status()).toMatchObject({ position: 1, forwarded: 0 });
    expect(bus.deadLetters.size).toBe(1);
  });

  it('keeps at most its waves in memory, however much waits', async () => {
    namespace = world.namespace();
    const bus = edge();
    const data = 'x'.repeat(1_000);
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(
        Array.from({ length: 500 }, (_, n) => bus.publish('order.placed', data, { key: `k${n}` })),
      );
    }
    const far = across(bus);
    let most = 0;
    const base = process.memoryUsage().arrayBuffers;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - base);
    }, 5);
    await far.drained();
    clearInterval(look);

    expect(far.status()).toMatchObject({ forwarded: 10_000, lag: 0 });
    expect(most).toBeLessThan(64 * 1024 * 1024);
  });

  it('needs a bus with a log, options that there are, and a name that is free', async () => {
    namespace = world.namespace();
    const plain = createBus();
    open.push(plain);
    expect(() => bridge(plain, { to: {} })).toThrow('bridge needs a bus that keeps its events');
    const bus = createBus({ transport: durableTransport(memoryStore()) });
    open.push(bus);
    expect(() => bridge(bus, { to: {}, pattern: 'a' } as unknown as BridgeOptions)).toThrow(
      '"pattern" is not an option of bridge',
    );
    expect(() => bridge(bus, { to: { namespace: 'a.b' } })).toThrow('namespace must be one token');
    expect(() => bridge(bus, { to: {}, patterns: ['a..b'] })).toThrow(TypeError);
    expect(() => bridge(bus, { to: {}, from: 'yesterday' as 'now' })).toThrow('from must be');
    across(bus, { name: 'hq' });
    expect(() => bridge(bus, { to: {}, name: 'hq' })).toThrow('a subscription named hq exists already');
  });
});

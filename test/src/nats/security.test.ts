import { defineEntity, TransportError } from 'breakwater';
import { jetStream, nats } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedConfig } from '../../support/documented-config.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';
const shop = { user: 'shop', password: 'shop-secret' };

describe.each(natsBinaries())('security on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary, config: documentedConfig() });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('works, core and stream, with the permissions that the documentation gives', async () => {
    const bus = world.streamBus({ namespace: 'shop', auth: shop });
    const core = world.coreBus({ namespace: 'shop', auth: shop });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(`stream ${String(data)}`), { name: 'billing', order: 'key' });
    bus.subscribe(type, ({ data }) => seen.push(`lanes ${String(data)}`), { name: 'lanes' });
    bus.subscribe(type, ({ data }) => seen.push(`passing ${String(data)}`));
    core.subscribe(type, ({ data }) => seen.push(`core ${String(data)}`));

    await bus.publish(type, 1, { key: 'a' });
    await core.publish(type, 2);

    await until(() => seen.length === 4);
    expect(new Set(seen)).toEqual(new Set(['stream 1', 'lanes 1', 'passing 1', 'core 2']));
  });

  it('hosts, asks and watches entities with those permissions', async () => {
    const definition = defineEntity(
      'cart',
      { initial: { n: 0 }, fold: ({ n }) => ({ n: n + 1 }) },
      { on: ['cart.filled'], key: ({ data }) => data['cart'] },
    );
    const bus = world.streamBus({ namespace: 'shop', auth: shop });
    const other = world.streamBus({ namespace: 'shop', auth: shop });
    await bus.host(definition).ready;
    const seen: number[] = [];
    other.entity(definition, 'a').snapshot$.subscribe(({ n }) => seen.push(n));
    await other.entity(definition, 'a').send('cart.filled', { cart: 'a' });
    const n = await other.entity(definition, 'a').ask((state) => state.n);
    await until(() => seen.includes(1));

    expect(n).toBe(1);
  });

  it('keeps a namespace from others: publishing and subscribing fail at once, typed, naming the subject', async () => {
    const intruder = { user: 'press', password: 'press-secret' };
    const core = world.coreBus({ namespace: 'shop', auth: intruder });
    const published: unknown = await core.publish(type, 1).catch((error: unknown) => error);
    expect(published).toBeInstanceOf(TransportError);
    expect(String(published)).toContain('may not publish to shop.normal.order.placed');

    core.subscribe(type, () => {});
    await until(() =>
      world.lines.some(({ message }) => message.includes('may not subscribe to shop.*.order.placed')),
    );

    const stream: unknown = await world
      .streamBus({ namespace: 'shop', auth: intruder, ackTimeoutMs: 300 })
      .publish(type, 1)
      .catch((error: unknown) => error);
    expect(stream).toBeInstanceOf(TransportError);
    expect(String(stream)).toMatch(/stream shop could not be set up/);
  });

  it('lets nobody acknowledge for another, or delete a stream', async () => {
    const bus = world.streamBus({ namespace: 'press', auth: { user: 'press', password: 'press-secret' } });
    await bus.ready();
    const denied: string[] = [];
    const { connect } = await import('@nats-io/transport-node');
    const client = await connect({ servers: world.server.url, user: 'press', pass: 'press-secret' });
    void (async () => {
      for await (const status of client.status())
        if (status.type === 'error') denied.push(status.error.message);
    })();
    client.publish('$JS.ACK.shop.billing=p0.1.1.1.1.0', '+ACK');
    client.publish('$JS.API.STREAM.DELETE.shop', '');
    client.publish('$JS.API.STREAM.DELETE.press', '');
    // Answers and deliveries of others can be neither heard nor made up.
    client.publish('_INBOX_shop.guessed.1', '{"stream":"shop","seq":7}');
    client.subscribe('_INBOX_shop.>', { callback: () => {} });
    client.publish('$KV.shop-state.leases=3Abilling.partition=2E0', '{}');
    await client.flush();

    await until(() => denied.length === 6);
    expect(denied.every((message) => message.includes('Permissions Violation'))).toBe(true);
    await client.close();
  });

  it('says that it was not let in, at once, and keeps secrets out of errors and logs', async () => {
    const secret = 'not-the-secret-but-secret';
    const refused: unknown = await world
      .streamBus({ namespace: 'shop', auth: { user: 'shop', password: secret } })
      .publish(type, 1)
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/Authorization/);
    let cause: unknown = refused;
    for (let depth = 0; cause instanceof Error && depth < 5; depth += 1) {
      expect(`${String(cause)} ${cause.stack ?? ''} ${JSON.stringify(cause)}`).not.toContain(secret);
      ({ cause } = cause);
    }
    expect(JSON.stringify(world.lines)).not.toMatch(/shop-secret|press-secret|not-the-secret/);
  });
});

describe('options of NATS', () => {
  it.each([
    { namespace: 'a.b' },
    { namespace: '' },
    { namespace: '>' },
    { namespace: 'a b' },
    { namespace: 'x'.repeat(65) },
    { servers: [] },
    { servers: 'nats://a b' },
    { pingIntervalMs: 0 },
    { connectTimeoutMs: Number.NaN },
    { oldServers: 'maybe' },
    { auth: {} },
    { auth: { user: 'u' } },
    { auth: { nkeySeed: '' } },
    { nameSpace: 'typo' },
    { stream: { partitions: 0 } },
    { stream: { name: 'a.b' } },
    { stream: { replicas: 9 } },
    { stream: { storage: 'tape' } },
    { stream: { retention: 'all' } },
    { consumer: { ackWaitMs: 0 } },
    { batching: 'on' },
    { maxBatchEvents: 0 },
    { codec: {} },
  ])('are checked at construction: %j', (options) => {
    expect(() => jetStream(options as object)).toThrow(/must|is not an option/);
  });

  it('hold no credentials in addresses, and errors do not repeat them', () => {
    let message = '';
    try {
      nats({ servers: 'nats://user:hunter2@host' });
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/servers must hold no credentials/);
    expect(message).not.toContain('hunter2');
  });
});

import {
  createBus,
  createSystemClock,
  defineEvent,
  QueueFullError,
  TransportError,
  type EventEnvelope,
} from 'breakwater';
import { fromNats, jetStream, jetStreamLog, nats, natsConnection } from 'breakwater/nats';
import { firstValueFrom, take, toArray, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { freePort, natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';
const orderPlaced = defineEvent(type, z.object({ total: z.number() }));

describe.each(natsBinaries())('fromNats on %s', (binary) => {
  let world: NatsWorld;
  let monitor: number;

  beforeAll(async () => {
    monitor = await freePort();
    world = await createNatsWorld({ binary, config: `http: 127.0.0.1:${monitor}` });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** Names and subscriptions of the connections that the server has now. */
  async function connections(): Promise<
    readonly { readonly name: string; readonly subscriptions: number }[]
  > {
    const answer = await fetch(`http://127.0.0.1:${monitor}/connz`);
    const { connections: found } = (await answer.json()) as {
      connections: { name: string; subscriptions: number }[];
    };
    return found;
  }

  async function named(name: string): Promise<number> {
    return (await connections()).filter((one) => one.name === name).length;
  }

  async function eventually(holds: () => Promise<boolean>): Promise<void> {
    for (let n = 0; n < 400; n += 1) {
      if (await holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect.fail('it does not hold after four seconds');
  }

  async function opened(name: string): Promise<void> {
    await eventually(async () =>
      (await connections()).some((one) => one.name === name && one.subscriptions > 0),
    );
  }

  it('emits the events of a definition from now on, and lets go of the server when it is left', async () => {
    const namespace = world.namespace();
    const orders$ = fromNats(orderPlaced, { servers: world.server.url, namespace });
    expectTypeOf(orders$).toEqualTypeOf<Observable<EventEnvelope<{ total: number }, typeof type>>>();
    const seen: number[] = [];
    const subscription = orders$.subscribe(({ data }) => seen.push(data.total));
    await opened(namespace);
    const bus = world.coreBus({ namespace, connectionName: 'publisher' });
    for (const total of [1, 2, 3]) await bus.publish(orderPlaced, { total });
    await bus.publish('order.paid', {});

    await until(() => seen.length === 3);
    subscription.unsubscribe();
    expect(seen).toEqual([1, 2, 3]);
    await eventually(async () => (await named(namespace)) === 0);
  });

  it('emits what a stream holds, from its start, and waits with what is not acknowledged', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    for (let n = 0; n < 20; n += 1) await bus.publish(type, n);
    const from = { servers: world.server.url, namespace, from: 'start' } as const;

    const all = await firstValueFrom(fromNats('order.>', from).pipe(take(20), toArray()));
    expect(all.map(({ data }) => data).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );

    const held: (() => void)[] = [];
    const manual = fromNats('order.>', { ...from, ack: 'manual', prefetch: 4 }).subscribe((delivery) =>
      held.push(() => delivery.ack()),
    );
    await until(() => held.length === 4);
    held[0]?.();
    await until(() => held.length === 5);
    manual.unsubscribe();
  });

  it('goes on under its name where it stopped', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const options = {
      servers: world.server.url,
      namespace,
      name: 'reader',
      from: 'start',
      order: 'total',
    } as const;
    for (let n = 0; n < 4; n += 1) await bus.publish(type, n);
    const first = await firstValueFrom(fromNats('order.>', options).pipe(take(2), toArray()));
    const rest = await firstValueFrom(fromNats('order.>', options).pipe(take(2), toArray()));

    expect(first.map(({ data }) => data)).toEqual([0, 1]);
    // The one that was in hand when it was left may come again; none is left out.
    expect([2, 1]).toContain(rest[0]?.data);
  });

  it('ends with an error rather than lose what its consumer is too slow for, unless it was told to drop', async () => {
    const namespace = world.namespace();
    const from = { servers: world.server.url, namespace };
    const errors: unknown[] = [];
    const slow = fromNats(type, { ...from, ack: 'manual', prefetch: 1, mailbox: { capacity: 5 } });
    slow.subscribe({ error: (error) => errors.push(error) });
    const dropped: unknown[] = [];
    const dropping = fromNats(type, {
      ...from,
      connectionName: 'dropping',
      ack: 'manual',
      prefetch: 1,
      mailbox: { capacity: 5, overflow: 'drop-oldest' },
      dropped: { next: ({ data }) => dropped.push(data) },
    }).subscribe();
    await Promise.all([opened(namespace), opened('dropping')]);
    const bus = world.coreBus({ namespace, connectionName: 'publisher' });
    for (let n = 0; n < 10; n += 1) await bus.publish(type, n);

    await until(() => errors.length === 1 && dropped.length === 4);
    expect(errors[0]).toBeInstanceOf(QueueFullError);
    expect(String(errors[0])).toContain('more than 5 events');
    expect(dropped).toEqual([1, 2, 3, 4]);
    dropping.unsubscribe();
    await eventually(async () => (await named(namespace)) === 0);
  });

  it('says what is wrong at once where it can, and else as its error', async () => {
    expect(() => fromNats('order..placed')).toThrow('order..placed');
    expect(() => fromNats(type, { prefetch: 0 })).toThrow('prefetch');
    expect(() => fromNats(type, { severs: 'x' } as never)).toThrow('severs');
    const namespace = world.namespace();
    await world.streamBus({ namespace }).publish(type, 1);
    const other = fromNats(type, {
      servers: world.server.url,
      namespace,
      from: 'start',
      stream: { maxBytes: 5000 },
    });
    await expect(firstValueFrom(other)).rejects.toBeInstanceOf(TransportError);
  });

  it('shares one connection among buses, logs and streams, dialled with the first and closed with the last', async () => {
    const connection = natsConnection({ servers: world.server.url, connectionName: 'shared' });
    const [core, stored] = [world.namespace(), world.namespace()];
    const first = createBus({ transport: nats({ connection, namespace: core }) });
    const second = createBus({ transport: jetStream({ connection, namespace: stored }) });
    const log = jetStreamLog({ connection, namespace: stored, name: `${stored}-log` })({
      clock: createSystemClock(),
      random: Math.random,
    });
    expect(await named('shared')).toBe(0);
    const seen: unknown[] = [];
    first.subscribe(type, ({ data }) => seen.push(data));
    second.subscribe(type, ({ data }) => seen.push(data), { name: 'billing', order: 'key' });
    const left = fromNats(type, { connection, namespace: core }).subscribe();
    await Promise.all([first.ready(), second.ready()]);
    await Promise.all([first.publish(type, 'core'), second.publish(type, 'stored'), log.bounds()]);

    await until(() => seen.length >= 2 && seen.includes('core') && seen.includes('stored'));
    expect(connection.users).toBe(4);
    expect(await named('shared')).toBe(1);

    left.unsubscribe();
    await Promise.all([second.close(), log.close()]);
    await until(() => connection.users === 1);
    // What the others had subscribed to is gone; the first has its events, and an inbox once it asks.
    await eventually(async () => {
      const [one] = (await connections()).filter(({ name }) => name === 'shared');
      return one !== undefined && one.subscriptions <= 2;
    });
    await first.publish(type, 'again');
    await until(() => seen.includes('again'));
    await first.close();
    expect(connection.users).toBe(0);
    await eventually(async () => (await named('shared')) === 0);

    const third = createBus({ transport: nats({ connection, namespace: core }) });
    await third.publish(type, 'anew');
    expect(await named('shared')).toBe(1);
    await third.close();
  });

  it('is told once where a shared connection leads', () => {
    const connection = natsConnection({ servers: world.server.url });
    expect(() => fromNats(type, { connection, servers: 'nats://127.0.0.1:1' })).toThrow(
      'servers is for natsConnection',
    );
    expect(() => fromNats(type, { connection: {} as never })).toThrow('connection.join');
    expect(() => natsConnection({ connection } as never)).toThrow('takes no connection');
  });
});

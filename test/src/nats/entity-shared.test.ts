import { defineEntity, defineEvent, type Bus, type EntityHost } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const added = defineEvent('item.added', z.object({ cart: z.string(), n: z.number() }));

const cart = () =>
  defineEntity(
    'cart',
    {
      initial: { sum: 0, seen: [] as readonly number[] },
      fold: (state, { data }) => ({ sum: state.sum + data.n, seen: [...state.seen, data.n] }),
    },
    { on: [added], key: ({ data }) => data.cart },
  );

const lease = { consumer: { leaseMs: 400 } };

describe.each(natsBinaries())('entities that several processes host, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  const partitions = (host: EntityHost): number => host.stats().partitions ?? 0;

  it('are sent to and asked from a process that hosts nothing, and are shared by those that do', async () => {
    const namespace = world.namespace();
    const definition = cart();
    const buses = [0, 1, 2].map(() => world.streamBus({ namespace, ...lease }));
    const [first, second, third] = buses as [Bus, Bus, Bus];
    const hosts = [first.host(definition), second.host(definition)];
    await Promise.all(hosts.map(({ ready }) => ready));
    const keys = Array.from({ length: 40 }, (_, at) => `c${at}`);
    await Promise.all(
      keys.map(async (key) => third.entity(definition, key).send(added, { cart: key, n: 1 })),
    );
    await until(() => hosts.every((host) => partitions(host) > 0));
    await Promise.all(
      keys.map(async (key) => third.entity(definition, key).send(added, { cart: key, n: 2 })),
    );
    const sums = await Promise.all(
      keys.map(async (key) => third.entity(definition, key).ask(({ sum }) => sum)),
    );

    expect(sums).toEqual(keys.map(() => 3));
    expect(hosts.map(({ state }) => state)).toEqual(['running', 'running']);
    expect(hosts.map(partitions).reduce((a, b) => a + b)).toBe(16);
    expect(hosts.every((host) => host.stats().handled > 0)).toBe(true);
  });
});

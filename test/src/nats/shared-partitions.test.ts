import { RetryableError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('order by key among processes of one name on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('gives each process a share of the keys, and all to the last, each event once and in order', async () => {
    const namespace = world.namespace();
    const seen: { readonly bus: number; readonly key: string; readonly n: number; readonly token: number }[] =
      [];
    const buses = [world.streamBus({ namespace }), world.streamBus({ namespace })];
    for (const [at, bus] of buses.entries()) {
      bus.subscribe(
        type,
        ({ key, data }, { fencingToken }) =>
          seen.push({ bus: at, key: String(key), n: Number(data), token: fencingToken ?? 0 }),
        { name: 'billing', order: 'key', from: 'start' },
      );
    }
    const [first, second] = buses;
    await Promise.all(buses.map((bus) => bus.ready()));
    let step = 0;
    const publish = async (): Promise<void> => {
      step += 1;
      const n = step;
      await Promise.all(
        Array.from({ length: 48 }, async (_, key) => second?.publish(type, n, { key: `k${key}` })),
      );
    };
    // Each of sixteen partitions has keys, so each process gets some as soon as both are known.
    for (let tries = 0; tries < 200 && new Set(seen.map(({ bus }) => bus)).size < 2; tries += 1) {
      await publish();
      await until(() => seen.length === step * 48);
    }
    await first?.close();
    const before = seen.length;
    await publish();
    await until(() => seen.length === step * 48);

    expect(seen.slice(0, before).some(({ bus }) => bus === 0)).toBe(true);
    expect(seen.slice(before).every(({ bus }) => bus === 1)).toBe(true);
    for (let key = 0; key < 48; key += 1) {
      const own = seen.filter((one) => one.key === `k${key}`);
      expect(own.map(({ n }) => n)).toEqual(Array.from({ length: step }, (_, at) => at + 1));
      expect(own.map(({ token }) => token)).toEqual(own.map(({ token }) => token).toSorted((a, b) => a - b));
    }
  });

  it('leaves a key that waits for its retry to the next process, and nothing that was settled behind it', async () => {
    const namespace = world.namespace();
    const first = world.streamBus({ namespace, stream: { partitions: 1 } });
    const seen: string[] = [];
    first.subscribe(
      type,
      ({ key }) => {
        if (key === 'bad') throw new RetryableError('later', { retryAfterMs: 60_000 });
        seen.push(`first ${String(key)}`);
      },
      { name: 'parked', order: 'key', from: 'start', retry: { maxMs: 60_000 } },
    );
    for (const key of ['a', 'bad', 'b', 'c', 'bad']) await first.publish(type, key, { key });
    await until(() => seen.length === 3);
    await first.close({ deadlineMs: 10 });

    const second = world.streamBus({ namespace, stream: { partitions: 1 } });
    second.subscribe(type, ({ key }) => seen.push(`second ${String(key)}`), {
      name: 'parked',
      order: 'key',
    });
    await second.publish(type, 'd', { key: 'd' });
    await until(() => seen.length >= 6);
    await second.publish(type, 'e', { key: 'e' });
    await until(() => seen.includes('second e'));

    // Order is within a key: `d` may go between the two of the other key.
    const others = ['d', 'bad', 'bad', 'e'].map((key) => `second ${key}`);
    expect(seen.toSorted()).toEqual(['first a', 'first b', 'first c', ...others].toSorted());
  });
});

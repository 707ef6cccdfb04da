import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kvToken } from '../../../src/nats/kv-token.ts';
import { partitionOf } from '../../../src/nats/partition-of.ts';
import { encodeProgress, noProgress } from '../../../src/nats/partition-progress.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('partitions whose owners died one after the other, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('do not wait for those of them that have nothing to be tried', async () => {
    const namespace = world.namespace();
    const partitions = 8;
    const bus = world.streamBus({ namespace, stream: { partitions } });
    await bus.ready();
    const state = await world.manager();
    await state.streams.add({
      name: `KV_${namespace}-state`,
      subjects: [`$KV.${namespace}-state.>`],
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: false,
      discard: 'new',
      duplicate_window: 120e9,
      allow_direct: false,
    });
    const begun = { sequence: 0, crashes: 2, deaths: 1, tried: true };
    const value = encodeProgress({ ...noProgress, begun, left: false });
    const client = await world.client();
    for (let partition = 0; partition < partitions; partition += 1) {
      const key = `${kvToken('progress:keyed')}.${kvToken(String(partition))}`;
      await client.request(`$KV.${namespace}-state.${key}`, value);
    }
    const seen: unknown[] = [];
    // One partition has an event; the others are as suspect, and empty.
    const key = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].find(
      (one) => partitionOf(one, partitions) === 7,
    );
    await bus.publish(type, 1, { key: key ?? 'a' });
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'keyed', order: 'key', from: 'start' });

    await until(() => seen.length === 1, 15_000);
    const events = Array.from({ length: 32 }, (_, n) => bus.publish(type, n, { key: `k${n}` }));
    await Promise.all(events);
    await until(() => seen.length === 33, 15_000);
    expect(seen).toHaveLength(33);
  });
});

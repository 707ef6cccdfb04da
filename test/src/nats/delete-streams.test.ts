import { TransportError } from 'breakwater';
import { deleteStreams } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

describe.each(natsBinaries())('deleteStreams on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  async function use(namespace: string): Promise<void> {
    const bus = world.streamBus({ namespace });
    let seen = 0;
    bus.subscribe('order.placed', () => void (seen += 1), { name: 'billing', order: 'key' });
    await bus.ready();
    await bus.publish('order.placed', 1, { key: 'a' });
    await until(() => seen === 1);
    await bus.close();
  }

  it('deletes all that the transport has made, and nothing of another namespace', async () => {
    await use('shop');
    await use('shop-eu');
    const theirs = ['KV_shop-eu-state', 'shop-eu', 'shop-eu-dead-letters'];
    expect(await world.streams()).toEqual(
      [...theirs, 'KV_shop-state', 'shop', 'shop-dead-letters'].toSorted(),
    );

    const options = { servers: world.server.url, namespace: 'shop' };
    expect(await deleteStreams(options)).toEqual(['KV_shop-state', 'shop-dead-letters', 'shop']);
    expect(await world.streams()).toEqual(theirs);
    expect(await deleteStreams(options)).toEqual([]);
    await deleteStreams({ servers: world.server.url, namespace: 'shop-eu' });
  });

  it("leaves another's stream of the name alone, and says what it is", async () => {
    const manager = await world.manager();
    await manager.streams.add({ name: 'theirs', subjects: ['sensors.>'] });

    const refused: unknown = await deleteStreams({ servers: world.server.url, namespace: 'theirs' }).catch(
      (error: unknown) => error,
    );

    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toContain(
      "stream theirs takes sensors.>, which is not of theirs.*: it is another's",
    );
    expect(await world.streams()).toEqual(['theirs']);
  });
});

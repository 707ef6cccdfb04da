import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findIds } from '../../../src/nats/find-ids.ts';
import { idHeader } from '../../../src/nats/wire-message.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, type NatsWorld } from '../../support/nats-world.ts';

describe.each(natsBinaries())('findIds, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** A stream whose messages are named by their places, on two subjects in turn. */
  async function stream(name: string): Promise<Parameters<typeof findIds>[0]> {
    const manager = await world.manager();
    await manager.streams.add({ name, subjects: [`${name}.*`] });
    const client = jetstream(await world.client());
    for (let n = 1; n <= 8; n += 1) {
      const head = headers();
      head.set(idHeader, `id${n}`);
      await client.publish(`${name}.${n % 2 === 0 ? 'even' : 'odd'}`, 'body', { headers: head });
    }
    return client;
  }

  it('finds those of one subject from a sequence on, and none of others', async () => {
    const client = await stream('found');
    const manager = await world.manager();
    const range = { stream: 'found', subject: 'found.even', from: 3, upTo: 8 };

    expect(await findIds(client, manager, range, new Set(['id2', 'id3', 'id4', 'id8', 'x']))).toEqual(
      new Set(['id4', 'id8']),
    );
    expect(await findIds(client, manager, { ...range, from: 9 }, new Set(['id8']))).toEqual(new Set());
    expect((await manager.consumers.list('found').next()).length).toBe(0);
  });

  it('says nothing of a stream that was not shown as far as it goes, unless all are found', async () => {
    const client = await stream('short');
    const manager = await world.manager();
    const range = { stream: 'short', subject: 'short.even', from: 1, upTo: 9 };

    await expect(findIds(client, manager, range, new Set(['x']))).rejects.toThrow('shown up to 8');
    expect(await findIds(client, manager, range, new Set(['id4']))).toEqual(new Set(['id4']));
  });
});

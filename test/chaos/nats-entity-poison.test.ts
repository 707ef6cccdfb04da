import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defineEntity, EntityError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNatsWorld, type NatsWorld } from '../support/nats-world.ts';

const worker = fileURLToPath(new URL('../fixtures/fragile-entity-worker.mjs', import.meta.url));
const mostLives = 16;
const stream = { partitions: 1 };
const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

let world: NatsWorld;

beforeAll(async () => {
  world = await createNatsWorld();
});

let live: ChildProcess | undefined;

afterAll(async () => {
  live?.kill('SIGKILL');
  await world[Symbol.asyncDispose]();
});

/** As the worker's, for those who ask. */
const fragile = defineEntity(
  'fragile',
  { initial: { seen: [] as readonly number[] }, fold: (state) => state },
  { on: ['order.placed'], key: ({ data }) => data['order'] },
);

describe('entities that end each process that hosts them', () => {
  it('are parked after maxDeliveries, their events in the dead letters; the kind goes on', async () => {
    const namespace = world.namespace();
    const client = world.streamBus({ namespace, stream });
    const place = (order: string, n: number, end?: 'exit' | 'kill'): Promise<unknown> =>
      client.publish('order.placed', { order, n, ...(end === undefined ? {} : { end }) });
    for (const key of keys) await place(key, 1);
    await place('b', 2, 'exit');
    await place('e', 2, 'kill');
    for (const key of keys) await place(key, 3);

    const manager = await world.manager();
    const letters = async (): Promise<number> =>
      (await manager.streams.info(`${namespace}-dead-letters`).catch(() => undefined))?.state.messages ?? 0;
    let deaths = 0;
    for (let life = 0; life < mostLives; life += 1) {
      const child = spawn(process.execPath, [worker, JSON.stringify({ url: world.server.url, namespace })]);
      const ended = once(child, 'exit').then(() => 'died');
      const done = vi.waitFor(
        async () => {
          if ((await letters()) < 2) throw new Error('not yet');
        },
        { timeout: 40_000, interval: 20 },
      );
      done.catch(() => {});
      live = child;
      if ((await Promise.race([done, ended])) !== 'died') break;
      deaths += 1;
    }
    const seen = new Map<string, unknown>();
    for (const key of keys) {
      const answer = client.entity(fragile, key).ask((state) => state.seen, { timeoutMs: 20_000 });
      seen.set(key, await answer.catch((error: unknown) => error));
    }
    live?.kill('SIGKILL');
    const reasons = new Set<string>();
    for (let seq = 1; seq <= 2; seq += 1) {
      const letter = await manager.streams.getMessage(`${namespace}-dead-letters`, { seq });
      reasons.add(
        `${letter?.header.get('Breakwater-Subscriber')} ${letter?.header.get('Breakwater-Reason')}`,
      );
    }

    // Two to make them suspect, two that tell them from the others, then `maxDeliveries` each; a life goes uncounted whose
    // record the server was too slow to take.
    expect(deaths).toBeGreaterThanOrEqual(4);
    expect(deaths).toBeLessThanOrEqual(10);
    expect(await letters()).toBe(2);
    expect([...reasons]).toEqual(['entity:fragile too-many-deliveries']);
    for (const key of ['a', 'c', 'd', 'f']) expect(seen.get(key)).toEqual([1, 3]);
    for (const key of ['b', 'e']) {
      expect(seen.get(key)).toBeInstanceOf(EntityError);
      expect(seen.get(key)).toMatchObject({ reason: 'parked', key });
    }
  });
});

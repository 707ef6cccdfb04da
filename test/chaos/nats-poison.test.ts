import type { StoredMsg } from '@nats-io/jetstream';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNatsWorld, type NatsWorld } from '../support/nats-world.ts';

const worker = fileURLToPath(new URL('../fixtures/fragile-worker.mjs', import.meta.url));
const mostLives = 12;

let world: NatsWorld;
let folder: string;

beforeAll(async () => {
  world = await createNatsWorld();
  folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('an event that ends the process of every owner of its partition', () => {
  it('goes to the dead letters after maxDeliveries, and what stands behind it is handled in order', async () => {
    const namespace = world.namespace();
    const path = join(folder, 'handled');
    writeFileSync(path, '');
    const publisher = world.streamBus({ namespace });
    const keys = ['a', 'poison', 'b', 'a', 'b', 'c'];
    for (const [n, key] of keys.entries()) await publisher.publish('order.placed', n, { key });

    const handled = (): string[] => [...new Set(readFileSync(path, 'utf8').split('\n').filter(Boolean))];
    const manager = await world.manager();
    const letter = (): Promise<StoredMsg | null> =>
      manager.streams
        .getMessage(`${namespace}-dead-letters`, {
          last_by_subj: `${namespace}.dead-letters.fragile.order.placed`,
        })
        .catch(() => null);
    let deaths = 0;
    for (let life = 0; life < mostLives; life += 1) {
      const child = spawn(process.execPath, [
        worker,
        JSON.stringify({ url: world.server.url, namespace, path }),
      ]);
      const ended = once(child, 'exit').then(() => 'died');
      const done = vi.waitFor(
        async () => {
          if (handled().length < keys.length - 1 || (await letter()) === null) throw new Error('not yet');
        },
        { timeout: 20_000, interval: 20 },
      );
      const outcome = await Promise.race([done, ended]);
      child.kill('SIGKILL');
      await ended;
      done.catch(() => {});
      if (outcome !== 'died') break;
      deaths += 1;
    }

    // Two to make it suspect, then `maxDeliveries`; a life goes uncounted whose record the server was too slow to take.
    expect(deaths).toBeGreaterThanOrEqual(4);
    expect(deaths).toBeLessThanOrEqual(7);
    expect(handled().toSorted()).toEqual(['a 0', 'a 3', 'b 2', 'b 4', 'c 5']);
    const { messages } = (await manager.streams.info(`${namespace}-dead-letters`)).state;
    expect(messages).toBe(1);
    expect((await letter())?.header.get('Breakwater-Reason')).toBe('too-many-deliveries');
  });
});

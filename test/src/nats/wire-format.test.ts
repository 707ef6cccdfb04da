import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NatsConnection } from '@nats-io/transport-node';
import type { JetStreamOptions } from 'breakwater/nats';
import { jsonCodec } from 'breakwater/streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { readText, root } from '../../support/repository.ts';

interface Read {
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly key: string | undefined;
  readonly priority: string;
  readonly data: unknown;
}

/** What the page gives other programs: run as it stands there. */
interface Page {
  readStream(connection: NatsConnection, stream: string): Promise<Read[]>;
  publishEvent(connection: NatsConnection, namespace: string, event: object): Promise<number>;
}

const folder = join(root, '.docs-samples', `wire-format-${process.pid}`);

async function codeOfPage(): Promise<Page> {
  const blocks = [...readText('docs/wire-format.md').matchAll(/```js\n([\s\S]*?)```/g)].map(
    ([, code = '']) => code,
  );
  mkdirSync(folder, { recursive: true });
  const modules = await Promise.all(
    blocks.map((code, number) => {
      const path = join(folder, `block-${number}.mjs`);
      writeFileSync(path, code);
      return import(pathToFileURL(path).href) as Promise<Partial<Page>>;
    }),
  );
  return Object.assign({}, ...modules) as Page;
}

describe.each(natsBinaries())('docs/wire-format.md, on %s', (binary) => {
  let world: NatsWorld;
  let page: Page;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
    page = await codeOfPage();
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await world[Symbol.asyncDispose]();
  });

  it.each<[string, JetStreamOptions]>([
    ['rows', {}],
    ['a batch of CloudEvents', { codec: jsonCodec() }],
    ['one CloudEvent a message', { batching: 'off' }],
  ])('reads what is written as %s', async (_what, options) => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, ...options });
    const written: Read[] = [];
    bus.subscribe('>', ({ id, type, time, key, priority, data }) => {
      written.push({ id, type, time, key, priority, data });
    });
    await bus.ready();
    const payloads: unknown[] = [
      { total: 1 },
      { total: 2, place: { city: 'Rome' } },
      'text',
      7,
      [1, 'b'],
      null,
    ];
    const all = payloads.flatMap((data, n) => [
      bus.publish('order.placed', data, {
        key: `k${n % 3}`,
        correlationId: 'visit',
        time: 1_700_000_000_000 + n,
      }),
      bus.publish('order.placed', data, { priority: 'urgent', metadata: { place: 'x' } }),
      bus.publish(`stock.low-${n}`, data, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }),
    ]);
    await Promise.all(all);
    await until(() => written.length === all.length);

    const read = await page.readStream(await world.client(), namespace);
    const byId = (events: readonly Read[]): Read[] => events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(byId(read)).toEqual(byId(written));
  });

  it('writes what subscribers handle, in the partition of its key, once', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe('order.>', ({ type, key, data, source }) => void seen.push([type, key, data, source]), {
      name: 'billing',
      order: 'key',
    });
    await bus.ready();
    const client = await world.client();
    const event = {
      id: '0190163d-8694-739b-aea5-966c26f8ad91',
      source: 'elsewhere',
      type: 'order.placed',
      key: 'größe',
      time: 1_700_000_000_000,
      data: { total: 3 },
    };
    const sequence = await page.publishEvent(client, namespace, event);
    await bus.publish('order.placed', { total: 4 }, { key: 'größe' });
    await until(() => seen.length === 2);

    expect(seen[0]).toEqual(['order.placed', 'größe', { total: 3 }, 'elsewhere']);
    expect(await page.publishEvent(client, namespace, event)).toBe(sequence);
    const manager = await world.manager();
    const subjects = await Promise.all(
      [1, 2].map(async (seq) => (await manager.streams.getMessage(namespace, { seq }))?.subject),
    );
    expect(subjects[0]).toBe(subjects[1]);
  });
});

import { RetryableError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('a breaker shared by processes on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('opens in both when one fails, is tried by one alone, and closes in both', async () => {
    const namespace = world.namespace();
    const service = { down: true, calls: 0 };
    const seen: string[][] = [[], []];
    const buses = [world.streamBus({ namespace }), world.streamBus({ namespace })];
    const handles = buses.map((bus, at) => {
      const handle = bus.subscribe(
        type,
        () => {
          service.calls += 1;
          if (service.down) throw new RetryableError('down');
        },
        {
          name: 'billing',
          order: 'total',
          breaker: { consecutiveFailures: 2, resetTimeoutMs: 1000, halfOpenCalls: 1, shared: true },
          retry: { maxAttempts: 100, baseMs: 1, maxMs: 10, minRetriesPerSecond: 1000 },
        },
      );
      handle.state$.subscribe(({ breaker }) => seen[at]?.push(breaker));
      return handle;
    });
    await Promise.all(buses.map((bus) => bus.ready()));
    for (let n = 0; n < 4; n += 1) await buses[0]?.publish(type, n);

    // Only one of them has the events, and so the failures.
    await until(() => handles.every(({ state }) => state.breaker === 'open'));
    expect(service.calls).toBe(2);
    service.down = false;
    await until(() => handles.every(({ state }) => state.breaker === 'closed'), 20_000);
    await until(() => service.calls === 6);

    expect(handles.map((handle) => handle.stats().succeeded).toSorted((a, b) => a - b)).toEqual([0, 4]);
    expect(seen.flat()).toContain('halfOpen');
  });

  it('leaves a record that the tools of the server can read', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const handle = bus.subscribe(type, () => {}, { name: 'billing', breaker: { shared: true } });
    await bus.ready();
    handle.reset();
    const manager = await world.manager();
    const read = async (): Promise<string> => {
      const message = await manager.streams.getMessage(`KV_${namespace}-state`, {
        last_by_subj: `$KV.${namespace}-state.breakers.billing`,
      });
      return message?.string() ?? '';
    };
    let text = '';
    for (let tries = 0; tries < 200 && text === ''; tries += 1) {
      text = await read().catch(() => '');
    }

    expect(JSON.parse(text)).toMatchObject({ state: 'closed', forMs: 0, opens: 0 });
  });
});

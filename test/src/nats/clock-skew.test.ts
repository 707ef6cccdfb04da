import type { Bus, Clock } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../src/system-clock.ts';
import { expectOrder, rememberingHandler, steadyPublisher } from '../../support/kept-promises.ts';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until } from '../../support/nats-world.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const type = 'order.placed';
const hour = 3_600_000;

/** A clock whose time of day is wrong, by what it is told to be. */
function skewedClock(): Clock & { skewMs: number } {
  const system = createSystemClock();
  const clock = { ...system, skewMs: 0, now: (): number => system.now() + clock.skewMs };
  return clock;
}

describe.each(natsBinaries())('processes whose clocks differ by hours, on %s', (binary) => {
  it('share partitions, follow one that falls silent, and lose and swap nothing', async () => {
    await using server = await startNatsServer({ binary });
    await using proxy = await startTcpProxy(server.port);
    await using world = await createNatsWorld({ binary });
    const clocks = [skewedClock(), skewedClock(), skewedClock()];
    for (const [at, clock] of clocks.entries()) clock.skewMs = (at - 1) * hour;
    const tokens = new Map<string, number>();
    const foreign: string[] = [];
    const { byKey, seen, handle } = rememberingHandler();
    const handledBy = new Set<number>();
    const buses = clocks.map((clock, at): Bus => {
      // The second one is reached through a proxy, to be cut off.
      const servers = at === 1 ? proxy.url : server.url;
      const options = { servers, namespace: 'skewed', consumer: { leaseMs: 400 } };
      const bus = world.streamBus(options, { clock });
      bus.subscribe(
        type,
        (event, { fencingToken = 0 }) => {
          handledBy.add(at);
          const before = tokens.get(event.key ?? '') ?? 0;
          if (fencingToken < before) foreign.push(`${String(event.key)}: ${fencingToken} after ${before}`);
          tokens.set(event.key ?? '', fencingToken);
          handle(event);
        },
        { name: 'keyed', order: 'key', from: 'start' },
      );
      return bus;
    });
    const [first] = buses;
    if (first === undefined) throw new Error('there is no bus');
    await Promise.all(buses.map((bus) => bus.ready()));
    const publisher = steadyPublisher(first, type, 24);
    await until(() => handledBy.size === 3);

    proxy.pause();
    const silent = performance.now();
    handledBy.clear();
    const handled = (): number =>
      [...byKey.values()].reduce((least, { length }) => Math.min(least, length), Infinity);
    const before = handled();
    await until(() => handled() > before);
    expect(performance.now() - silent).toBeLessThan(5000);
    // The clocks of those that are left jump, the one back, the other ahead.
    for (const [at, clock] of clocks.entries()) clock.skewMs = (1 - at) * hour;
    const further = handled();
    await until(() => handled() > further + 10);
    proxy.resume();
    await until(() => handledBy.has(1));
    await publisher.stop();
    await until(() => publisher.acknowledged.every((n) => seen.has(n)));

    expect(publisher.failed).toEqual([]);
    expect(foreign).toEqual([]);
    expectOrder(byKey);
  });
});

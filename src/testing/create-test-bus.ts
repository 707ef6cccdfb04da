import type { TestBus, TestBusOptions } from './test-bus.ts';
import { TestWorld } from './test-world.ts';

/**
 * Creates a bus in a virtual world: time moves only when told to, and a seed decides everything.
 *
 * Equal seeds and steps give equal runs, byte for byte: `fingerprint()` proves it. Minutes pass in
 * milliseconds. Warnings of the logger go to the timeline. `close` moves time on as far as it needs.
 *
 * @throws RangeError or TypeError as `createBus`.
 *
 * @example
 * ```ts
 * const bus = createTestBus({ seed: 7 });
 * bus.subscribe('order.placed', async (event, { publish }) => publish('mail.sent', event.data), { order: 'key' });
 * await bus.publish('order.placed', { orderId: '42' });
 * await bus.settle();
 * bus.publishedEvents('mail.*').map((event) => event.data); // => [{ orderId: '42' }]
 * ```
 */
export function createTestBus(options: TestBusOptions = {}): TestBus {
  const world = new TestWorld(options);
  const own: Record<string, unknown> = {
    seed: world.seed,
    advanceBy: world.advanceBy,
    until: world.until,
    settle: world.settle,
    play: world.play,
    crash: world.crash,
    restart: world.restart,
    publishedEvents: world.publishedEvents,
    timelineText: (limit?: number) => world.timeline.text(limit),
    fingerprint: () => world.timeline.fingerprint(),
  };
  // The bus behind it changes with each restart, so each name is looked up when it is used.
  const bus = new Proxy(own, {
    get(target, name) {
      if (name === 'clock') return world.process.clock;
      if (name === 'scheduler') return world.process.scheduler;
      if (name === 'timeline') return world.timeline.entries;
      return Reflect.has(target, name) ? Reflect.get(target, name) : Reflect.get(world.bus, name);
    },
    has: (target, name) =>
      Reflect.has(target, name) ||
      ['clock', 'scheduler', 'timeline'].includes(String(name)) ||
      Reflect.has(world.bus, name),
  }) as unknown as TestBus;
  world.start(bus);
  return bus;
}

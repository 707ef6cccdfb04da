import { createBus, defineEvent, noopTransport, type Bus, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string() }), {
  key: ({ orderId }) => {
    if (orderId === 'no key') throw new Error('there is none');
    return orderId;
  },
});
const order = { orderId: '42' };
const later = defineEvent('order.checked', z.object({ ok: z.boolean().refine(async (ok) => ok) }));

const transports = {
  'the memory transport': () => createBus({ logger: silentLogger }),
  'the noop transport': () => createBus({ logger: silentLogger, transport: noopTransport() }),
} satisfies Record<string, () => Bus>;

describe.each(Object.entries(transports))('an event that reaches nobody, on %s', (name, create) => {
  it('has a receipt like any other, with a new id', async () => {
    await using bus = create();

    const first = await bus.publish(orderPlaced, order);
    const second = await bus.publish(orderPlaced, order);

    expect({ ...first }).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      level: name === 'the noop transport' ? 'none' : 'accepted',
      subscribers: 0,
    });
    expect(first.id < second.id).toBe(true);
  });

  it('is refused when its payload is not valid, or gives no key', async () => {
    await using bus = create();
    const failures: unknown[] = [];
    bus.errors$.subscribe((error) => failures.push(error));

    await expect(bus.publish(orderPlaced, { orderId: 7 as never })).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
    });
    await expect(bus.publish(orderPlaced, { orderId: 'no key' })).rejects.toThrow(/key or priority/);
    await expect(bus.publish(orderPlaced, { orderId: 'a\0b' })).rejects.toThrow(/key/);
    await expect(bus.publish(later, { ok: false })).rejects.toMatchObject({ code: 'ERR_VALIDATION' });
    bus.emit(orderPlaced, { orderId: 7 as never });

    expect(failures).toHaveLength(5);
    expect(bus.stats()).toMatchObject({ published: 0, failedPublishes: 5 });
  });

  it('counts as published, however it was', async () => {
    await using bus = create();

    await bus.publish(orderPlaced, order);
    await bus.publish(later, { ok: true });
    bus.publishSync(orderPlaced, order);
    bus.emit(orderPlaced, order);

    expect(bus.stats().published).toBe(4);
    expect(bus.eventTypes()).toEqual(['order.checked', 'order.placed']);
  });

  it('goes through the gate', async () => {
    const bus = create();
    bus.disable();
    await bus.publish(orderPlaced, order);
    await bus.close();

    expect(bus.stats()).toMatchObject({ published: 0, discarded: 1 });
    await expect(bus.publish(orderPlaced, order)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('an event that reached nobody before', () => {
  it('reaches who has subscribed since, and nobody once they are gone', async () => {
    await using bus = createBus({ logger: silentLogger });
    const seen: EventEnvelope[] = [];
    bus.emit(orderPlaced, order);

    const subscription = bus.subscribe('order.>', (event) => {
      seen.push(event);
    });
    bus.emit(orderPlaced, order);
    await bus.idle();
    await subscription.unsubscribe();
    const { subscribers } = await bus.publish(orderPlaced, order);

    expect(seen).toHaveLength(1);
    expect(subscribers).toBe(0);
  });

  it('is shown to enrichers', async () => {
    const seen: string[] = [];
    await using bus = createBus({
      logger: silentLogger,
      enrich: [
        (event) => {
          seen.push(event.type);
          return undefined;
        },
      ],
    });

    await bus.publish(orderPlaced, order);

    expect(seen).toEqual(['order.placed']);
  });
});

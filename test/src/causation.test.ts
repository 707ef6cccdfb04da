import { defineEvent, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const placed = defineEvent('order.placed', z.object({}));
const billed = defineEvent('order.billed', z.object({}));
const shipped = defineEvent('order.shipped', z.object({}));
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** placed causes billed causes shipped; all that was seen. */
function chain() {
  const world = createBusWorld();
  const seen: EventEnvelope[] = [];
  world.bus.subscribe('>', (event) => void seen.push(event), { name: 'witness' });
  world.bus.subscribe(placed, (_event, { publish }) => publish(billed, {}));
  world.bus.subscribe(billed, (_event, { publish }) =>
    publish(shipped({}, { metadata: { carrier: 'post' } })),
  );
  return { ...world, seen };
}

describe('what a handler publishes', () => {
  it('I25: carries the id of its cause, the request it belongs to and the length of the chain', async () => {
    const { bus, clock, seen } = chain();

    await bus.publish(placed, {});
    await clock.flush();

    const [first, second, third] = seen;
    expect(first).not.toHaveProperty('causationId');
    expect(second).toMatchObject({
      type: 'order.billed',
      causationId: first?.id,
      correlationId: first?.id,
      causationDepth: 1,
    });
    expect(third).toMatchObject({
      type: 'order.shipped',
      causationId: second?.id,
      correlationId: first?.id,
      causationDepth: 2,
      metadata: { carrier: 'post' },
    });
  });

  it('I25: keeps the correlation that the first event was given', async () => {
    const { bus, clock, seen } = chain();

    await bus.publish(placed, {}, { correlationId: 'visit-7' });
    await clock.flush();

    expect(seen.map(({ correlationId }) => correlationId)).toEqual(['visit-7', 'visit-7', 'visit-7']);
  });

  it('I25: stays in the trace of its cause, in a span of its own', async () => {
    const { bus, clock, seen } = chain();

    await bus.publish(placed, {}, { traceparent, tracestate: 'shop=1' });
    await clock.flush();

    const spans = seen.map((event) => event.traceparent?.split('-') ?? []);
    expect(spans.map(([version, trace, , flags]) => [version, trace, flags])).toEqual(
      Array.from({ length: 3 }, () => ['00', '0af7651916cd43dd8448eb211c80319c', '01']),
    );
    expect(new Set(spans.map(([, , span]) => span)).size).toBe(3);
    expect(seen.map(({ tracestate }) => tracestate)).toEqual(['shop=1', 'shop=1', 'shop=1']);
  });

  it('I25: keeps the trace through retries and among the dead letters', async () => {
    const { bus, clock } = createBusWorld();
    const seen: (string | undefined)[] = [];
    bus.subscribe(placed, (event) => {
      seen.push(event.traceparent);
      throw new Error('always');
    });

    await bus.publish(placed, {}, { traceparent });
    await clock.advanceBy(10_000);

    expect(seen).toEqual([traceparent, traceparent, traceparent]);
    expect(bus.deadLetters.list()).toMatchObject([{ event: { traceparent } }]);
  });

  it('has no cause once the bus itself is asked to publish', async () => {
    const { bus, clock } = createBusWorld();
    const seen: EventEnvelope[] = [];
    bus.subscribe(billed, (event) => void seen.push(event));
    bus.subscribe(placed, () => bus.publish(billed, {}));

    await bus.publish(placed, {});
    await clock.flush();

    expect(seen[0]).not.toHaveProperty('causationId');
  });

  it('is refused where the chain of causes is longer than the bus allows: handlers in a circle end', async () => {
    const { bus, clock } = createBusWorld({ maxCausationDepth: 8 });
    let calls = 0;
    const errors: unknown[] = [];
    for (const [from, to] of [
      [placed, billed],
      [billed, placed],
    ] as const) {
      bus.subscribe(from, async (_event, { publish }) => {
        calls += 1;
        await publish(to, {}).catch((error: unknown) => errors.push(error));
      });
    }

    await bus.publish(placed, {});
    await clock.flush();

    expect(calls).toBe(9);
    expect(errors).toMatchObject([
      {
        code: 'ERR_CAUSATION_DEPTH',
        retryable: false,
        message: expect.stringMatching(/is the 9th in a chain of events .* at most 8 are allowed/u),
      },
    ]);
  });

  it('dead-letters the event of a handler in a circle that lets the error through, without a retry', async () => {
    const { bus, clock } = createBusWorld({ maxCausationDepth: 2 });
    bus.subscribe(placed, (_event, { publish }) => publish(placed, {}));

    await bus.publish(placed, {});
    await clock.advanceBy(10_000);

    expect(bus.deadLetters.list()).toMatchObject([
      { reason: 'fatal', attempts: 1, event: { causationDepth: 2 } },
    ]);
  });
});

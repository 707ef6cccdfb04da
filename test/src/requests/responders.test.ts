import { FatalError, TransportError, type Bus } from 'breakwater';
import { createTestBus, createVirtualClock } from 'breakwater/testing';
import { redisStreams } from 'breakwater/redis';
import { describe, expect, it } from 'vitest';
import { askFailure } from '../../support/ask-failure.ts';
import { createBusPool } from '../../support/bus-pool.ts';
import { quote, until } from '../../support/quote-request.ts';

const { newBus } = createBusPool();

describe('a bus with responders', () => {
  it('is refused at once while the breaker of the responder is open, where it has one', async () => {
    const bus = newBus();
    let calls = 0;
    bus.respond(
      quote,
      () => {
        calls += 1;
        throw new Error('down');
      },
      { breaker: { consecutiveFailures: 2 } },
    );
    const codes: unknown[] = [];
    for (let n = 0; n < 4; n += 1)
      codes.push((await askFailure(bus.ask(quote, { sku: 'tea' }))).remote?.code);

    expect(codes).toEqual(['ERR_ASK_FAILED', 'ERR_ASK_FAILED', 'ERR_BREAKER_OPEN', 'ERR_BREAKER_OPEN']);
    expect(calls).toBe(2);
  });

  it('does not count a FatalError as a failure: to say no is to answer', async () => {
    const bus = newBus();
    const responder = bus.respond(
      quote,
      () => {
        throw new FatalError('no');
      },
      { breaker: { consecutiveFailures: 2 } },
    );
    for (let n = 0; n < 4; n += 1) await askFailure(bus.ask(quote, { sku: 'tea' }));

    expect(responder.state.breaker).toBe('closed');
    expect(responder.stats()).toMatchObject({ succeeded: 4, failed: 0 });
  });

  it('hears of a responder that takes too long', async () => {
    const clock = createVirtualClock();
    const bus = newBus({ clock });
    let aborted = false;
    bus.respond(
      quote,
      (_request, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      { timeoutMs: 50 },
    );
    const error = askFailure(bus.ask(quote, { sku: 'tea' }));
    await clock.advanceBy(60);

    expect(await error).toMatchObject({
      code: 'ERR_ASK_REFUSED',
      remote: { message: 'the responder took too long' },
    });
    expect(aborted).toBe(true);
  });

  it('runs the middleware of the bus around responders', async () => {
    const seen: string[] = [];
    const bus = newBus({
      middleware: [
        async (event, _context, next) => {
          seen.push(`before ${event.type}`);
          await next();
        },
      ],
    });
    bus.respond(quote, () => ({ cents: 1, until }));
    await bus.ask(quote, { sku: 'tea' });

    expect(seen).toContain('before price.quote');
  });

  it('is idle when no question waits', async () => {
    const bus = newBus();
    let answered = false;
    bus.respond(quote, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      answered = true;
      return { cents: 1, until };
    });
    const asked = bus.ask(quote, { sku: 'tea' });
    await new Promise((resolve) => setImmediate(resolve));
    await bus.idle();

    expect(answered).toBe(true);
    await asked;
  });

  it('answers what waits when it closes, and then refuses to ask and to answer', async () => {
    const bus = newBus();
    bus.respond(quote, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return { cents: 1, until };
    });
    const asked = bus.ask(quote, { sku: 'tea' });
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    await bus.close();

    await expect(asked).resolves.toMatchObject({ cents: 1 });
    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toMatchObject({ code: 'ERR_CLOSED' });
    expect(() => bus.respond(quote, () => ({ cents: 1, until }))).toThrow('closed');
  });

  it('gives up what is not answered by the deadline of its end', async () => {
    const bus = newBus();
    bus.respond(quote, () => new Promise(() => {}));
    const error = askFailure(bus.ask(quote, { sku: 'tea' }));
    await new Promise((resolve) => setImmediate(resolve));
    await bus.close({ deadlineMs: 0 });

    expect(['ERR_ASK_BUSY', 'ERR_CLOSED']).toContain((await error).code);
  });

  it('asks and answers on a clock of its own, as a test bus does', async () => {
    const bus = createTestBus();
    bus.respond(quote, () => ({ cents: 5, until }));
    await expect(bus.until(bus.ask(quote, { sku: 'tea' }))).resolves.toMatchObject({ cents: 5 });
  });

  it('says where its transport carries no questions', async () => {
    const bus = newBus({ transport: redisStreams({ url: 'redis://127.0.0.1:1' }) });
    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toBeInstanceOf(TransportError);
    expect(() => bus.respond(quote, () => ({ cents: 1, until }))).toThrow('carries no questions');
  });

  it.each([
    [(bus: Bus) => bus.respond({} as never, () => 1), 'defineRequest'],
    [(bus: Bus) => bus.respond(quote, 1 as never), 'respond takes a function'],
    [(bus: Bus) => bus.respond(quote, () => 1 as never, { retry: false } as never), 'retry'],
    [(bus: Bus) => bus.respond(quote, () => 1 as never, { concurrency: 0 }), 'concurrency'],
  ])('refuses what makes no sense: %s', (wrong, message) => {
    expect(() => wrong(newBus())).toThrow(message);
  });

  it.each([0, -1, Number.NaN, 2 ** 31, 'soon'])('refuses a timeoutMs of %s', async (timeoutMs) => {
    await expect(newBus().ask(quote, { sku: 'tea' }, { timeoutMs: timeoutMs as number })).rejects.toThrow(
      'timeoutMs',
    );
  });
});

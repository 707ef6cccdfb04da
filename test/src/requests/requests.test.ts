import {
  defineRequest,
  FatalError,
  hasCode,
  RetryableError,
  ValidationError,
  type EventEnvelope,
} from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { askFailure } from '../../support/ask-failure.ts';
import { createBusPool } from '../../support/bus-pool.ts';
import { quote, until } from '../../support/quote-request.ts';

const { newBus, lines } = createBusPool();

describe('ask', () => {
  it('resolves to what the responder gives, each side with what its schema makes of it', async () => {
    const bus = newBus({ source: 'shop' });
    let asked: EventEnvelope | undefined;
    bus.respond(quote, (request) => {
      asked = request;
      return { cents: request.data.count * 250, until };
    });

    const answer = await bus.ask(quote, { sku: 'tea', count: '3' }, { fields: { priority: 'high' } });

    expect(answer).toEqual({ cents: 750, until: new Date(until) });
    expect(asked).toMatchObject({
      type: 'price.quote',
      source: 'shop',
      key: 'tea',
      priority: 'high',
      data: { sku: 'tea', count: 3 },
    });
  });

  it('belongs to the event whose handler asks', async () => {
    const bus = newBus();
    const seen: EventEnvelope[] = [];
    bus.respond(quote, async (request, context) => {
      seen.push(request);
      await context.publish('price.asked', {});
      return { cents: 1, until };
    });
    bus.subscribe('price.asked', (event) => seen.push(event));
    bus.subscribe('order.placed', async (event) => {
      seen.push(event);
      await bus.ask(quote, { sku: 'tea' }, { causedBy: event });
    });

    await bus.publish('order.placed', {}, { correlationId: 'c-1' });
    await bus.idle();

    const [order, request, asked] = seen;
    expect(request).toMatchObject({ causationId: order?.id, correlationId: 'c-1', causationDepth: 1 });
    expect(asked).toMatchObject({ causationId: request?.id, correlationId: 'c-1', causationDepth: 2 });
  });

  it('is refused before anything is sent when it is not what was defined', async () => {
    const bus = newBus();
    let asked = 0;
    bus.respond(quote, () => ({ cents: (asked += 1), until }));

    expect(await askFailure(bus.ask(quote, { sku: '' }))).toBeInstanceOf(ValidationError);
    expect(asked).toBe(0);
  });

  it('says that nobody answers, also after the last responder has left', async () => {
    const bus = newBus();
    const error = await askFailure(bus.ask(quote, { sku: 'tea' }));
    expect(error).toMatchObject({ code: 'ERR_ASK_NO_RESPONDER', retryable: true, type: 'price.quote' });

    const responder = bus.respond(quote, () => ({ cents: 1, until }));
    await bus.ask(quote, { sku: 'tea' });
    await responder.unsubscribe();

    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toMatchObject({ code: 'ERR_ASK_NO_RESPONDER' });
  });

  it('is given up after timeoutMs, and a late answer changes nothing', async () => {
    const clock = createVirtualClock();
    const bus = newBus({ clock });
    let answer: () => void = () => {};
    bus.respond(quote, () => new Promise((resolve) => (answer = () => resolve({ cents: 1, until }))));

    const error = askFailure(bus.ask(quote, { sku: 'tea' }, { timeoutMs: 500 }));
    await clock.advanceBy(499);
    answer = (
      (late) => () =>
        late()
    )(answer);
    await clock.advanceBy(1);

    expect(await error).toMatchObject({ code: 'ERR_ASK_TIMEOUT', retryable: true });
    answer();
  });

  it('is given up when its signal says so', async () => {
    const bus = newBus();
    bus.respond(quote, () => new Promise(() => {}));
    const stop = new AbortController();
    const asked = bus.ask(quote, { sku: 'tea' }, { signal: stop.signal });
    stop.abort(new Error('the page was left'));

    await expect(asked).rejects.toThrow('the page was left');
    await expect(bus.ask(quote, { sku: 'tea' }, { signal: stop.signal })).rejects.toThrow(
      'the page was left',
    );
  });

  it('tells the asker what was refused and how, and nothing of errors that have no code', async () => {
    const bus = newBus();
    const errors: Error[] = [
      new FatalError('there is no tea'),
      new RetryableError('the tea is brewing', { retryAfterMs: 3000 }),
      new Error('password of the tea house: leaf'),
    ];
    bus.respond(quote, () => {
      throw errors.shift() ?? new Error();
    });

    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toMatchObject({
      code: 'ERR_ASK_REFUSED',
      retryable: false,
      remote: { code: 'ERR_FATAL', message: 'there is no tea', retryable: false },
    });
    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toMatchObject({
      code: 'ERR_ASK_REFUSED',
      retryable: true,
      remote: { code: 'ERR_RETRYABLE', retryAfterMs: 3000 },
    });
    const third = await askFailure(bus.ask(quote, { sku: 'tea' }));
    expect(third).toMatchObject({ remote: { code: 'ERR_ASK_FAILED', retryable: true } });
    expect(third.message).not.toContain('leaf');
  });

  it('says in its own log what its responder threw', async () => {
    const bus = newBus();
    bus.respond(quote, () => {
      throw new Error('the kettle is broken');
    });
    await askFailure(bus.ask(quote, { sku: 'tea' }));

    expect(lines.some(({ message }) => message.includes('the kettle is broken'))).toBe(true);
  });

  it('is refused when the answer is not what was defined', async () => {
    const bus = newBus();
    bus.respond(quote, () => ({ cents: 'many' }) as never);

    expect(await askFailure(bus.ask(quote, { sku: 'tea' }))).toMatchObject({
      code: 'ERR_ASK_REFUSED',
      remote: { code: 'ERR_VALIDATION', message: expect.stringContaining('cents') as string },
    });
  });

  it('holds no more questions than the mailbox has room for; the others hear that it is busy', async () => {
    const bus = newBus();
    const answers: (() => void)[] = [];
    const responder = bus.respond(
      quote,
      () => new Promise((resolve) => answers.push(() => resolve({ cents: 1, until }))),
      { concurrency: 1, mailbox: { capacity: 2 } },
    );
    const asked = Array.from({ length: 5 }, () =>
      bus.ask(quote, { sku: 'tea' }).catch((error: unknown) => error),
    );
    const settled = Promise.all(asked);
    while (answers.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
      answers.at(-1)?.();
    }

    const outcomes = await settled;
    expect(outcomes.filter((outcome) => hasCode(outcome, 'ERR_ASK_BUSY'))).toHaveLength(3);
    expect(responder.stats().dropped).toBe(3);
  });

  it('is not answered any more when it has waited longer than its asker would', async () => {
    const clock = createVirtualClock();
    const bus = newBus({ clock });
    const asked: string[] = [];
    const responder = bus.respond(quote, ({ data }) => {
      asked.push(data.sku);
      return { cents: 1, until };
    });
    responder.pause();
    const first = askFailure(bus.ask(quote, { sku: 'given up' }, { timeoutMs: 100 }));
    const second = bus.ask(quote, { sku: 'waits' }, { timeoutMs: 1000 });
    await clock.advanceBy(200);
    responder.resume();
    await clock.advanceBy(1);

    expect(await first).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
    await second;
    expect(asked).toEqual(['waits']);
  });

  it('shares questions among the responders of a type in turn', async () => {
    const bus = newBus();
    const names = ['a', 'b'].map((name) => {
      const asked: string[] = [];
      bus.respond(
        quote,
        ({ data }) => {
          asked.push(data.sku);
          return { cents: 1, until };
        },
        { name },
      );
      return asked;
    });
    for (const sku of ['1', '2', '3', '4']) await bus.ask(quote, { sku });

    expect(names).toEqual([
      ['1', '3'],
      ['2', '4'],
    ]);
  });

  it('lifts a request of an older version', async () => {
    const older = defineRequest('price.quote', {
      request: z.object({ item: z.string() }),
      reply: z.string(),
    });
    const newer = defineRequest('price.quote', {
      request: z.object({ sku: z.string() }),
      reply: z.string(),
      version: 2,
      upcast: { 1: (data) => ({ sku: (data as { item: string }).item }) },
    });
    const exchange = newBus();
    exchange.respond(newer, ({ data, schemaVersion }) => `${data.sku} of version ${schemaVersion}`);

    await expect(exchange.ask(older, { item: 'tea' })).rejects.toThrow('already defined');
    await expect(exchange.ask(newer, { sku: 'tea' })).resolves.toBe('tea of version 2');
  });
});

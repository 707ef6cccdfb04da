import { headers } from '@nats-io/transport-node';
import { defineRequest, type AskError, type Bus } from 'breakwater';
import { jsonCodec } from 'breakwater/streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSystemClock } from '../../../src/system-clock.ts';
import { askFailure } from '../../support/ask-failure.ts';
import { answersLoudly, echo } from '../../support/echo-request.ts';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const open = defineRequest('data.echo', { request: z.unknown(), reply: z.unknown() });

describe.each(natsBinaries())('ask on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('goes from any process to one of those who answer, on either transport', async () => {
    const namespace = world.namespace();
    const [first, second] = [world.coreBus({ namespace }), world.streamBus({ namespace })];
    const asked = await Promise.all([answersLoudly(first), answersLoudly(second)]);
    const asker = world.coreBus({ namespace });

    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => asker.ask(echo, `n${n}`)));

    expect(answers).toEqual(Array.from({ length: 60 }, (_, n) => `N${n}`));
    expect(asked.flat()).toHaveLength(60);
    expect(Math.min(...asked.map(({ length }) => length))).toBeGreaterThan(0);
  });

  it('carries what codecs carry, both ways', async () => {
    const namespace = world.namespace();
    const data = {
      at: new Date(5),
      bytes: Uint8Array.of(1, 2),
      big: 2n ** 60n,
      none: null,
      list: [1.5, 'ü'],
    };
    const bus = world.coreBus({ namespace });
    bus.respond(open, (request) => request.data);
    await bus.ready();

    expect(await world.coreBus({ namespace }).ask(open, data)).toEqual(data);
    expect(await world.coreBus({ namespace, batching: 'off' }).ask(open, { n: 1 })).toEqual({ n: 1 });
    expect(await world.coreBus({ namespace, codec: jsonCodec() }).ask(open, 'text')).toBe('text');
    expect(await world.coreBus({ namespace }).ask(open, undefined)).toBeUndefined();
  });

  it('says at once that nobody answers', async () => {
    const error = await askFailure(world.coreBus({ namespace: world.namespace() }).ask(echo, 'hello'));
    expect(error).toMatchObject({ code: 'ERR_ASK_NO_RESPONDER', retryable: true, type: 'text.echo' });
  });

  it('is given up after timeoutMs, whoever does not answer', async () => {
    const namespace = world.namespace();
    const client = await world.client();
    client.subscribe(`${namespace}.requests.text.echo`, { callback: () => {} });
    await client.flush();
    const bus = world.coreBus({ namespace });
    const order: number[] = [];
    const late = [300, 50, 150].map(async (timeoutMs) => {
      const error = await askFailure(bus.ask(echo, 'hello', { timeoutMs }));
      order.push(timeoutMs);
      return error;
    });

    for (const error of await Promise.all(late)) {
      expect(error).toMatchObject({ code: 'ERR_ASK_TIMEOUT', retryable: true });
    }
    expect(order).toEqual([50, 150, 300]);
  });

  it('counts the time to connect, too', async () => {
    const bus = world.coreBus({ servers: 'nats://127.0.0.1:1', connectTimeoutMs: 10_000 });
    expect(await askFailure(bus.ask(echo, 'hello', { timeoutMs: 100 }))).toMatchObject({
      code: 'ERR_ASK_TIMEOUT',
    });
  });

  it('fails, typed, when the connection is lost on the way', async () => {
    await using proxy = await startTcpProxy(world.server.port);
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace, servers: proxy.url });
    const responder = world.coreBus({ namespace });
    let asked = 0;
    responder.respond(echo, () => new Promise(() => (asked += 1)));
    await responder.ready();
    const error = askFailure(bus.ask(echo, 'hello'));
    await until(() => asked === 1);
    proxy.cut();

    expect(await error).toMatchObject({
      code: 'ERR_TRANSPORT',
      message: expect.stringContaining('unknown') as string,
    });
    responder.respond(open, () => 'again');
    await responder.ready();
    await expect(bus.ask(open, 1)).resolves.toBe('again');
  });

  it('is answered again after the server was killed', async () => {
    await using own = await startNatsServer({ binary, jetStream: false });
    const namespace = world.namespace();
    const responder = world.coreBus({ servers: own.url, namespace });
    await answersLoudly(responder);
    const bus = world.coreBus({ servers: own.url, namespace });
    await bus.ask(echo, 'before');
    await own.kill();
    await own.restart();

    let answer = '';
    for (let n = 0; answer === '' && n < 100; n += 1) {
      answer = await bus.ask(echo, 'after', { timeoutMs: 1000 }).catch(() => '');
      if (answer === '') await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(answer).toBe('AFTER');
  });

  it('lets other programs ask and answer, in JSON', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace, batching: 'off' });
    await answersLoudly(bus);
    const client = await world.client();
    const head = headers();
    head.set('Content-Type', 'application/cloudevents+json');
    const stamp = { specversion: '1.0', id: 'i', source: 's', time: '2026-01-01T00:00:00Z' };
    const request = JSON.stringify({ ...stamp, type: 'text.echo', data: 'from elsewhere' });

    const reply = await client.request(`${namespace}.requests.text.echo`, request, {
      timeout: 2000,
      headers: head,
    });

    expect(reply.json()).toMatchObject({ type: 'breakwater.reply', data: 'FROM ELSEWHERE' });
  });

  it('does not answer what its asker has given up', async () => {
    const namespace = world.namespace();
    // The responder counts from when it receives a request. Its clock goes on by what the asker waited.
    const system = createSystemClock();
    let aheadMs = 0;
    const clock = { ...system, monotonic: (): number => system.monotonic() + aheadMs };
    const responder = world.coreBus({ namespace }, { clock });
    const asked: string[] = [];
    const handle = responder.respond(echo, ({ data }) => {
      asked.push(data);
      return data;
    });
    await responder.ready();
    handle.pause();
    const bus = world.coreBus({ namespace });
    expect(await askFailure(bus.ask(open, 'to connect'))).toMatchObject({ code: 'ERR_ASK_NO_RESPONDER' });
    const lost = askFailure(bus.ask(echo, 'given up', { timeoutMs: 200 }));
    await until(() => handle.stats().queue.size === 1);
    aheadMs = 200;
    expect(await lost).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
    const kept = bus.ask(echo, 'waits');
    await until(() => handle.stats().queue.size === 2);
    handle.resume();

    await expect(kept).resolves.toBe('waits');
    expect(asked).toEqual(['waits']);
  });

  it('hears that a responder leaves, and finds the next one', async () => {
    const namespace = world.namespace();
    const [first, second] = [world.coreBus({ namespace }), world.coreBus({ namespace })];
    const handle = first.respond(echo, ({ data }) => data);
    await Promise.all([first.ready(), answersLoudly(second)]);
    handle.pause();
    const bus = world.coreBus({ namespace });
    const waiting = Array.from({ length: 40 }, () =>
      bus.ask(echo, 'x').catch((error: AskError) => error.code),
    );
    await until(() => handle.stats().queue.size > 0);
    await handle.unsubscribe();

    const outcomes = await Promise.all(waiting);
    expect(new Set(outcomes)).toEqual(new Set(['X', 'ERR_ASK_BUSY']));
    await expect(bus.ask(echo, 'again')).resolves.toBe('AGAIN');
  });

  it('hears so at once when its responder is just leaving', async () => {
    const namespace = world.namespace();
    const [responder, bus] = [world.coreBus({ namespace }), world.coreBus({ namespace })];
    const codes = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const handle = responder.respond(echo, ({ data }) => data);
      await responder.ready();
      await bus.ask(echo, 'to connect');
      const asked = Array.from({ length: 50 }, () =>
        bus.ask(echo, 'x', { timeoutMs: 2000 }).catch((error: AskError) => error.code),
      );
      await Promise.resolve();
      await handle.unsubscribe();
      for (const code of await Promise.all(asked)) codes.add(code);
    }

    expect([...codes]).not.toContain('ERR_ASK_TIMEOUT');
  });

  it('leaves nothing behind on the server when a responder stops', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace });
    const handle = bus.respond(echo, ({ data }) => data);
    await bus.ready();
    await handle.unsubscribe();

    expect(await askFailure(world.coreBus({ namespace }).ask(echo, 'x'))).toMatchObject({
      code: 'ERR_ASK_NO_RESPONDER',
    });
  });
});

describe('ask without permissions', () => {
  it('fails, typed, for who may not ask; who may not answer is failed, and says so', async () => {
    const config = `authorization { users: [
      { user: asker, password: a, permissions: { publish: [">"], subscribe: ["_INBOX_shop.>"] } }
      { user: mute, password: m, permissions: { publish: ["none"], subscribe: [">"] } }
    ] }`;
    await using world = await createNatsWorld({ jetStream: false, config });
    const as = (user: string, password: string): Bus =>
      world.coreBus({ namespace: 'shop', auth: { user, password } });

    expect(await askFailure(as('mute', 'm').ask(echo, 'x', { timeoutMs: 5000 }))).toMatchObject({
      code: 'ERR_TRANSPORT',
      message: expect.stringContaining('may not ask text.echo') as string,
    });
    const bus = as('asker', 'a');
    const handle = bus.respond(echo, ({ data }) => data);
    await until(() => handle.state.flow === 'failed');
    expect(
      world.lines.some(({ message }) => message.includes('may not answer on shop.requests.text.echo')),
    ).toBe(true);
  });
});

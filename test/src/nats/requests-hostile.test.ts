import { createInbox, headers, type NatsConnection } from '@nats-io/transport-node';
import { defineRequest } from 'breakwater';
import { jsonCodec } from 'breakwater/streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { askFailure } from '../../support/ask-failure.ts';
import { answersLoudly, echo } from '../../support/echo-request.ts';
import { natsBinaries, startNatsServer } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const open = defineRequest('data.echo', { request: z.unknown(), reply: z.unknown() });

const stamp = { specversion: '1.0', id: 'i', source: 's', time: '2026-01-01T00:00:00Z' };

describe.each(natsBinaries())('what is hostile to ask, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** Answers every request on a subject with the same message, as a stranger may. */
  async function stranger(
    namespace: string,
    payload: string | Uint8Array,
    contentType?: string,
  ): Promise<NatsConnection> {
    const client = await world.client();
    client.subscribe(`${namespace}.requests.text.echo`, {
      callback: (_error, message) => {
        const head = headers();
        if (contentType !== undefined) head.set('Content-Type', contentType);
        message.respond(payload, { headers: head });
      },
    });
    await client.flush();
    return client;
  }

  it('says which of the two is too large, before it is sent', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace, maxMessageBytes: 10_000 });
    bus.respond(echo, ({ data }) => data.repeat(1000));
    await bus.ready();

    expect(await askFailure(bus.ask(echo, 'x'.repeat(20_000)))).toMatchObject({
      code: 'ERR_ASK_TOO_LARGE',
      retryable: false,
      remote: undefined,
    });
    expect(await askFailure(bus.ask(echo, 'x'.repeat(100)))).toMatchObject({
      code: 'ERR_ASK_TOO_LARGE',
      remote: { retryable: false },
    });
    await expect(bus.ask(echo, 'x')).resolves.toHaveLength(1000);
  });

  it('knows what the server carries', async () => {
    await using small = await startNatsServer({ binary, jetStream: false, config: 'max_payload: 4096' });
    const bus = world.coreBus({ servers: small.url, namespace: world.namespace() });
    expect(await askFailure(bus.ask(echo, 'x'.repeat(5000)))).toMatchObject({ code: 'ERR_ASK_TOO_LARGE' });
  });

  it('refuses what cannot be written at all', async () => {
    const bus = world.coreBus({ namespace: world.namespace() });
    expect(await askFailure(bus.ask(open, () => 1))).toMatchObject({ code: 'ERR_CODEC' });
  });
  it.each([
    ['no event', 'hello', undefined],
    ['nothing', '', undefined],
    [
      'an event of another type',
      JSON.stringify({ ...stamp, type: 'order.paid', data: 'x' }),
      'application/cloudevents+json',
    ],
    [
      'a reply of another form',
      JSON.stringify({ ...stamp, type: 'breakwater.reply', data: 5 }),
      'application/cloudevents+json',
    ],
    [
      'two events',
      JSON.stringify([1, 2].map((n) => ({ ...stamp, id: `${n}`, type: 'breakwater.reply', data: 'x' }))),
      'application/cloudevents-batch+json',
    ],
    ['another version of the codec', Uint8Array.of(2, 0x90), 'application/vnd.breakwater.events+msgpack'],
    ['a format that nobody knows', 'x', 'application/x-unknown'],
    [
      'a length that it does not have',
      Uint8Array.of(1, 0xdd, 255, 255, 255, 255),
      'application/vnd.breakwater.events+msgpack',
    ],
  ])('calls an answer malformed that is %s', async (_what, payload, contentType) => {
    const namespace = world.namespace();
    await stranger(namespace, payload, contentType);
    expect(await askFailure(world.coreBus({ namespace }).ask(echo, 'hello'))).toMatchObject({
      code: 'ERR_ASK_MALFORMED',
      retryable: false,
    });
  });

  it('reads a refusal of a stranger, whatever it says', async () => {
    const namespace = world.namespace();
    const refusal = { code: '\u001B[31m', message: 'x'.repeat(10_000), retryable: 'yes', retryAfterMs: -1 };
    const payload = JSON.stringify({ ...stamp, type: 'breakwater.refusal', data: refusal });
    await stranger(namespace, payload, 'application/cloudevents+json');

    const error = await askFailure(world.coreBus({ namespace }).ask(echo, 'hello'));
    expect(error).toMatchObject({ code: 'ERR_ASK_REFUSED', retryable: false });
    expect(error.remote).toEqual({ code: 'ERR_ASK_FAILED', message: 'x'.repeat(300), retryable: false });
  });

  it('tells whoever asks what is wrong with the request, and goes on', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace, batching: 'off' });
    const asked = await answersLoudly(bus);
    const client = await world.client();
    const head = headers();
    head.set('Content-Type', 'application/cloudevents+json');
    const bodies = [
      'hello',
      JSON.stringify({ ...stamp, type: 'another.type', data: 'x' }),
      JSON.stringify({ ...stamp, type: 'text.echo', data: { not: 'text' } }),
    ];
    const codes: unknown[] = [];
    for (const body of bodies) {
      const reply = await client.request(`${namespace}.requests.text.echo`, body, {
        timeout: 2000,
        headers: head,
      });
      codes.push(reply.json<{ data: { code: string } }>().data.code);
    }

    expect(codes).toEqual(['ERR_CODEC', 'ERR_CODEC', 'ERR_VALIDATION']);
    expect(asked).toEqual([]);
    await expect(bus.ask(echo, 'fine')).resolves.toBe('FINE');
  });

  it('answers inboxes and nothing else, whatever a request names', async () => {
    const namespace = world.namespace();
    const bus = world.coreBus({ namespace });
    const asked = await answersLoudly(bus);
    const client = await world.client();
    const seen: string[] = [];
    const everything = client.subscribe('>', { callback: (_error, { subject }) => void seen.push(subject) });
    const payload = jsonCodec().encode([
      {
        id: '01890a5d-ac96-774b-bcce-b302099a8001',
        type: 'text.echo',
        source: 's',
        time: 5,
        priority: 'normal',
        schemaVersion: 1,
        data: 'x',
      },
    ]);
    const head = headers();
    head.set('Content-Type', 'application/cloudevents-batch+json');
    const forged = [
      undefined,
      `${namespace}.normal.order.placed`,
      `$JS.ACK.${namespace}.billing.1.1.1.1.1`,
      `$KV.${namespace}-state.x`,
      `_INBOX_${namespace}x.1`,
      `x_INBOX.1`,
      '_INBOX.a b',
    ];
    for (const reply of forged) {
      // The client itself refuses a space; a hostile one would not.
      if (reply?.includes(' ') === true) continue;
      client.publish(`${namespace}.requests.text.echo`, payload, {
        headers: head,
        ...(reply === undefined ? {} : { reply }),
      });
    }
    const inbox = createInbox(`_INBOX_${namespace}`);
    client.publish(`${namespace}.requests.text.echo`, payload, { headers: head, reply: inbox });

    await until(() => seen.includes(inbox));
    everything.unsubscribe();
    expect(asked).toEqual(['x']);
    const requests = seen.filter((subject) => subject === `${namespace}.requests.text.echo`);
    expect(seen.filter((subject) => !requests.includes(subject) && subject.includes(namespace))).toEqual([
      inbox,
    ]);
    expect(world.lines.some(({ message }) => message.includes('no inbox'))).toBe(true);
  });
});

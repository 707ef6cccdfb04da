import { createServer, type Server } from 'node:net';
import { headers, type ServerInfo } from '@nats-io/transport-node';
import { TransportError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeServer } from '../../../src/nats/server-version.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';
const hour = 3_600_000;

describe.each(natsBinaries())('what is hostile or foreign on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('H72: never makes headers of the server out of what users give, and no foreign header removes events', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    await bus.publish(type, 1);
    const metadata = { 'Nats-Rollup': 'all', 'Nats-Expected-Last-Sequence': '99', 'Nats-TTL': '1s' };
    await bus.publish(type, { 'Nats-Rollup': 'all' }, { metadata, key: 'Nats-Rollup: all' });
    const manager = await world.manager();
    const stored = await manager.streams.getMessage(namespace, { seq: 2 });
    expect([...(stored?.header.keys() ?? [])].toSorted()).toEqual([
      'Breakwater-Events',
      'Content-Type',
      'Nats-Msg-Id',
    ]);

    const client = await world.client();
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    const answer = await client.request(`${namespace}.events.normal.0.${type}`, 'x', {
      timeout: 5000,
      headers: rollup,
    });
    expect(answer.string()).toContain('error');
    expect((await manager.streams.info(namespace)).state.messages).toBe(2);
  });

  it.each([
    ['max_msgs_per_subject', { max_msgs_per_subject: 1 }, /max_msgs_per_subject: wanted -1, found 1/],
    ['max_msgs', { max_msgs: 10 }, /max_msgs: wanted -1, found 10/],
    ['no_ack', { no_ack: true }, /no_ack: wanted false, found true/],
    ['allow_rollup_hdrs', { allow_rollup_hdrs: true }, /allow_rollup_hdrs: wanted false, found true/],
  ])(
    'H74: refuses a stream that would lose events by its %s, and changes nothing',
    async (_name, edit, said) => {
      const namespace = world.namespace();
      await world.streamBus({ namespace }).ready();
      const manager = await world.manager();
      const { config } = await manager.streams.info(namespace);
      await manager.streams.update(namespace, { ...config, ...edit });

      const later = world.streamBus({ namespace });
      const refused: unknown = await later.publish(type, 1).catch((error: unknown) => error);

      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toMatch(said);
      expect(later.health()).toMatchObject({ ready: false, reason: expect.stringMatching(said) });
      expect((await manager.streams.info(namespace)).config).toMatchObject(edit);
    },
  );

  it('H71: takes nothing for an answer or a delivery that somebody writes into its inboxes', async () => {
    const namespace = world.namespace();
    const client = await world.client();
    const inboxes = new Set<string>();
    // A program that may read everything sees where answers go.
    const spy = client.subscribe('>', {
      callback: (_error, { reply }) => {
        if (reply?.startsWith(`_INBOX_${namespace}.`) === true) inboxes.add(reply);
      },
    });
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'keyed', order: 'key', from: 'start' });
    bus.subscribe(type, ({ data }) => seen.push(data), { name: 'shared', from: 'start' });
    await bus.publish(type, 1);
    await until(() => seen.length === 2);
    const forgeries: readonly [string, string?][] = [
      [''],
      ['garbage'],
      ['{"stream":"x","seq":0,"duplicate":true}'],
      ['{"error":null,"seq":-1}'],
      ['{"type":"io.nats.jetstream.api.v1.consumer_info_response"}'],
      ['event', '$JS.ACK.a.b'],
      ['event', '$JS.ACK.a.b.c.d.e.f.g'],
      ['event', `$JS.ACK.${namespace}.keyed.-1.x.1e9.0.0`],
    ];
    const targets = [...inboxes].slice(-64);
    for (const inbox of targets) {
      // Answers have a number behind the inbox; the next ones are guessed.
      const stem = inbox.replace(/\.\d+$/, '');
      for (const [text, reply] of forgeries) {
        for (const subject of [inbox, `${stem}.9999`])
          client.publish(subject, text, reply === undefined ? {} : { reply });
      }
    }
    await client.flush();
    for (let n = 2; n < 20; n += 1) await bus.publish(type, n, { key: `k${n}` });

    await until(() => seen.length === 38);
    expect(new Set(seen).size).toBe(19);
    spy.unsubscribe();
  });

  it('gives up, one by one, events whose envelope is not what it says, and handles those around them', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe('order.>', ({ data }) => seen.push(data), { name: 'sturdy', from: 'start', order: 'key' });
    await bus.publish(type, 'before');
    const client = await world.client();
    const one = { specversion: '1.0', id: 'x', source: 's', type, time: '2026-01-01T00:00:00Z' };
    const foreign: [subject: string, event: object][] = [
      [`${namespace}.events.urgent.0.${type}`, one],
      [`${namespace}.events.critical.0.${type}`, one],
      [`${namespace}.events.normal.0.${type}`, { ...one, specversion: '9.9' }],
      [`${namespace}.events.normal.0.${type}`, { ...one, id: 'i'.repeat(100_000) }],
      [
        `${namespace}.events.normal.0.${type}`,
        { ...one, time: new Date(Date.now() + 48 * hour).toISOString() },
      ],
      [`${namespace}.events.normal.0.order.\u202e`, { ...one, type: 'order.\u202e' }],
      [`${namespace}.events.normal.-1.${type}`, one],
      [`${namespace}.events.normal.0.order.$JS`, one],
      [`${namespace}.events.normal.0.${'deep.'.repeat(60)}end`, one],
    ];
    const head = headers();
    head.set('Content-Type', 'application/cloudevents+json');
    for (const [subject, event] of foreign) client.publish(subject, JSON.stringify(event), { headers: head });
    client.publish(`${namespace}.events.normal.0.${type}`, new Uint8Array(900_000), { headers: head });
    await client.flush();
    for (let key = 0; key < 32; key += 1) await bus.publish(type, key, { key: `k${key}` });

    await until(() => seen.length >= 33);
    expect(seen.filter((data) => data !== undefined && data !== null)).toHaveLength(33);
  });
});

/** A server that says it is of this version, and answers pings. */
async function pretender(version: string): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(`INFO ${JSON.stringify({ version, proto: 1, max_payload: 1_048_576, headers: true })}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, url: `nats://127.0.0.1:${address.port}` };
}

describe('a server', () => {
  it.each(['2.8.4', '1.4.1'])('that is too old is refused at once, by its version: %s', async (version) => {
    const { server, url } = await pretender(version);
    await using world = await createNatsWorld();
    for (const bus of [world.streamBus({ servers: url }), world.coreBus({ servers: url })]) {
      const refused: unknown = await bus.publish(type, 1).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toContain(
        `the NATS server is ${version}, and at least 2.9.0 is needed: upgrade it`,
      );
    }
    server.close();
  });

  it('H69: that asks nobody who they are is warned of, unless it is on this machine', () => {
    const info = { version: '2.11.16', client_ip: '198.51.100.7' } as ServerInfo;
    expect(judgeServer(info, 'warn')).toMatch(
      /asks nobody who they are, and is reached from 198\.51\.100\.7/,
    );
    expect(judgeServer({ ...info, version: '2.9.10' }, 'warn')).toMatch(/CVE-2025-30215.*asks nobody/);
    expect(judgeServer({ ...info, auth_required: true }, 'warn')).toBeUndefined();
    expect(judgeServer({ ...info, tls_verify: true }, 'warn')).toBeUndefined();
    expect(judgeServer({ ...info, client_ip: '127.0.0.1' }, 'warn')).toBeUndefined();
  });
});

import { defineEntity, defineRequest } from 'breakwater';
import { jetStreamLog } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { createSystemClock } from '../../../src/system-clock.ts';
import { sampleEvents } from '../../../src/testing/conformance/sample-event.ts';
import { silentLogger } from '../../support/bus-world.ts';
import { documentedConfig } from '../../support/documented-config.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const options = { namespace: 'shop', auth: { user: 'shop', password: 'shop-secret' } };
const type = 'order.placed';

const counterMachine = setup({
  types: { context: {} as { readonly n: number }, events: {} as { readonly type: 'order.placed' } },
  actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
}).createMachine({ context: { n: 0 }, on: { 'order.placed': { actions: 'count' } } });

const counter = defineEntity('counter', counterMachine, { on: [type], key: ({ data }) => data['of'] });

/** The documented permissions suffice for all that a program does, so that nobody has to give it more. */
describe.each(natsBinaries())('with the documented permissions and no more, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary, config: documentedConfig() });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  const refused = (): string[] =>
    world.lines.flatMap(({ message }) => (message.includes('Permissions Violation') ? [message] : []));

  it('entities are hosted, sent to, asked and watched from two processes', async () => {
    const [first, second] = [world.streamBus(options), world.streamBus(options)];
    const hosts = [first.host(counter), second.host(counter)];
    await Promise.all(hosts.map(({ ready }) => ready));
    const values: number[] = [];
    const watched = second.entity(counter, 'a').snapshot$.subscribe(({ context }) => values.push(context.n));
    await first.entity(counter, 'a').send(type, { of: 'a' });
    await second.publish(type, { of: 'a' }, { key: 'a' });
    await until(() => values.at(-1) === 2);
    const { context } = await first.entity(counter, 'a').ask((snapshot) => snapshot);
    watched.unsubscribe();
    await first.close();
    expect(context.n).toBe(2);
    expect(refused()).toEqual([]);
  });

  it('requests are answered, on either transport', async () => {
    const echo = defineRequest('text.echo', { request: z.string(), reply: z.string() });
    for (const [answers, asks] of [
      [world.coreBus(options), world.coreBus(options)],
      [world.streamBus(options), world.streamBus(options)],
    ] as const) {
      const handle = answers.respond(echo, ({ data }) => data.toUpperCase());
      await answers.ready();
      expect(await asks.ask(echo, 'hello')).toBe('HELLO');
      await handle.unsubscribe();
    }
    expect(refused()).toEqual([]);
  });

  it('a log is appended to, read, and trimmed', async () => {
    const ports = { clock: createSystemClock(), random: Math.random, logger: silentLogger };
    const log = jetStreamLog({ ...options, servers: world.server.url })(ports);
    await log.append(sampleEvents(1, 3));
    const { records } = await log.read({ from: 1 });
    expect(records).toHaveLength(3);
    await log.trim(records[2]?.position ?? 0);
    expect((await log.read({ from: 1 })).records).toHaveLength(1);
    await log.close();
    expect(refused()).toEqual([]);
  });
});

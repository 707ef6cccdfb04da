import { TransportError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';
const all = '">"';

function configOf(publish: string, subscribe: string, user = 'shop'): string {
  return `authorization { users: [ { user: ${user}, password: pw,
    permissions: { publish: ${publish}, subscribe: ${subscribe} } } ] }`;
}

describe.each(natsBinaries())('permissions that change while they are in use, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary, config: configOf(all, all) });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** Changes the permissions, and waits until something shows it. */
  async function reload(config: string, shows: () => Promise<boolean> | boolean): Promise<void> {
    world.server.configure(config);
    world.server.signal('SIGHUP');
    for (let tries = 0; tries < 400 && !(await shows()); tries += 1);
  }

  function busOf(namespace: string) {
    const options = { namespace, auth: { user: 'shop', password: 'pw' }, publishTimeoutMs: 1000 };
    const [stream, core] = [world.streamBus(options), world.coreBus(options)];
    const seen: string[] = [];
    stream.subscribe(type, ({ data }) => seen.push(`keyed ${String(data)}`), { name: 'keyed', order: 'key' });
    stream.subscribe(type, ({ data }) => seen.push(`shared ${String(data)}`), { name: 'shared' });
    stream.subscribe(type, ({ data }) => seen.push(`passing ${String(data)}`));
    core.subscribe(type, ({ data }) => seen.push(`core ${String(data)}`), { name: 'core' });
    const three = (data: number): string[] => ['keyed', 'shared', 'passing'].map((who) => `${who} ${data}`);
    const all = (data: number): string[] => [...three(data), `core ${data}`];
    return { stream, core, seen, three, all };
  }

  const refusalOf = (publishing: Promise<unknown>): Promise<unknown> =>
    publishing.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('fail publishes at once, naming the subject, until they are given back', async () => {
    const { stream, core, seen, all: everybody } = busOf(world.namespace());
    await Promise.all([stream.publish(type, 1), core.publish(type, 1)]);

    let refused: unknown;
    await reload(configOf('["$JS.>", "$KV.>", "_INBOX_test1.>"]', all), async () => {
      refused = await refusalOf(stream.publish(type, 0));
      return refused !== undefined;
    });
    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(/may not publish to test1\.events\.normal\.\d+\.order\.placed/);
    const began = performance.now();
    expect(String(await refusalOf(core.publish(type, 0)))).toContain('may not publish to test1.normal.order');
    expect(performance.now() - began).toBeLessThan(500);
    await until(() => world.lines.some(({ message }) => message.includes('NATS refuses: Permission')));

    await reload(configOf(all, all), async () => (await refusalOf(core.publish(type, 0))) === undefined);
    await Promise.all([stream.publish(type, 2), core.publish(type, 2)]);
    await until(() => [...everybody(1), ...everybody(2)].every((one) => seen.includes(one)));
  });

  it('to hear, taken away and given back, leave no subscriber deaf, and lose nothing that was stored', async () => {
    const { stream, core, seen, three } = busOf(world.namespace());
    await Promise.all([stream.publish(type, 1), core.publish(type, 1)]);
    await until(() => seen.length === 4);

    let unknown: unknown;
    await reload(configOf(all, '"nothing"'), async () => {
      unknown = await refusalOf(stream.publish(type, 2));
      return unknown !== undefined;
    });
    // It may be stored: what is lacking is the permission to hear that it is.
    expect(unknown).toBeInstanceOf(TransportError);
    expect(String(unknown)).toMatch(/whether the event is stored is unknown: .*may not hear the answer/);

    await reload(configOf(all, all), async () => (await refusalOf(stream.publish(type, 3))) === undefined);
    await until(() => three(3).every((one) => seen.includes(one)));
    // The keyed one keeps its place over it all.
    expect(seen.filter((one) => one.startsWith('keyed 1'))).toEqual(['keyed 1']);
    expect(seen.indexOf('keyed 3')).toBeGreaterThan(seen.indexOf('keyed 2'));
  });

  it('of a user that is removed cost the connection; publishes and health say why, and it comes back', async () => {
    const { stream, core, seen, three } = busOf(world.namespace());
    await stream.publish(type, 1);
    await until(() => three(1).every((one) => seen.includes(one)));

    await reload(configOf(all, all, 'another'), () => true);
    await until(() => !stream.health().ready && /Auth/.test(stream.health().reason ?? ''));
    for (const refused of await Promise.all([stream, core].map((bus) => refusalOf(bus.publish(type, 2))))) {
      expect(refused).toBeInstanceOf(TransportError);
      expect(String(refused)).toMatch(/not sent within 1000 ms: .*Auth/);
    }

    await reload(configOf(all, all), () => true);
    await until(() => stream.health().ready);
    await stream.publish(type, 3);
    await until(() => three(3).every((one) => seen.includes(one)));
    expect(seen.some((one) => one.endsWith(' 2'))).toBe(false);
  });
});

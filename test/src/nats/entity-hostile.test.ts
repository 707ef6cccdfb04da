import { Kvm, type KV } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { defineEntity, EntityError, type EntityHost } from 'breakwater';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeAnswer, decodeCall, encodeCall } from '../../../src/entities/entity-call.ts';
import { EntityRecords } from '../../../src/entities/entity-record.ts';
import { decodePlace } from '../../../src/entities/place-record.ts';
import { kvToken } from '../../../src/nats/kv-token.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const lease = { consumer: { leaseMs: 500 }, stream: { partitions: 1 } };
const tick = 'meter.read';

const meter = (version = 1) =>
  defineEntity(
    'meter',
    { initial: { n: 0 }, fold: ({ n }) => ({ n: n + 1 }) },
    { on: [tick], key: ({ data }) => data['meter'], version, migrate: { 1: (state) => state } },
  );

describe.each(natsBinaries())('what is forged or broken meets entities on %s', (binary) => {
  let world: NatsWorld;
  let connection: NatsConnection;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
    connection = await connect({ servers: world.server.url });
  });

  afterAll(async () => {
    await connection.close();
    await world[Symbol.asyncDispose]();
  });

  const owns = (host: EntityHost): Promise<void> => until(() => host.stats().partitions === 1);
  const states = (namespace: string): Promise<KV> => new Kvm(connection).open(`${namespace}-entities`);
  const refusal = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

  it('calls that are none get an answer that says so, and the owner goes on', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, ...lease });
    const definition = meter();
    await owns(bus.host(definition));
    const subject = `${namespace}.entities.meter.0`;
    const calls = [
      new Uint8Array(),
      new TextEncoder().encode('{"ask":"view"}'),
      new Uint8Array(100_000).fill(0x91),
      encodeCall({ id: 'x', ask: 'view', key: 'a', event: '', timeoutMs: 100 }).slice(1),
    ];
    // The server may not know of the owner yet.
    const answers = await Promise.all(
      calls.map((call) =>
        vi.waitFor(async () => (await connection.request(subject, call, { timeout: 2_000 })).data, 20_000),
      ),
    );
    // An answer that would go elsewhere than to an inbox goes nowhere.
    connection.publish(subject, encodeCall({ id: 'y', ask: 'view', key: 'a', event: '', timeoutMs: 100 }), {
      reply: `${namespace}.events.normal.0.order.placed`,
    });
    await bus.entity(definition, 'a').send(tick, { meter: 'a' });

    expect(answers.map((answer) => decodeAnswer(answer)?.kind)).toEqual(calls.map(() => 'malformed'));
    expect(await bus.entity(definition, 'a').ask(({ n }) => n)).toBe(1);
  });

  it('who asks again, while the owner is slow, is answered where it asked last', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, ...lease });
    const definition = meter();
    const host = bus.host(definition);
    await owns(host);
    await bus.entity(definition, 'a').send(tick, { meter: 'a' });
    host.pause();
    await bus.publish(tick, { meter: 'a' });
    const call = encodeCall({ id: 'again', ask: 'view', key: 'a', event: '', timeoutMs: 20_000 });
    const subject = `${namespace}.entities.meter.0`;
    const first = refusal(connection.request(subject, call, { timeout: 200 }));
    const gaveUp = await first;
    const second = connection.request(subject, call, { timeout: 10_000 });
    await connection.flush();
    host.resume();

    expect(gaveUp).toBeInstanceOf(Error);
    expect(decodeAnswer((await second).data)?.kind).toBe('view');
    expect(await bus.entity(definition, 'a').ask(({ n }) => n)).toBe(2);
  });

  it('a record that cannot be read parks its key, and no other', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, ...lease });
    const definition = meter();
    await owns(bus.host(definition));
    const kv = await states(namespace);
    await kv.put(`${kvToken('entity:meter')}.bad`, new Uint8Array([1, 2, 3]));
    const broken = await refusal(bus.entity(definition, 'bad').send(tick, { meter: 'bad' }));
    await bus.entity(definition, 'good').send(tick, { meter: 'good' });

    expect(broken).toBeInstanceOf(EntityError);
    expect(await bus.entity(definition, 'good').ask(({ n }) => n)).toBe(1);
  });

  it('a record of an owner that is not there yet is not touched', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, ...lease });
    const definition = meter();
    await owns(bus.host(definition));
    const kv = await states(namespace);
    const key = `${kvToken('entity:meter')}.a`;
    const stamp = { epoch: 1_000_000, number: 1, outbox: undefined, since: 0 };
    const forged = new EntityRecords().encode({
      version: 1,
      position: 0,
      indexedDue: Infinity,
      value: { n: 41 },
      timers: [],
      stamp,
    });
    await kv.put(key, forged);
    const refused = await refusal(bus.entity(definition, 'a').send(tick, { meter: 'a' }));
    const kept = await kv.get(key);
    await bus.entity(definition, 'b').send(tick, { meter: 'b' });

    expect(refused).toMatchObject({ kind: 'meter', key: 'a' });
    expect(kept?.value).toEqual(forged);
    expect(await bus.entity(definition, 'b').ask(({ n }) => n)).toBe(1);
  });

  it('a lease and a place that are forged stop nobody: states are what the events made them', async () => {
    const namespace = world.namespace();
    const definition = meter();
    const first = world.streamBus({ namespace, ...lease });
    await owns(first.host(definition));
    for (let n = 0; n < 3; n += 1) await first.entity(definition, 'a').send(tick, { meter: 'a' });
    const kv = await states(namespace);
    const leases = await new Kvm(connection).open(`${namespace}-state`);
    await kv.put(`${kvToken('entity-places:meter')}.0`, 'nonsense');
    await leases.put(
      `${kvToken('leases:entity:meter')}.${kvToken('partition.0')}`,
      '{"owner":"nobody","token":9007199254740991}',
    );
    await first.close({ deadlineMs: 1_000 });
    await leases.put(`${kvToken('leases:entity:meter')}.${kvToken('partition.0')}`, '\u0000');
    const second = world.streamBus({ namespace, ...lease });
    await owns(second.host(definition));
    await second.entity(definition, 'a').send(tick, { meter: 'a' });

    expect(await second.entity(definition, 'a').ask(({ n }) => n)).toBe(4);
    expect(world.lines.some(({ message }) => message.includes('cannot be read; its events are read'))).toBe(
      true,
    );
  });

  it('a process of an older version than the states hosts nothing, says so, and leaves the others alone', async () => {
    const namespace = world.namespace();
    const newer = world.streamBus({ namespace, ...lease });
    const definition = meter(2);
    await owns(newer.host(definition));
    await newer.entity(definition, 'a').send(tick, { meter: 'a' });
    const older = world.streamBus({ namespace, ...lease });
    const host = older.host(meter(1));
    const refused = await refusal(host.ready);
    await newer.entity(definition, 'a').send(tick, { meter: 'a' });

    expect(refused).toMatchObject({ reason: 'version' });
    expect(host.state).toBe('failed');
    expect(await newer.entity(definition, 'a').ask(({ n }) => n)).toBe(2);
  });
});

describe('bytes that others may write', () => {
  it('are calls, answers and places, or none: never a failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeCall(bytes);
        decodeAnswer(bytes);
        decodePlace(bytes);
      }),
    );
  });
});

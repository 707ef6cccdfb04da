import { randomUUID } from 'node:crypto';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { defineEntity, EntityError, type Bus, type EntityHost } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { EntityRecords } from '../../../src/entities/entity-record.ts';
import { decodePlace, encodePlace } from '../../../src/entities/place-record.ts';
import { kvToken } from '../../../src/nats/kv-token.ts';
import { partitionOf } from '../../../src/nats/partition-of.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { foreignEventId } from '../../../streams/event/foreign-id.ts';
import { ValidEnvelope } from '../../../streams/event/envelope.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const lease = { consumer: { leaseMs: 500 }, stream: { partitions: 2 } };
const tick = 'meter.read';

/** Counts, tells of each count, and says so when it has rested for a while. */
const meterMachine = setup({
  types: {
    context: {} as { readonly key: string; readonly n: number; readonly rested: number },
    input: {} as { readonly key: string },
    events: {} as { readonly type: 'meter.read' },
  },
  actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
}).createMachine({
  context: ({ input }) => ({ key: input.key, n: 0, rested: 0 }),
  initial: 'busy',
  on: {
    'meter.read': {
      target: '.busy',
      reenter: true,
      actions: ['count', emit(({ context }) => ({ type: 'meter.counted', data: { ...context } }))],
    },
  },
  states: {
    busy: { after: { 700: 'resting' } },
    resting: {
      entry: [
        assign({ rested: ({ context }) => context.rested + 1 }),
        emit(({ context }) => ({ type: 'meter.rested', data: { ...context } })),
      ],
    },
  },
});

const meter = () => defineEntity('meter', meterMachine, { on: [tick], key: ({ data }) => data['meter'] });

describe.each(natsBinaries())('entities that move between processes, on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  /** What a subscriber of the stream has seen. */
  function seenBy(bus: Bus, pattern: string): string[] {
    const seen: string[] = [];
    bus.subscribe(
      pattern,
      ({ type, data }) => {
        const { key, n } = data as { readonly key: string; readonly n: number };
        seen.push(`${type} ${key} ${n}`);
      },
      { name: 'seen', order: 'total', from: 'start' },
    );
    return seen;
  }

  const all = (host: EntityHost): Promise<void> => until(() => host.stats().partitions === 2);

  it('go on where they were: their states, their delays and their place, each emitted once', async () => {
    const namespace = world.namespace();
    const definition = meter();
    const first = world.streamBus({ namespace, ...lease });
    const second = world.streamBus({ namespace, ...lease });
    const seen = seenBy(second, 'meter.*');
    const host = first.host(definition);
    await all(host);
    for (const key of ['a', 'b', 'a']) await first.entity(definition, key).send(tick, { meter: key });
    const later = second.host(definition);
    await first.close();
    await all(later);
    await second.entity(definition, 'a').send(tick, { meter: 'a' });
    const { context } = await second.entity(definition, 'a').ask((snapshot) => snapshot);
    await until(() => seen.filter((one) => one.startsWith('meter.rested')).length === 2);

    expect(context).toEqual({ key: 'a', n: 3, rested: 0 });
    expect(seen.filter((one) => one.startsWith('meter.counted')).toSorted()).toEqual([
      'meter.counted a 1',
      'meter.counted a 2',
      'meter.counted a 3',
      'meter.counted b 1',
    ]);
    expect(seen.filter((one) => one.startsWith('meter.rested')).toSorted()).toEqual([
      'meter.rested a 3',
      'meter.rested b 1',
    ]);
  });

  it('publish what a process kept and died before it had published it, once, though nothing more comes', async () => {
    const namespace = world.namespace();
    const definition = meter();
    const first = world.streamBus({ namespace, ...lease });
    const host = first.host(definition);
    await all(host);
    await first.entity(definition, 'a').send(tick, { meter: 'a' });
    await first.close();

    // As it is when a process dies between its record and what that holds: the place does not know of the event yet.
    const connection = await connect({ servers: world.server.url });
    const kv = await new Kvm(connection).open(`${namespace}-entities`);
    const recordKey = `${kvToken('entity:meter')}.${kvToken('a')}`;
    const record = new EntityRecords();
    const found = await kv.get(recordKey);
    const kept = record.decode(found?.value ?? new Uint8Array());
    const id = foreignEventId('test', 'unpublished');
    const lost = new ValidEnvelope(
      id,
      'meter.counted',
      'app',
      Date.now(),
      'normal',
      1,
      { key: 'a', n: 77 },
      undefined,
      undefined,
    );
    const epoch = kept.stamp?.epoch ?? 0;
    const outbox = msgpackCodec().encode([lost]);
    await kv.put(recordKey, record.encode({ ...kept, stamp: { epoch, number: 1_000, outbox, since: 0 } }));
    const placeKey = `${kvToken('entity-places:meter')}.${partitionOf('a', lease.stream.partitions)}`;
    const place = decodePlace((await kv.get(placeKey))?.value ?? new Uint8Array());
    if (place !== undefined) await kv.put(placeKey, encodePlace({ ...place, position: 0 }));
    await connection.close();

    const second = world.streamBus({ namespace, ...lease });
    const seen = seenBy(second, 'meter.*');
    const later = second.host(definition);
    await all(later);
    await until(() => seen.includes('meter.counted a 77'));
    await second.close();
    const third = world.streamBus({ namespace, ...lease });
    await all(third.host(definition));
    await third.entity(definition, 'a').send(tick, { meter: 'a' });
    const manager = await world.manager();
    const { state } = await manager.streams.info(namespace, { subjects_filter: '>' });
    await third.close();

    const counted = Object.entries(state.subjects ?? {}).filter(([subject]) =>
      subject.endsWith('meter.counted'),
    );
    // Twice counted for itself, and what was lost, once.
    expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBe(3);
  });

  it('publish nothing again that is stored, though the server has forgotten its id', async () => {
    const namespace = world.namespace();
    const forgetful = { ...lease, stream: { ...lease.stream, duplicateWindowMs: 100 } };
    const definition = meter();
    const first = world.streamBus({ namespace, ...forgetful });
    const seen = seenBy(first, 'meter.counted');
    await all(first.host(definition));
    for (let n = 0; n < 3; n += 1) await first.entity(definition, 'a').send(tick, { meter: 'a' });
    await until(() => seen.length === 3);
    await first.close();

    // As it is when a process dies after it has published, and before it has noted that.
    const connection = await connect({ servers: world.server.url });
    const kv = await new Kvm(connection).open(`${namespace}-entities`);
    const recordKey = `${kvToken('entity:meter')}.${kvToken('a')}`;
    const records = new EntityRecords();
    const kept = records.decode((await kv.get(recordKey))?.value ?? new Uint8Array());
    const { stamp = { epoch: 0, number: 0, outbox: undefined, since: 0 } } = kept;
    await kv.put(recordKey, records.encode({ ...kept, stamp: { ...stamp, number: 1_000 } }));
    const manager = await world.manager();
    const stored = async (type: string): Promise<number> => {
      const { state } = await manager.streams.info(namespace, { subjects_filter: '>' });
      const counts = Object.entries(state.subjects ?? {});
      return counts.reduce((sum, [subject, n]) => sum + (subject.endsWith(type) ? n : 0), 0);
    };
    const before = await stored('meter.counted');
    const watched = await kv.get(recordKey);
    const second = world.streamBus({ namespace, ...forgetful });
    // Who stores an id of now once more has forgotten those of before.
    const now = randomUUID();
    while ((await stored('window.probed')) < 2) await second.publish('window.probed', 1, { id: now });

    await all(second.host(definition));
    await second.entity(definition, 'a').ask(({ context }) => context.n);
    const adopted = async (): Promise<boolean> => (await kv.get(recordKey))?.revision !== watched?.revision;
    while (!(await adopted()));
    await second.close();
    const after = await stored('meter.counted');
    await connection.close();

    expect(stamp.outbox).toBeInstanceOf(Uint8Array);
    expect([before, after]).toEqual([3, 3]);
  });

  it('show what is kept of them, now and after each change, in whichever process they are', async () => {
    const namespace = world.namespace();
    const definition = meter();
    const watcher = world.streamBus({ namespace, ...lease });
    const counts: number[] = [];
    let completed = false;
    watcher.entity(definition, 'a').snapshot$.subscribe({
      next: ({ context }) => counts.push(context.n),
      complete: () => {
        completed = true;
      },
    });
    await until(() => counts.length === 1);
    const first = world.streamBus({ namespace, ...lease });
    await all(first.host(definition));
    await watcher.entity(definition, 'a').send(tick, { meter: 'a' });
    await until(() => counts.at(-1) === 1);
    await first.close();
    const second = world.streamBus({ namespace, ...lease });
    second.host(definition);
    await watcher.entity(definition, 'a').send(tick, { meter: 'a' });
    await until(() => counts.at(-1) === 2);
    await watcher.close();

    expect(counts[0]).toBe(0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(completed).toBe(true);
  });

  it('say so when nobody hosts them', async () => {
    const bus = world.streamBus({ namespace: world.namespace(), ...lease });
    await bus.ready();
    const refused: unknown = await bus
      .entity(meter(), 'a')
      .ask(({ context }) => context.n, { timeoutMs: 1_000 })
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(EntityError);
    expect(refused).toMatchObject({ reason: 'not-hosted', kind: 'meter', key: 'a' });
    expect(String(refused)).toContain('no process hosts it');
  });

  it('stand still behind an event that is given up, and go on when any process releases them', async () => {
    const namespace = world.namespace();
    const fragile = (broken: () => boolean) =>
      defineEntity(
        'fragile',
        {
          initial: { n: 0 },
          fold: ({ n }) => {
            if (broken()) throw new Error('out of order');
            return { n: n + 1 };
          },
        },
        { on: [tick], key: ({ data }) => data['meter'] },
      );
    const first = world.streamBus({ namespace, ...lease });
    await all(
      first.host(
        fragile(() => true),
        { retry: false },
      ),
    );
    const asker = world.streamBus({ namespace, ...lease });
    const elsewhere = fragile(() => false);
    const failed: unknown = await asker
      .entity(elsewhere, 'a')
      .send(tick, { meter: 'a' })
      .catch((error: unknown) => error);
    const parked: unknown = await asker
      .entity(elsewhere, 'a')
      .send(tick, { meter: 'a' })
      .catch((error: unknown) => error);
    await first.close();
    const second = world.streamBus({ namespace, ...lease });
    const later = second.host(elsewhere);
    await all(later);
    const letters = (): number => second.deadLetters.list({ subscriber: 'entity:fragile' }).length;
    await until(() => later.parked().length === 1 && letters() === 1);
    await second.deadLetters.requeue({ subscriber: 'entity:fragile' });
    const n = await asker.entity(elsewhere, 'a').ask((state) => state.n);
    const manager = await world.manager();
    const copies = await manager.streams.info(`${namespace}-dead-letters`);

    expect(failed).toMatchObject({ reason: 'failed', kind: 'fragile', key: 'a' });
    expect(parked).toMatchObject({ reason: 'parked' });
    expect(letters()).toBe(0);
    expect(n).toBe(2);
    expect(copies.state.messages).toBe(1);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBus, type Bus, type EntityDefinition, type TransportFactory } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { createActor } from 'xstate';
import { atLeast, noGoal } from '../harness/goals.ts';
import { heapInUse, ratePerCore } from '../harness/measure.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { account, accountMachine, balance, booked, bookingAt } from '../workload/accounts.ts';
import { burst, silent } from '../workload/orders.ts';

const accounts = 1_000;
const inMemory = 256 * 1_024;
const durable = 128 * 1_024;

/** A folder that is gone when the process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function busOn(transport: TransportFactory | undefined): Bus {
  const options = { source: 'bench', logger: silent };
  return createBus(transport === undefined ? options : { ...options, transport });
}

/** Publishes in bursts, each when the one before is handled. */
async function publishBursts(bus: Bus, count: number): Promise<void> {
  for (let n = 0; n < count; n += burst) {
    for (let at = n; at < n + burst - 1; at += 1) bus.emit(booked, bookingAt(at, accounts));
    await bus.publish(booked, bookingAt(n + burst - 1, accounts));
  }
  await bus.idle();
}

/** Publishes whole batches, several under way at a time, as a busy publisher does. */
async function publishBatches(bus: Bus, count: number): Promise<void> {
  const size = 1_024;
  const underWay: Promise<unknown>[] = [];
  for (let n = 0; n < count; n += size) {
    const batch = Array.from({ length: size }, (_, at) => booked(bookingAt(n + at, accounts)));
    underWay.push(bus.publishBatch(batch));
    if (underWay.length >= 8) await underWay.shift();
  }
  await Promise.all(underWay);
  await bus.idle();
}

function entities(
  name: string,
  definition: EntityDefinition,
  transport: () => TransportFactory | undefined,
  count: number,
  publish: (bus: Bus, count: number) => Promise<void>,
): Subject {
  return {
    name,
    prepare: (): Measure => {
      const bus = busOn(transport());
      const host = bus.host(definition);
      return async () => {
        const before = host.stats().handled;
        const rate = await ratePerCore(count, () => publish(bus, count));
        const handled = host.stats().handled - before;
        if (handled !== count) throw new Error(`${handled} of ${count} events were handled`);
        return rate;
      };
    },
  };
}

/** The same transitions, by actors that nothing is kept of. */
const rawActors: Subject = {
  name: 'xstate send',
  prepare: (): Measure => {
    const actors = Array.from({ length: accounts }, () => createActor(accountMachine).start());
    const event = { ...eventFields(), data: bookingAt(0, accounts) };
    return () =>
      ratePerCore(inMemory, () => {
        for (let n = 0; n < inMemory; n += 1) {
          actors[n % accounts]?.send({ ...event, data: bookingAt(n, accounts) });
        }
      });
  },
};

function eventFields() {
  return {
    id: '0199aa5f-3c2e-7000-8000-000000000000',
    type: 'account.booked',
    source: 'bench',
    time: 0,
    priority: 'normal',
    schemaVersion: 1,
  } as const;
}

export const entitiesInMemory: Row = {
  id: 'entities',
  what: 'events published, checked and handled by 1 000 live state machines, in memory',
  unit: 'events/s',
  better: 'higher',
  goal: atLeast(250_000, 'events/s'),
  subject: entities('breakwater', account, () => undefined, inMemory, publishBursts),
  peers: [rawActors, entities('breakwater, a fold', balance, () => undefined, inMemory, publishBursts)],
};

export const entitiesDurable: Row = {
  id: 'entities-durable',
  what: 'the same on LMDB: events, states and how far they came are on disk',
  unit: 'events/s',
  better: 'higher',
  goal: atLeast(100_000, 'events/s'),
  runs: 3,
  subject: entities('breakwater', account, () => lmdb({ path: temporaryFolder() }), durable, publishBatches),
  peers: [
    rawActors,
    entities('breakwater, a fold', balance, () => lmdb({ path: temporaryFolder() }), durable, publishBatches),
  ],
};

/** Bytes of the heap that each of `count` entities takes, `active` of which are in memory. */
function memory(count: number, active: number): Measure {
  return async () => {
    const bus = busOn(undefined);
    const host = bus.host(account, { maxActive: active, passivateAfterMs: Infinity });
    await bus.publish(booked, bookingAt(0, count));
    await bus.idle();
    const before = heapInUse();
    for (let n = 0; n < count; n += burst) {
      for (let at = n; at < Math.min(count, n + burst); at += 1) bus.emit(booked, bookingAt(at, count));
      await bus.idle();
    }
    const grown = heapInUse() - before;
    if (host.stats().active !== active) throw new Error(`${host.stats().active} entities are active`);
    await bus.close();
    return grown / count;
  };
}

const weighed = {
  unit: 'bytes',
  better: 'lower',
  goal: noGoal,
  runs: 3,
  warmUps: 1,
  nodeFlags: ['--expose-gc'],
} as const;

export const activeEntities: Row = {
  ...weighed,
  id: 'entities-active-memory',
  what: 'heap that an entity takes, of 10 000 that are active, in memory',
  subject: { name: 'breakwater', prepare: () => memory(10_000, 10_000) },
  peers: [
    {
      name: 'xstate actor',
      prepare: () => () => {
        const before = heapInUse();
        const actors = Array.from({ length: 10_000 }, () => createActor(accountMachine).start());
        const grown = heapInUse() - before;
        return grown / actors.length;
      },
    },
  ],
};

export const passiveEntities: Row = {
  ...weighed,
  id: 'entities-passive-memory',
  what: 'heap that an entity takes, of 100 000 of which 1 000 are active, in memory: its state as it is kept',
  subject: { name: 'breakwater', prepare: () => memory(100_000, 1_000) },
  peers: [],
};

/** A log of events and the entities that they made, on disk; gives its folder. */
async function grown(events: number, count: number): Promise<string> {
  const path = temporaryFolder();
  const bus = busOn(lmdb({ path, sync: 'os' }));
  const host = bus.host(account, { maxActive: 1_000 });
  const size = 4_096;
  for (let n = 0; n < events; n += size) {
    const length = Math.min(size, events - n);
    await bus.publishBatch(Array.from({ length }, (_, at) => booked(bookingAt(n + at, count))));
  }
  await bus.idle();
  if (host.stats().handled !== events)
    throw new Error(`${host.stats().handled} of ${events} events were handled`);
  await bus.close();
  return path;
}

export const entitiesRecovery: Row = {
  id: 'entities-recovery',
  what: 'from a closed log of 1 M events with 100 000 entities to the answer of one of them',
  unit: 'ms',
  better: 'lower',
  goal: noGoal,
  runs: 5,
  warmUps: 1,
  subject: {
    name: 'breakwater',
    prepare: async (): Promise<Measure> => {
      const path = await grown(1_000_000, 100_000);
      return async () => {
        const before = performance.now();
        const bus = busOn(lmdb({ path }));
        bus.host(account);
        await bus.entity(account, 'account-77777').ask((snapshot) => snapshot.context.balance);
        const ms = performance.now() - before;
        await bus.close();
        return ms;
      };
    },
  },
  peers: [],
};

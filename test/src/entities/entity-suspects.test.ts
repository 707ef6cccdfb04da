import { describe, expect, it } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { defineEntity, type EntityDefinition } from '../../../actors/define-entity.ts';
import { EntityCluster, partitions, type ClusterMember } from '../../support/entity-cluster.ts';
import { partitionOf } from '../../../src/nats/partition-of.ts';
import { near } from '../../support/lease-world.ts';

const maxTrials = 3;
/** Two that make it suspect, two that tell it from what is tried with it, then as many as one event may cost. */
const mostDeaths = 2 + 2 + maxTrials;
const patientMs = 20_000;

interface Reading {
  readonly meter: string;
  readonly n: number;
}

const on = {
  on: ['meter.read'],
  key: ({ data }: { readonly data: Record<string, unknown> }) => data['meter'],
};

/** Ends its process, as `process.exit` does, at each reading above 100. */
function fragileFold(exit: () => void) {
  return defineEntity(
    'fragile',
    {
      initial: { seen: [] as readonly number[] },
      fold: ({ seen }, { data }) => {
        const { n } = data as unknown as Reading;
        if (n > 100) exit();
        return { seen: [...seen, n] };
      },
    },
    on,
  );
}

const machineSetup = (exit: () => void, jobMs = 0, cluster?: EntityCluster) =>
  setup({
    types: {
      context: {} as { readonly seen: number },
      events: {} as { readonly type: 'meter.read'; readonly data: Reading },
    },
    guards: { deadly: ({ event }) => event.data.n > 100 },
    actions: { count: assign({ seen: ({ context }) => context.seen + 1 }), exit },
    actors: {
      job: fromPromise(async () => {
        await new Promise<void>((resolve) => {
          if (cluster === undefined || jobMs === 0) resolve();
          else cluster.clock.setTimeout(resolve, jobMs);
        });
        exit();
      }),
    },
  });

/** Ends its process when it has waited after a reading above 100. */
function fragileDelay(exit: () => void) {
  return defineEntity(
    'fragile',
    machineSetup(exit).createMachine({
      context: { seen: 0 },
      initial: 'idle',
      on: { 'meter.read': [{ guard: 'deadly', target: '.armed', actions: 'count' }, { actions: 'count' }] },
      states: { idle: {}, armed: { after: { 300: { target: 'idle', actions: 'exit' } } } },
    }),
    on,
  );
}

/** Starts a child at a reading above 100 that ends its process, some milliseconds after it has started. */
const fragileChild = (jobMs: number) => (exit: () => void, cluster: EntityCluster) =>
  defineEntity(
    'fragile',
    machineSetup(exit, jobMs, cluster).createMachine({
      context: { seen: 0 },
      initial: 'idle',
      on: { 'meter.read': [{ guard: 'deadly', target: '.busy', actions: 'count' }, { actions: 'count' }] },
      states: { idle: {}, busy: { invoke: { src: 'job', onDone: 'idle' } } },
    }),
    on,
  );

/** Starts one process after the other until one of them lives. */
async function lives(
  cluster: EntityCluster,
  fragile: (exit: () => void, cluster: EntityCluster) => EntityDefinition,
  most: number,
): Promise<{ readonly deaths: number; readonly member: ClusterMember }> {
  for (let deaths = 0; ; deaths += 1) {
    const life = { dead: false };
    const member: ClusterMember = cluster.join(
      `life-${deaths}`,
      fragile(() => {
        life.dead = true;
        member.kill();
      }, cluster),
      near,
    );
    for (let ms = 0; ms < patientMs && !life.dead; ms += 100) await cluster.clock.advanceBy(100);
    if (!life.dead || deaths >= most) return { deaths, member };
  }
}

async function asked<T>(cluster: EntityCluster, ask: () => Promise<T>): Promise<unknown> {
  const answers: unknown[] = [];
  void ask().then(
    (answer) => answers.push(answer),
    (error: unknown) => answers.push(error),
  );
  await cluster.clock.advanceBy(2_000);
  return answers[0];
}

async function world(
  readings: readonly Reading[],
): Promise<{ cluster: EntityCluster; client: ClusterMember }> {
  const cluster = new EntityCluster(() => 0.5, maxTrials);
  const client = cluster.join('client', undefined, near);
  for (const reading of readings) {
    void client.bus.publish('meter.read', reading);
    await cluster.clock.advanceBy(5);
  }
  return { cluster, client };
}

function keysOfOnePartition(count: number): string[] {
  const names = Array.from({ length: count * partitions * 2 }, (_, at) => `k${at}`);
  return names.filter((key) => partitionOf(key, partitions) === 1).slice(0, count);
}

const none = fragileFold(() => {});

describe('an entity that ends the process that hosts it', () => {
  it('is parked behind the event once as many processes died of it as may; the kind goes on', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const before = keys.map((meter) => ({ meter, n: 1 }));
    const after = keys.map((meter) => ({ meter, n: 2 }));
    const { cluster, client } = await world([...before, { meter: 'c', n: 101 }, ...after]);
    const { deaths, member } = await lives(cluster, fragileFold, 12);

    expect(deaths).toBe(mostDeaths);
    expect(member.host?.parked()).toEqual([{ key: 'c', events: 2 }]);
    const [letter, ...more] = member.bus.deadLetters.list();
    expect(more).toEqual([]);
    expect(letter).toMatchObject({
      reason: 'too-many-deliveries',
      attempts: maxTrials,
      subscriber: 'entity:fragile',
      event: { data: { meter: 'c', n: 101 } },
    });
    expect(String(letter?.error)).toContain('3 processes died');
    expect(cluster.buried.map(({ reason, attempts }) => [reason, attempts])).toEqual([
      ['too-many-deliveries', maxTrials],
    ]);
    for (const meter of keys.filter((key) => key !== 'c')) {
      expect(await asked(cluster, () => client.bus.entity(none, meter).ask(({ seen }) => seen))).toEqual([
        1, 2,
      ]);
    }
    expect(await asked(cluster, () => client.bus.entity(none, 'c').ask(({ seen }) => seen))).toMatchObject({
      reason: 'parked',
    });
  });

  it('is parked behind a delay of which processes die', async () => {
    const { cluster, client } = await world([
      { meter: 'a', n: 1 },
      { meter: 'b', n: 101 },
    ]);
    const { deaths, member } = await lives(cluster, fragileDelay, 12);
    void client.bus.publish('meter.read', { meter: 'a', n: 2 });
    await cluster.clock.advanceBy(1_000);

    // The first owner has handled the event, and dies when the delay ends.
    expect(deaths).toBe(mostDeaths);
    expect(member.host?.parked()).toEqual([{ key: 'b', events: 1 }]);
    expect(member.bus.deadLetters.list()).toMatchObject([
      { reason: 'too-many-deliveries', event: { type: 'breakwater.entity.timer', data: { key: 'b' } } },
    ]);
    expect(member.host?.stats()).toMatchObject({ handled: 1 });
  });

  it('is parked where a child of it ends the process each time that it starts, and stays so', async () => {
    const { cluster } = await world([
      { meter: 'a', n: 1 },
      { meter: 'b', n: 101 },
    ]);
    const { deaths, member } = await lives(cluster, fragileChild(400), 12);
    const parked = member.host?.parked();
    void member.bus.close({ deadlineMs: 10 });
    await cluster.clock.advanceBy(1_000);
    const next = await lives(cluster, fragileChild(400), 1);

    expect(deaths).toBe(mostDeaths);
    expect(parked).toEqual([{ key: 'b', events: 1 }]);
    expect(next.deaths).toBe(0);
    expect(next.member.host?.parked()).toEqual(parked);
  });

  it('is told from those that are handled beside it, though it is its child that ends the process', async () => {
    const keys = keysOfOnePartition(6);
    const [, poison = ''] = keys;
    const { cluster, client } = await world([{ meter: poison, n: 101 }]);
    const harmless = fragileChild(1_000_000)(() => {}, cluster);
    const first = cluster.join('first', harmless, near);
    await cluster.clock.advanceBy(3_000);
    first.kill();
    // Behind what the first one has kept: a child that runs, and events of all.
    for (const meter of keys) {
      void client.bus.publish('meter.read', { meter, n: 1 });
      await cluster.clock.advanceBy(5);
    }
    const { member } = await lives(cluster, fragileChild(0), 12);

    expect(member.host?.parked().map(({ key }) => key)).toEqual([poison]);
    expect(member.bus.deadLetters.list()).toMatchObject([
      { reason: 'too-many-deliveries', event: { data: { meter: poison, n: 1 } } },
    ]);
    for (const meter of keys.filter((key) => key !== poison)) {
      const ask = () => client.bus.entity(harmless, meter).ask(({ context }) => context.seen);
      expect(await asked(cluster, ask)).toBe(1);
    }
  });

  it('is found behind many that are handled, though nobody has noted how far that is', async () => {
    const [poison = '', ...keys] = keysOfOnePartition(75);
    const { cluster, client } = await world(keys.map((meter) => ({ meter, n: 1 })));
    const first = cluster.join(
      'first',
      fragileFold(() => first.kill()),
      near,
    );
    for (let ms = 0; ms < 5_000 && first.host?.stats().handled !== keys.length; ms += 1)
      await cluster.clock.advanceBy(1);
    void client.bus.publish('meter.read', { meter: poison, n: 101 });
    await cluster.clock.advanceBy(50);
    const position = (await cluster.place('fragile', poison))?.position;
    const { deaths, member } = await lives(cluster, fragileFold, 20);

    expect(position).toBe(0);
    expect(deaths).toBe(mostDeaths - 1);
    expect(member.host?.parked()).toEqual([{ key: poison, events: 1 }]);
    expect(member.host?.stats()).toMatchObject({ handled: 0 });
  });

  it('lets the others be handled meanwhile, each once, though their owners die one after the other', async () => {
    const keys = Array.from({ length: 40 }, (_, at) => `k${at}`);
    const poison = [3, 17, 29].map((at) => ({ meter: `k${at}`, n: 101 }));
    const rounds = [1, 2, 3].map((n) => keys.map((meter) => ({ meter, n })));
    const { cluster, client } = await world(
      [rounds[0] ?? [], poison, rounds[1] ?? [], rounds[2] ?? []].flat(),
    );
    const { deaths, member } = await lives(cluster, fragileFold, 40);

    expect(deaths).toBeLessThanOrEqual(2 + 3 * (2 + maxTrials));
    expect(
      member.host
        ?.parked()
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['k17', 'k29', 'k3']);
    for (const meter of keys) {
      const seen = await asked(cluster, () => client.bus.entity(none, meter).ask((state) => state.seen));
      if (poison.some((one) => one.meter === meter)) expect(seen).toMatchObject({ reason: 'parked' });
      else expect(seen).toEqual([1, 2, 3]);
    }
  });

  it('is tried no more often because its processes left in good order', async () => {
    const { cluster } = await world([{ meter: 'a', n: 1 }]);
    for (let life = 0; life < 6; life += 1) {
      const member = cluster.join(
        `life-${life}`,
        fragileFold(() => {}),
        near,
      );
      await cluster.clock.advanceBy(3_000);
      void member.bus.close({ deadlineMs: 100 });
      await cluster.clock.advanceBy(1_000);
    }
    expect((await cluster.place('fragile', 'a'))?.begun).toMatchObject({ crashes: 0, deaths: 0 });
  });

  it('is suspected of nothing by an owner that has lived for a while', async () => {
    const { cluster } = await world([{ meter: 'a', n: 1 }]);
    for (let life = 0; life < 4; life += 1) {
      const member = cluster.join(
        `life-${life}`,
        fragileFold(() => {}),
        near,
      );
      await cluster.clock.advanceBy(15_000);
      member.kill();
    }
    expect((await cluster.place('fragile', 'a'))?.begun).toMatchObject({ crashes: 0, tried: false });
  });
});

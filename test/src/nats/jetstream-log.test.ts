import { StorageError, type EventEnvelope, type EventLog, type LogRecord } from 'breakwater';
import { jetStreamLog, type JetStreamLogOptions } from 'breakwater/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../src/system-clock.ts';
import { sampleEvent, sampleEvents } from '../../../src/testing/conformance/sample-event.ts';
import { silentLogger } from '../../support/bus-world.ts';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, type NatsWorld, until } from '../../support/nats-world.ts';

const clock = createSystemClock();

describe.each(natsBinaries())('jetStreamLog on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  function open(
    namespace: string,
    options: JetStreamLogOptions = {},
  ): ReturnType<ReturnType<typeof jetStreamLog>> {
    const factory = jetStreamLog({ servers: world.server.url, namespace, ...options });
    return factory({ clock, random: Math.random, logger: silentLogger });
  }

  async function readAll(log: EventLog): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (let from = 1; ;) {
      const page = await log.read({ from });
      expect(page.faults).toEqual([]);
      records.push(...page.records);
      if (page.atEnd) return records;
      from = page.next;
    }
  }

  it('is one log for several processes that append at once: each event once, positions and times in order', async () => {
    const namespace = world.namespace();
    const logs = [open(namespace), open(namespace), open(namespace)];
    const appended = await Promise.all(
      logs.flatMap((log, at) =>
        Array.from({ length: 40 }, async (_, n) =>
          log.append([sampleEvent(at * 1000 + n), sampleEvent(at * 1000 + 500 + n)]),
        ),
      ),
    );
    const [records, ...others] = await Promise.all(logs.map((log) => readAll(log)));

    expect(records).toHaveLength(240);
    for (const other of others) expect(other).toEqual(records);
    expect(new Set(appended.map(({ first }) => first)).size).toBe(120);
    const byPosition = new Map(records?.map(({ position, event }) => [position, event.id]));
    for (const [at, { first }] of appended.entries()) {
      const n = Math.floor(at / 40) * 1000 + (at % 40);
      expect(byPosition.get(first)).toBe(sampleEvent(n).id);
      expect(byPosition.get(first + 1)).toBe(sampleEvent(n + 500).id);
    }
    const times = records?.map(({ appendedAt }) => appendedAt) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    await Promise.all(logs.map((log) => log.close()));
  });

  it('sees what another process takes out, and finds all that is left when it is opened', async () => {
    const namespace = world.namespace();
    const [one, two] = [open(namespace), open(namespace)];
    for (let n = 0; n < 60; n += 1) await one.append(sampleEvents(n * 3, n * 3 + 2));
    const before = await readAll(two);
    const positions = before.map(({ position }) => position);
    await one.trim(positions[31] ?? 0);
    await two.remove([positions[40] ?? 0, ...positions.slice(42, 45)]);
    const left = before.filter((_, at) => at >= 31 && at !== 40 && !(at >= 42 && at < 45));

    const late = open(namespace);
    for (const log of [one, two, late]) {
      expect(await readAll(log)).toEqual(left);
      expect(await log.bounds()).toEqual({
        first: positions[31],
        last: positions.at(-1),
        count: left.length,
      });
    }
    // Whole messages are deleted at the server, and of those before the trim nothing is left.
    const { state } = await (await world.manager()).streams.info(`${namespace}-log`);
    expect(state.messages).toBe(60 - 10 - 1 + 2);
    await Promise.all([one, two, late].map((log) => log.close()));
  });

  it('stores once what it sends again to a server that was killed', async () => {
    const server = await createNatsWorld({ binary });
    const factory = jetStreamLog({ servers: server.server.url, namespace: 'kills', answerTimeoutMs: 500 });
    const log = factory({ clock, random: Math.random, logger: silentLogger });
    const taken: number[] = [];
    let n = 0;
    let isOver = false;
    const writer = (async () => {
      while (!isOver) {
        const mine = (n += 1);
        try {
          await log.append([sampleEvent(mine)]);
          taken.push(mine);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      const before = taken.length;
      await until(() => taken.length > before + 50);
      await server.server.kill();
      await server.server.restart();
    }
    const before = taken.length;
    await until(() => taken.length > before + 20);
    isOver = true;
    await writer;

    const ids = (await readAll(log)).map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(taken.filter((mine) => !ids.includes(sampleEvent(mine).id))).toEqual([]);
    await log.close();
    await server[Symbol.asyncDispose]();
  }, 30_000);

  it('gives what is no event as a fault, and all around it', async () => {
    const namespace = world.namespace();
    const log = open(namespace);
    await log.append([sampleEvent(1)]);
    const client = await world.client();
    await client.request(`${namespace}.log.batches`, 'garbage');
    await client.request(`${namespace}.log.notes`, '{"before":"everything","removed":[1,"2"]}');
    await client.request(`${namespace}.log.notes`, 'garbage');
    await log.append([sampleEvent(2)]);

    const page = await log.read();

    expect(page.records.map(({ event }: { event: EventEnvelope }) => event.id)).toEqual([
      sampleEvent(1).id,
      sampleEvent(2).id,
    ]);
    expect(page.faults).toHaveLength(1);
    await log.close();
  });

  it('refuses an append once it is full, and deletes nothing', async () => {
    const log = open(world.namespace(), { maxBytes: 20_000 });
    const big = (n: number): EventEnvelope => sampleEvent(n, { data: 'x'.repeat(2000) });
    await expect(
      (async () => {
        for (let n = 0; n < 50; n += 1) await log.append([big(n)]);
      })(),
    ).rejects.toThrow(/maximum bytes exceeded/);
    const { count } = await log.bounds();
    expect((await readAll(log)).map(({ event }) => event.id)).toEqual(
      Array.from({ length: count }, (_, n) => big(n).id),
    );
    await log.close();
  });

  it('refuses a stream of another shape, and names the field', async () => {
    const namespace = world.namespace();
    await open(namespace).bounds();

    await expect(open(namespace, { storage: 'memory' }).bounds()).rejects.toThrow(/storage/);
  });
});

import type { ConsumerConfig, JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { createVirtualClock, type VirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { SuspectTrials } from '../../../src/leases/suspect-trials.ts';
import { memoryStore } from '../../../src/log/memory-store.ts';
import type { Acknowledger } from '../../../src/nats/acknowledger.ts';
import type { NatsLink } from '../../../src/nats/nats-link.ts';
import { PartitionReader } from '../../../src/nats/partition-reader.ts';
import { PartitionRecord } from '../../../src/nats/partition-record.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const never = new Promise<never>(() => {});

/** A server that keeps consumers, and a connection to it. What is away gives no answer. */
class Server {
  readonly created: { name: string; startsAt: number | undefined; replicas: number | undefined }[] = [];
  readonly deleted: string[] = [];
  readonly asked: string[] = [];
  /** Consumers whose server is away. */
  readonly away = new Set<string>();
  /** Whether those that are made from now on are on a server that is away. */
  placesAway = false;
  readonly #sent = new Map<string, number>();
  #hear: (error: null, message: Msg) => void = () => {};

  readonly manager = {
    consumers: {
      add: (_stream: string, config: ConsumerConfig) => {
        const name = config.durable_name ?? '';
        this.created.push({ name, startsAt: config.opt_start_seq, replicas: config.num_replicas });
        if (this.placesAway) this.away.add(name);
        return this.#answer(name, { config, num_pending: 0 });
      },
      info: (_stream: string, name: string) =>
        this.#answer(name, { delivered: { consumer_seq: this.#sent.get(name) ?? 0, stream_seq: 0 } }),
      delete: (_stream: string, name: string) => {
        if (this.away.has(name)) return Promise.reject(new Error('timeout'));
        this.deleted.push(name);
        return Promise.resolve(true);
      },
    },
  } as unknown as JetStreamManager;

  readonly connection = {
    subscribe: (_inbox: string, options: { readonly callback: (error: null, message: Msg) => void }) => {
      this.#hear = options.callback;
      return { drain: () => Promise.resolve(), unsubscribe: () => {} };
    },
    publish: (subject: string) => this.asked.push(subject.slice(subject.lastIndexOf('.') + 1)),
  };

  /** Sends a message; where it is `lost`, nobody hears of it. */
  deliver(name: string, sequence: number, lost = false): void {
    const delivery = (this.#sent.get(name) ?? 0) + 1;
    this.#sent.set(name, delivery);
    const reply = `$JS.ACK.s.${name}.1.${sequence}.${delivery}.0.0`;
    if (!lost) this.#hear(null, { reply, data: Uint8Array.of(1) } as Msg);
  }

  #answer<T>(name: string, answer: T): Promise<T> {
    return this.away.has(name) ? never : Promise.resolve(answer);
  }
}

async function reading(): Promise<{ server: Server; clock: VirtualClock; kept: () => Promise<string[]> }> {
  const clock = createVirtualClock();
  const server = new Server();
  const { snapshots } = memoryStore()({ clock, random: () => 0.5 });
  const place = { bucket: 'progress:billing', key: '0' };
  const link = {
    up: server.connection,
    config: { namespace: 'shop' },
    onUp: () => () => {},
    onDown: () => () => {},
  } as unknown as NatsLink;
  const reader = new PartitionReader(
    {
      prefix: 'billing=p0',
      limits: { stream: 's', filter: 'shop.>', ackWaitMs: 30_000, maxAckPending: 100, replicas: 1 },
      owner: { token: 1, holds: () => true },
      from: 'start',
      source: { window: 64, maxBytes: 1e6 },
    },
    {
      clock,
      link,
      logger: recordingLogger().logger,
      manager: server.manager,
      record: new PartitionRecord({ ...place, token: 1 }, snapshots),
      trials: new SuspectTrials(clock),
      acknowledger: { ack: () => {}, nak: () => {}, inProgress: () => {} } as unknown as Acknowledger,
      // It holds no event, so it is settled as it comes.
      onMessage: () => {},
      onAgain: () => {},
    },
  );
  reader.start();
  await clock.flush();
  const kept = async (): Promise<string[]> => {
    const found = await snapshots.read(place.bucket, place.key);
    const { consumers } = JSON.parse(new TextDecoder().decode(found?.value)) as { consumers: string[] };
    return consumers;
  };
  return { server, clock, kept };
}

const [first, second, third] = [1, 2, 3].map((n) => `billing=p0=e000000001-${n}`) as [string, string, string];

describe('the reader of a part', () => {
  it('asks its consumer again after a silence, where all that was sent has come', async () => {
    const { server, clock } = await reading();
    server.deliver(first, 5);
    server.asked.length = 0;
    await clock.advanceBy(1700);

    expect(server.created).toEqual([{ name: first, startsAt: undefined, replicas: 1 }]);
    expect(new Set(server.asked)).toEqual(new Set([first]));
    server.deliver(first, 9);
    expect(server.created).toHaveLength(1);
  });

  it('replaces a consumer that has sent more than what came, behind what came', async () => {
    const { server, clock, kept } = await reading();
    server.deliver(first, 5);
    server.deliver(first, 7, true);
    await clock.advanceBy(1700);

    expect(server.created.slice(1)).toEqual([{ name: second, startsAt: 6, replicas: 1 }]);
    expect(server.deleted).toEqual([first]);
    expect(await kept()).toEqual([second]);
    expect(server.asked.at(-1)).toBe(second);
  });

  it('replaces a consumer whose number of a delivery shows that one is missing', async () => {
    const { server, clock } = await reading();
    server.deliver(first, 5);
    server.deliver(first, 7, true);
    server.deliver(first, 8);
    await clock.flush();

    expect(server.created.at(-1)).toMatchObject({ name: second, startsAt: 6 });
  });

  it('reads elsewhere after a second without an answer, and deletes the old one when it can', async () => {
    const { server, clock, kept } = await reading();
    server.deliver(first, 5);
    server.away.add(first);
    await clock.advanceBy(2500);
    expect(server.created).toHaveLength(1);
    await clock.advanceBy(200);
    expect(server.created.slice(1)).toEqual([{ name: second, startsAt: 6, replicas: 1 }]);
    expect(await kept()).toEqual([first, second]);

    server.away.delete(first);
    server.deliver(second, 7, true);
    server.deliver(second, 8);
    await clock.flush();

    expect(server.deleted).toEqual([first, second]);
    expect(await kept()).toEqual([third]);
  });

  it('tries another server, and waits longer, where the new one does not answer either', async () => {
    const { server, clock } = await reading();
    server.away.add(first);
    server.placesAway = true;
    await clock.advanceBy(2700);
    expect(server.created.map(({ name }) => name)).toEqual([first, second]);
    await clock.advanceBy(1300);
    expect(server.created.map(({ name }) => name)).toEqual([first, second, third]);
    server.placesAway = false;
    await clock.advanceBy(2000);
    expect(server.created).toHaveLength(3);
    await clock.advanceBy(400);

    expect(server.created).toHaveLength(4);
    expect(server.asked.at(-1)).toBe(server.created[3]?.name);
  });
});

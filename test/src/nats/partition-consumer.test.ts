import { JetStreamApiError, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import { forgetConsumers, startOfOwner } from '../../../src/nats/partition-consumer.ts';
import { noProgress, type PartitionProgress } from '../../../src/nats/partition-progress.ts';

interface Known {
  readonly floor?: number;
  readonly startedAt?: number;
  readonly underWay?: number;
}

const missing = new JetStreamApiError({ code: 404, err_code: 10_014, description: 'consumer not found' });
const noAnswer = new Error('timeout');

/** A server that knows some consumers; `undefined` for those whose server is away. Notes what it is asked. */
function serverWith(consumers: Readonly<Record<string, Known | undefined>>): {
  manager: JetStreamManager;
  asked: string[];
} {
  const asked: string[] = [];
  const find = async (name: string): Promise<Known> => {
    asked.push(name);
    const known = consumers[name];
    if (known !== undefined) return known;
    throw name in consumers ? noAnswer : missing;
  };
  const api = {
    info: async (_stream: string, name: string) => {
      const { floor = 0, startedAt, underWay = 0 } = await find(name);
      return {
        ack_floor: { consumer_seq: 0, stream_seq: floor },
        num_ack_pending: underWay,
        config: { opt_start_seq: startedAt },
      } as Partial<ConsumerInfo>;
    },
    delete: async (_stream: string, name: string) => {
      await find(name);
      return true;
    },
  };
  return { manager: { consumers: api } as unknown as JetStreamManager, asked };
}

const killed = (kept: Partial<PartitionProgress>): PartitionProgress => ({
  ...noProgress,
  left: false,
  ...kept,
});

describe('where an owner begins', () => {
  it('is where all begin, if nobody was there before', async () => {
    const { manager } = serverWith({});
    expect(await startOfOwner(manager, 's', noProgress, 'now')).toEqual({ from: 'now', underWay: false });
  });

  it('is behind what the one before has acknowledged since it kept its progress', async () => {
    const { manager } = serverWith({ a: { floor: 8 }, b: { floor: 12, underWay: 1 } });
    const before = killed({ consumers: ['a', 'b'], through: 10 });
    expect(await startOfOwner(manager, 's', before, 'start')).toEqual({
      from: { sequence: 13 },
      underWay: true,
    });
  });

  it('is where its consumer began that nothing came from', async () => {
    const { manager } = serverWith({ a: { startedAt: 40 } });
    expect(await startOfOwner(manager, 's', killed({ consumers: ['a'] }), 'now')).toMatchObject({
      from: { sequence: 40 },
    });
  });

  it('is behind what was kept where its consumer is gone, or its server does not answer', async () => {
    const { manager, asked } = serverWith({ away: undefined });
    const before = killed({ consumers: ['away', 'gone'], through: 10, open: [[7, 0]] });
    expect(await startOfOwner(manager, 's', before, 'start')).toEqual({
      from: { sequence: 7 },
      underWay: true,
    });
    expect(asked).toEqual(['away', 'gone']);
  });

  it('is asked of nobody when it was handed over', async () => {
    const { manager, asked } = serverWith({ a: undefined });
    const before = { ...noProgress, consumers: ['a'], through: 10 };
    expect(await startOfOwner(manager, 's', before, 'start')).toEqual({
      from: { sequence: 11 },
      underWay: false,
    });
    expect(asked).toEqual([]);
  });
});

describe('consumers that are not needed any more', () => {
  it('are deleted; those whose server does not answer are told', async () => {
    const { manager, asked } = serverWith({ a: {}, away: undefined, b: {} });
    expect(await forgetConsumers(manager, 's', ['a', 'away', 'gone', 'b'])).toEqual(['away']);
    expect(asked).toEqual(['a', 'away', 'gone', 'b']);
  });
});

import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KvSnapshots } from '../../src/nats/kv-snapshots.ts';
import { snapshotStoreConformance } from '../../src/testing/conformance/snapshot-store-conformance.ts';
import { startNatsServer, type NatsServer } from '../support/nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNatsServer();
  connection = await connect({ servers: server.url, noAsyncTraces: true });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

function snapshotsIn(bucket: string): KvSnapshots {
  const config = { bucket, replicas: 1, storage: 'memory' } as const;
  return new KvSnapshots(config, () => Promise.resolve(connection));
}

describe('the snapshots of NATS KV', () => {
  const cases = snapshotStoreConformance({
    name: 'NATS KV',
    features: { durable: true },
    runs: 10,
    open: (place) => {
      const snapshots = snapshotsIn(place.replaceAll(/[^A-Za-z0-9_-]/g, '_'));
      return {
        snapshots,
        close: () => {
          snapshots.close();
          return Promise.resolve();
        },
      };
    },
  });

  it.each(cases)(
    '$name',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
    30_000,
  );

  it('refuses a bucket that is there with another configuration, and names the field', async () => {
    await new Kvm(connection).create('theirs', { history: 5, storage: 'memory' as never });
    await expect(
      snapshotsIn('theirs').write({ bucket: 'b', key: 'k', value: new Uint8Array() }),
    ).rejects.toThrow(/history: wanted 1, found 5/);
  });

  it('refuses a value that the server would not take, and says how much it takes', async () => {
    const write = { bucket: 'b', key: 'k', value: new Uint8Array(2_000_000) };
    await expect(snapshotsIn('large').write(write)).rejects.toThrow(
      /2000000 bytes, the server takes 1048576/,
    );
  });

  it('keeps nothing of keys that are removed, once they were listed', async () => {
    const snapshots = snapshotsIn('tidy');
    const keys = Array.from({ length: 20 }, (_, at) => `member-${at}`);
    for (const key of keys) await snapshots.write({ bucket: 'b', key, value: Uint8Array.of(1) });
    for (const key of keys.slice(1)) await snapshots.write({ bucket: 'b', key, value: undefined });
    const { streams } = await jetstreamManager(connection);
    const kept = async (): Promise<number> => (await streams.info('KV_tidy')).state.messages;
    expect(await kept()).toBe(20);
    expect(await snapshots.list('b')).toHaveLength(1);
    await vi.waitFor(async () => expect(await kept()).toBe(1));
    const again = await snapshots.write({
      bucket: 'b',
      key: 'member-1',
      value: Uint8Array.of(2),
      expected: 0,
    });
    expect(await snapshots.read('b', 'member-1')).toEqual({ value: Uint8Array.of(2), revision: again });
  });

  it('creates keys that others remove and list meanwhile', async () => {
    const [one, two] = [snapshotsIn('busy'), snapshotsIn('busy')];
    for (let round = 0; round < 200; round += 1) {
      await one.write({ bucket: 'b', key: 'k', value: undefined });
      const created = two.write({ bucket: 'b', key: 'k', value: Uint8Array.of(round), expected: 0 });
      await Promise.all([created, one.list('b')]);
    }
    const last = await two.read('b', 'k');
    expect(last?.value).toEqual(Uint8Array.of(199));
  });

  it('calls a write unknown whose answer does not come, and takes none for done', async () => {
    const other = await startNatsServer();
    const link = await connect({ servers: other.url, noAsyncTraces: true });
    const snapshots = new KvSnapshots({ bucket: 'mine', replicas: 1, storage: 'file', answerMs: 300 }, () =>
      Promise.resolve(link),
    );
    try {
      const first = await snapshots.write({ bucket: 'b', key: 'k', value: Uint8Array.of(1) });
      other.signal('SIGSTOP');
      const stuck = snapshots.write({ bucket: 'b', key: 'k', value: Uint8Array.of(2), expected: first });
      await expect(stuck).rejects.toThrow(/unknown/);
      other.signal('SIGCONT');
      const { revision = 0, value } = (await snapshots.read('b', 'k')) ?? {};
      expect(value).toEqual(Uint8Array.of(revision === first ? 1 : 2));
    } finally {
      other.signal('SIGCONT');
      await link.close();
      await other.stop();
    }
  }, 30_000);
});

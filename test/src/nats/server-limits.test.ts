import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CodecError, TransportError, type Bus } from 'breakwater';
import { describe, expect, it, onTestFinished } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until } from '../../support/nats-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const type = 'order.placed';

/** A disk of 8 MiB, for root alone; gives how to make it larger. */
function smallDisk(): { readonly folder: string; readonly grow: () => void } | undefined {
  const folder = join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  const mount = (...args: string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
  if (process.getuid?.() !== 0 || !mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder)) return undefined;
  onTestFinished(() => {
    spawnSync('umount', ['-l', folder], { stdio: 'ignore' });
  });
  return { folder, grow: () => void mount('-o', 'remount,size=64m', folder) };
}

/** Publishes events of 100 kB until one fails; gives the numbers that were acknowledged, and why it failed. */
async function fill(
  bus: Bus,
): Promise<{ readonly acknowledged: readonly number[]; readonly failed: unknown }> {
  const acknowledged: number[] = [];
  for (let n = 0; n < 400; n += 1) {
    const failed: unknown = await bus
      .publish(type, { n, ballast: 'x'.repeat(100_000) }, { key: 'k' })
      .then(() => undefined)
      .catch((error: unknown) => error);
    if (failed !== undefined) return { acknowledged, failed };
    acknowledged.push(n);
  }
  return { acknowledged, failed: undefined };
}

describe.each(natsBinaries())('limits of the server, on %s', (binary) => {
  it('refuses, typed, what a full disk cannot take; loses nothing of before, and works when there is room', async (context) => {
    const disk = smallDisk();
    if (disk === undefined) {
      context.skip('only root can make a small disk');
      return;
    }
    await using world = await createNatsWorld({ binary, storeFolder: disk.folder });
    const stream = { maxBytes: Infinity };
    const options = { namespace: 'full', stream, publishTimeoutMs: 1500, ackTimeoutMs: 500 };
    const bus = world.streamBus(options);
    await bus.ready();

    const { acknowledged, failed } = await fill(bus);
    expect(failed).toBeInstanceOf(TransportError);
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(bus.health()).toMatchObject({ ready: false, reason: expect.stringMatching(/space|answer/) });

    disk.grow();
    await world.server.kill();
    await world.server.restart();
    const seen: number[] = [];
    bus.subscribe(type, ({ data }) => seen.push((data as { n: number }).n), {
      name: 'later',
      order: 'key',
      from: 'start',
    });
    await until(() => bus.health().ready);
    await bus.publish(type, { n: 1000 }, { key: 'k' });
    await until(() => seen.includes(1000));
    const first = [...new Set(seen)].filter((n) => acknowledged.includes(n));
    expect(first).toEqual(acknowledged);
  });

  it('refuses, typed, what goes beyond the store that the server may use', async () => {
    await using world = await createNatsWorld({ binary, maxFile: '4MB' });
    const options = { namespace: 'full', stream: { maxBytes: Infinity }, publishTimeoutMs: 1500 };
    const bus = world.streamBus(options);
    const seen: number[] = [];
    bus.subscribe(type, ({ data }) => seen.push((data as { n: number }).n), { name: 'all', order: 'key' });

    const { acknowledged, failed } = await fill(bus);

    expect(failed).toBeInstanceOf(TransportError);
    expect(String(failed)).toContain('insufficient resources');
    expect(bus.health()).toMatchObject({ ready: false, reason: expect.stringContaining('insufficient') });
    await until(() => acknowledged.every((n) => seen.includes(n)));
  });

  it('refuses an event that is larger than the server takes, and carries those beside it', async () => {
    await using world = await createNatsWorld({ binary, config: 'max_payload: 64KB' });
    for (const bus of [world.streamBus(), world.coreBus()]) {
      const seen: unknown[] = [];
      bus.subscribe(type, ({ data }) => seen.push((data as string).length), { order: 'key' });
      await bus.ready();
      const sizes = [1000, 70_000, 60_000, 65_400, 2_000_000, 2000];
      const results = await Promise.allSettled(
        sizes.map((size) => bus.publish(type, 'x'.repeat(size), { key: 'k' })),
      );
      const refused = results.flatMap((result, at) => (result.status === 'rejected' ? [at] : []));
      expect(refused).toEqual([1, 3, 4]);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CodecError);
      await until(() => seen.length === 3);
      expect(seen).toEqual([1000, 60_000, 2000]);
    }
  });

  it('notices when the server drops it as too slow, and comes back', async () => {
    const config = 'max_pending: 1MB\nwrite_deadline: "200ms"';
    await using world = await createNatsWorld({ binary, config });
    const slow = world.coreBus();
    const seen: unknown[] = [];
    slow.subscribe(type, ({ data }) => seen.push((data as { n: number }).n));
    await slow.ready();
    // A program of its own publishes: this one's loop is blocked.
    const flood = `
      const { connect } = await import('@nats-io/transport-node');
      const client = await connect({ servers: process.argv[1] });
      for (let n = 0; n < 300; n += 1) client.publish('breakwater.normal.${type}', 'x'.repeat(200_000));
      await client.flush();
      await client.close();`;
    const flooded = spawnSync(process.execPath, ['--input-type=module', '-e', flood, world.server.url], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(flooded.stderr).toBe('');
    expect(flooded.status).toBe(0);
    await until(() => world.lines.some(({ message }) => message.includes('is lost')));
    await until(() => slow.health().ready);
    await slow.publish(type, { n: 1 });
    await until(() => seen.includes(1));
  });
});

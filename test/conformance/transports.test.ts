import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { lmdb } from '../../src/lmdb-transport.ts';
import { createSystemClock } from '../../src/system-clock.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { transportConformance } from '../../src/testing/conformance/transport-conformance.ts';
import type { TransportSubject } from '../../src/testing/conformance/transport-session.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { durableTransport } from '../../src/transport/durable.ts';
import { memoryTransport } from '../../src/transport/memory.ts';
import { noopTransport } from '../../src/transport/noop.ts';
import type { TransportFactory } from '../../src/transport/transport.ts';

/** A transport that lives on a clock of its own. */
function onVirtualClock(name: string, factory: TransportFactory): TransportSubject {
  const open: TransportSubject['open'] = () => {
    const clock = createVirtualClock();
    let advancing = Promise.resolve();
    const pass = (ms: number): Promise<void> => {
      advancing = advancing.then(() => clock.advanceBy(ms));
      return advancing;
    };
    return { transport: factory({ clock, random: () => 0.5 }), pass };
  };
  const { features } = factory({ clock: createVirtualClock(), random: () => 0.5 });
  return { name, features, open, runs: 100 };
}

const folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The durable transport on disk, whose time is real. */
const onDisk: TransportSubject = {
  name: 'lmdb',
  features: { level: 'disk', durable: true, ordered: true, shared: false, settlements: true },
  runs: 8,
  quietMs: 30,
  patienceMs: 10_000,
  open: (place) => ({
    transport: lmdb({ path: join(folder, place) })({ clock: createSystemClock(), random: () => 0.5 }),
    pass: (ms) => setTimeout(ms),
  }),
};

const subjects = [
  onVirtualClock('memoryTransport', memoryTransport()),
  onVirtualClock('noopTransport', noopTransport()),
  { ...onVirtualClock('durableTransport in memory', durableTransport(memoryStore())), keepsBacklog: true },
  onDisk,
];

describe.each(subjects)('$name', (subject) => {
  it.each(transportConformance(subject))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

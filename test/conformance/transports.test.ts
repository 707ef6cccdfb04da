import { describe, expect, it } from 'vitest';
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

const subjects = [
  onVirtualClock('memoryTransport', memoryTransport()),
  onVirtualClock('noopTransport', noopTransport()),
  { ...onVirtualClock('durableTransport in memory', durableTransport(memoryStore())), keepsBacklog: true },
];

describe.each(subjects)('$name', (subject) => {
  it.each(transportConformance(subject))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

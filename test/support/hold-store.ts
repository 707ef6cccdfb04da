import { describe, expect, it } from 'vitest';
import type { ConformanceCase } from '../../src/testing/conformance/conformance-case.ts';
import { eventLogConformance } from '../../src/testing/conformance/event-log-conformance.ts';
import { snapshotStoreConformance } from '../../src/testing/conformance/snapshot-store-conformance.ts';
import { storeConformance, type StoreSubject } from '../../src/testing/conformance/store-conformance.ts';

function hold(what: string, cases: readonly ConformanceCase[]): void {
  describe(what, () => {
    it.each(cases)('$name', async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
}

/** Holds a kind of store to all that is asked of its three ports. */
export function holdStore(subject: StoreSubject, runs: number): void {
  const { name, features, at } = subject;
  const log = eventLogConformance({
    name,
    features,
    runs,
    open: (place, ports) => {
      const store = at(place)(ports);
      return { log: store.log, close: () => store.close() };
    },
  });
  const snapshots = snapshotStoreConformance({
    name,
    features,
    runs,
    open: (place, ports) => {
      const store = at(place)(ports);
      return { snapshots: store.snapshots, close: () => store.close() };
    },
  });
  hold(`the log of ${name}`, log);
  hold(`the snapshots of ${name}`, snapshots);
  hold(name, storeConformance(subject));
}

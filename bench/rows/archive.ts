import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  createSystemClock,
  maintain,
  memoryStore,
  type EventEnvelope,
  type MaintainedStore,
  type MaintainOptions,
  type Store,
} from 'breakwater';
import { atMost, noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { orderAt } from '../workload/orders.ts';

const count = 128 * 1024;

/** Orders as a bus would have made them: ids that rise, keys that repeat. */
function orders(): EventEnvelope[] {
  return Array.from({ length: count }, (_, n) => {
    const data = orderAt(n);
    const id = `0190163d-8694-739b-aea5-${n.toString(16).padStart(12, '0')}`;
    const time = 1_700_000_000_000 + n;
    return {
      id,
      type: 'order.placed',
      source: 'bench',
      time,
      priority: 'normal',
      schemaVersion: 1,
      data,
      key: data.orderId,
    };
  });
}

interface Filled {
  readonly kept: MaintainedStore;
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** A log in memory with all orders in it, in a folder of its own. */
async function filled(options: (folder: string) => MaintainOptions): Promise<Filled> {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const kept = maintain(memoryStore(), options(folder));
  const store = kept({ clock: createSystemClock(), random: Math.random });
  const events = orders();
  for (let at = 0; at < count; at += 1_024) await store.log.append(events.slice(at, at + 1_024));
  return {
    kept,
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const archiveAll = (folder: string): MaintainOptions => ({
  retention: [{ maxCount: 0 }],
  archive: { folder },
});

function archiving(): Measure {
  return async () => {
    const { kept, close } = await filled(archiveAll);
    const rate = await ratePerCore(count, () => kept.run());
    await close();
    return rate;
  };
}

async function archivedBytes(): Promise<number> {
  const { kept, close } = await filled(archiveAll);
  await kept.run();
  const { archive } = await kept.stats();
  await close();
  return archive?.bytesPerEvent ?? Number.NaN;
}

async function readAll(store: Store): Promise<void> {
  let read = 0;
  for (let from = 1; ;) {
    const page = await store.log.read({ from });
    read += page.records.length;
    if (page.atEnd) break;
    from = page.next;
  }
  if (read !== count) throw new Error(`read ${read} events of ${count}`);
}

async function reading(): Promise<Measure> {
  const { kept, store } = await filled(archiveAll);
  await kept.run();
  return () => ratePerCore(count, () => readAll(store));
}

/** What one writes by hand: lines of JSON, compressed. */
function lines(): string {
  return orders()
    .map((event) => JSON.stringify(event))
    .join('\n');
}

function compressing(): Measure {
  return () => ratePerCore(count, () => gzipSync(lines()));
}

function parsing(): Measure {
  const bytes = gzipSync(lines());
  return () =>
    ratePerCore(count, () =>
      gunzipSync(bytes)
        .toString()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    );
}

function auditing(): Measure {
  return async () => {
    const { kept, close } = await filled(() => ({ audit: { everyMs: 3_600_000 } }));
    const rate = await ratePerCore(count, () => kept.checkpoint());
    await close();
    return rate;
  };
}

async function verifying(): Promise<Measure> {
  const { kept } = await filled(() => ({ audit: true }));
  await kept.checkpoint();
  return () =>
    ratePerCore(count, async () => {
      const { ok } = await kept.verifyAudit();
      if (!ok) throw new Error('the audit failed');
    });
}

const gzip = 'JSON lines, gzip';
const shared = { unit: 'events/s', better: 'higher', runs: 3, warmUps: 1, goal: noGoal } as const;

export const archiveWrite: Row = {
  ...shared,
  id: 'archive-write',
  what: 'orders a second of one core that leave a log for compressed segments, on disk',
  subject: { name: 'breakwater', prepare: archiving },
  peers: [{ name: gzip, prepare: compressing }],
};

export const archiveRead: Row = {
  ...shared,
  id: 'archive-read',
  what: 'archived orders a second of one core that reads of the log give back',
  subject: { name: 'breakwater', prepare: reading },
  peers: [{ name: gzip, prepare: parsing }],
};

export const archiveBytes: Row = {
  id: 'archive-bytes',
  what: 'bytes of an archived order on disk',
  unit: 'bytes',
  better: 'lower',
  runs: 1,
  warmUps: 0,
  goal: atMost(30, 'bytes'),
  subject: { name: 'breakwater', prepare: () => archivedBytes },
  peers: [{ name: gzip, prepare: () => () => gzipSync(lines()).length / count }],
};

export const auditRate: Row = {
  ...shared,
  id: 'audit',
  what: 'orders a second of one core that an audit trail comes to vouch for',
  subject: { name: 'breakwater', prepare: auditing },
  peers: [],
};

export const auditVerify: Row = {
  ...shared,
  id: 'audit-verify',
  what: 'orders a second of one core that are compared with an audit trail',
  subject: { name: 'breakwater', prepare: verifying },
  peers: [],
};

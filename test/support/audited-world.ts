import type { EventLog, LogRecord } from '../../src/event-log.ts';
import { verifyTrail } from '../../src/log/audit-verify.ts';
import { maintainedWorld, numbered, readAll } from './maintained-world.ts';

/** A log that gives other records than it has: what somebody did to its files. */
export function tampered(records: readonly LogRecord[]): EventLog {
  return {
    read: ({ from = 1, limit = 1_024 } = {}) => {
      const rest = records.filter(({ position }) => position >= from);
      const page = rest.slice(0, limit);
      const last = page.at(-1)?.position ?? from;
      return { records: page, faults: [], next: last + 1, atEnd: page.length === rest.length };
    },
  } as Pick<EventLog, 'read'> as EventLog;
}

/** A log of 20 events with an audit trail of several blocks, and ways to judge other logs by it. */
export async function auditedWorld(count = 20) {
  const world = maintainedWorld();
  const { store, kept } = world.start({ audit: true });
  for (let n = 1; n <= count; n += 1) {
    await store.log.append([numbered(n, { key: `k${n % 3}`, metadata: { n: String(n) } })]);
    // Blocks of several sizes, so that their seams stand at many places.
    if (n % 7 === 0) await kept.checkpoint();
  }
  const checkpoint = await kept.checkpoint();
  const { records } = await readAll(store.log);
  const judge = (changed: readonly LogRecord[]) => verifyTrail(tampered(changed), store.snapshots, {});
  return { ...world, store, kept, records, judge, checkpoint };
}

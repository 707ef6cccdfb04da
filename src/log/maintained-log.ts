import type { EventLog } from '../event-log.ts';
import type { Maintenance } from './maintenance.ts';

/** A log whose removals the audit trail takes down before they are done. All else goes straight to the log. */
export function maintainedLog(log: EventLog, maintenance: Maintenance): EventLog {
  return {
    name: log.name,
    features: log.features,
    append: (events) => log.append(events),
    read: (range) => log.read(range),
    bounds: () => log.bounds(),
    positionAt: (time) => log.positionAt(time),
    watch: (listener) => log.watch(listener),
    trim: (before) =>
      maintenance.removing(
        () => positionsBefore(log, before),
        () => log.trim(before),
      ),
    remove: (positions) =>
      maintenance.removing(
        async () => positions,
        () => log.remove(positions),
      ),
  };
}

async function positionsBefore(log: EventLog, before: number): Promise<number[]> {
  const positions: number[] = [];
  for (let from = 1; from < before;) {
    const page = await log.read({ from, to: before - 1 });
    for (const { position } of [...page.records, ...page.faults]) positions.push(position);
    if (page.atEnd) break;
    from = page.next;
  }
  return positions;
}

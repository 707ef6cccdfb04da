import { createSystemClock } from '../../src/system-clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventLog, LogFault, LogRange, LogRecord } from '../../src/event-log.ts';
import type { Store, StoreFactory, StorePorts } from '../../src/store.ts';

/** Ports on the real clock. */
export function realPorts(): StorePorts {
  return { clock: createSystemClock(), random: () => 0.5 };
}

/** Opens a store, does `work` with it, and closes it. */
export async function withStore<T>(
  factory: StoreFactory,
  work: (store: Store) => T | Promise<T>,
  ports: StorePorts = realPorts(),
): Promise<T> {
  const store = factory(ports);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** All records and faults of a range, page after page. */
export async function readAll(
  log: EventLog,
  range: LogRange = {},
): Promise<{ readonly records: LogRecord[]; readonly faults: LogFault[]; readonly pages: number }> {
  const records: LogRecord[] = [];
  const faults: LogFault[] = [];
  let next = range;
  for (let pages = 1; ; pages += 1) {
    const page = await log.read(next);
    records.push(...page.records);
    faults.push(...page.faults);
    if (page.atEnd) return { records, faults, pages };
    next = range.order === 'newest' ? { ...range, to: page.next } : { ...range, from: page.next };
  }
}

/** An order as an event; equal numbers give equal events. */
export function orderEvent(n: number, fields: Partial<EventEnvelope> = {}): EventEnvelope {
  return {
    id: `0190163d-8694-739b-aea5-${n.toString(16).padStart(12, '0')}`,
    type: 'order.placed',
    source: 'test',
    time: 1_704_067_200_000 + n,
    priority: 'normal',
    schemaVersion: 1,
    data: { orderId: `order-${n}`, total: n * 1.5 },
    ...fields,
  };
}

/** Orders `from` to `to`, both among them. */
export function orderEvents(from: number, to: number): EventEnvelope[] {
  return Array.from({ length: to - from + 1 }, (_, at) => orderEvent(from + at));
}

import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventLog, LogFault, LogRange, LogRecord } from '../../src/event-log.ts';
import { maintainWith, type MaintainedStore } from '../../src/log/maintain.ts';
import type { MaintainOptions } from '../../src/log/maintain-options.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { openArchiveFolder, type ArchiveFiles } from '../../src/log/archive-folder.ts';
import type { Store, StoreFactory, StorePorts } from '../../src/store.ts';
import { createSystemClock } from '../../src/system-clock.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { reopened } from './durable-world.ts';

export const startTime = 1_700_000_000_000;

/** The real clock, but for the time of day, which a test sets; and timers, which it fires. */
export interface SetClock extends Clock {
  time: number;
  /** Fires all timers that are set now. */
  fire(): void;
  /** Timers that are set. */
  pending(): number;
}

export function setClock(): SetClock {
  const real = createSystemClock();
  const timers = new Map<object, () => void>();
  const clock: SetClock = {
    ...real,
    time: startTime,
    now: () => clock.time,
    setTimeout: (callback) => {
      const handle = {};
      timers.set(handle, callback);
      return handle;
    },
    clearTimeout: (handle) => {
      if (typeof handle === 'object' && handle !== null) timers.delete(handle);
    },
    pending: () => timers.size,
    fire: () => {
      const due = [...timers.values()];
      timers.clear();
      for (const callback of due) callback();
    },
  };
  return clock;
}

/** An event with a number in it. */
export function numbered(n: number, fields: Partial<EventEnvelope> = {}): EventEnvelope {
  return {
    id: `event-${n}`,
    type: 'order.placed',
    source: 'test',
    time: startTime + n,
    priority: 'normal',
    schemaVersion: 1,
    data: { n, text: `number ${n}` },
    ...fields,
  };
}

export interface MaintainedWorld {
  readonly clock: SetClock;
  readonly ports: StorePorts;
  /** The store under the others, which no restart touches. */
  readonly raw: Store;
  /** Starts anew on the same store and folder. The one before is left as it is, as after a crash. */
  readonly start: (
    options: MaintainOptions,
    files?: (folder: string) => ArchiveFiles,
  ) => { readonly store: Store; readonly kept: MaintainedStore };
}

export function maintainedWorld(make: StoreFactory = memoryStore()): MaintainedWorld {
  const clock = setClock();
  const ports = { clock, random: seededRandom(1) };
  const factory = reopened(make);
  return {
    clock,
    ports,
    raw: factory(ports),
    start: (options, files = openArchiveFolder) => {
      const kept = maintainWith(factory, options, files);
      return { store: kept(ports), kept };
    },
  };
}

/** Reads a range to its end, page by page. */
export async function readAll(
  log: EventLog,
  range: LogRange = {},
): Promise<{ records: LogRecord[]; faults: LogFault[] }> {
  const records: LogRecord[] = [];
  const faults: LogFault[] = [];
  for (let next = range; ;) {
    const page = await log.read(next);
    records.push(...page.records);
    faults.push(...page.faults);
    if (page.atEnd) return { records, faults };
    next = range.order === 'newest' ? { ...range, to: page.next } : { ...range, from: page.next };
  }
}

export function positionsOf(records: readonly { readonly position: number }[]): number[] {
  return records.map(({ position }) => position);
}

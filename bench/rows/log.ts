import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createSystemClock, type EventEnvelope, type Store } from 'breakwater';
import { lmdbStore } from 'breakwater/lmdb';
import { open, type RootDatabase } from 'lmdb';
import { atLeast, atMost, both, noGoal, timesEachPeer } from '../harness/goals.ts';
import { quantile, ratePerCore } from '../harness/measure.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { orderAt } from '../workload/orders.ts';
import { temporaryFolder } from '../workload/temporary-folder.ts';

const count = 262_144;
const inFlight = 4_096;
const producers = 256;

/** Events as a bus makes them, each an object of its own; they repeat after 8 192. */
const events: readonly EventEnvelope[] = Array.from({ length: 8_192 }, (_, n) => {
  const data = orderAt(n);
  return {
    id: `0190163d-8694-739b-aea5-${n.toString(16).padStart(12, '0')}`,
    type: 'order.placed',
    source: 'bench',
    time: 1_704_067_200_000 + n,
    priority: 'normal',
    schemaVersion: 1,
    data,
    key: data.orderId,
    correlationId: `request-${n}`,
  };
});

function eventAt(n: number): EventEnvelope {
  return events[n & 8_191] as EventEnvelope;
}

function openStore(path: string): Store {
  return lmdbStore({ path })({ clock: createSystemClock(), random: Math.random });
}

function openRaw(path: string): RootDatabase<Buffer, number> {
  const settings = { path, encoding: 'binary', safeRestore: true } as const;
  return open<Buffer, number>(settings);
}

/** The bytes that an event takes as a message of its own: what raw LMDB is given for each. */
const rawBytes = Buffer.alloc(137, 7);

type Append = (n: number) => unknown;

const onStore = (measure: (append: Append) => Promise<number>): Subject => ({
  name: 'breakwater',
  prepare: (): Measure => {
    const { log } = openStore(temporaryFolder());
    return () => measure((n) => log.append([eventAt(n)]));
  },
});

/** LMDB alone, with the settings that the store has: one value an event, its key a number. */
const onRawLmdb = (measure: (append: Append) => Promise<number>): Subject => ({
  name: 'raw lmdb',
  prepare: (): Measure => {
    const root = openRaw(temporaryFolder());
    let key = 0;
    return () => measure(() => root.put((key += 1), rawBytes));
  },
});

async function groups(append: Append): Promise<number> {
  return ratePerCore(count, async () => {
    for (let n = 0; n < count; n += inFlight) {
      const appends: unknown[] = [];
      for (let at = 0; at < inFlight; at += 1) appends.push(append(n + at));
      await Promise.all(appends);
    }
  });
}

async function byProducers(append: Append, onEach?: (ms: number) => void): Promise<void> {
  const each = count / producers / 4;
  const produce = async (_: unknown, producer: number): Promise<void> => {
    for (let n = 0; n < each; n += 1) {
      const before = onEach === undefined ? 0 : performance.now();
      await append(producer * each + n);
      onEach?.(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: producers }, produce));
}

const producersRate = (append: Append): Promise<number> => ratePerCore(count / 4, () => byProducers(append));

async function producersLatency(append: Append): Promise<number> {
  const latencies: number[] = [];
  await byProducers(append, (ms) => latencies.push(ms));
  return quantile(latencies, 0.99);
}

async function singleLatency(append: Append): Promise<number> {
  const latencies: number[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    const before = performance.now();
    await append(n);
    latencies.push(performance.now() - before);
  }
  return quantile(latencies, 0.99);
}

function appending(measure: (append: Append) => Promise<number>): Pick<Row, 'subject' | 'peers'> {
  return { subject: onStore(measure), peers: [onRawLmdb(measure)] };
}

const fortyPercent = both(atLeast(300_000, 'events/s'), timesEachPeer(0.4));

export const durableAppend: Row = {
  id: 'log-append',
  what: `durable appends of one event each, ${inFlight.toLocaleString('en')} at a time, flushed before they resolve`,
  unit: 'events/s',
  better: 'higher',
  goal: fortyPercent,
  ...appending(groups),
};

export const durableProducers: Row = {
  id: 'log-append-producers',
  what: `durable appends of ${producers} producers, each of which awaits its own`,
  unit: 'events/s',
  better: 'higher',
  goal: atLeast(150_000, 'events/s'),
  ...appending(producersRate),
};

export const durableProducersLatency: Row = {
  id: 'log-append-producers-p99',
  what: `99th percentile of a durable append of one of ${producers} producers, on the wall clock`,
  unit: 'ms',
  better: 'lower',
  goal: atMost(5, 'ms'),
  ...appending(producersLatency),
};

export const durableSingle: Row = {
  id: 'log-append-single-p99',
  what: '99th percentile of a durable append with nothing else going on, on the wall clock',
  unit: 'ms',
  better: 'lower',
  goal: atMost(2, 'ms'),
  ...appending(singleLatency),
};

/** A store with a million events, written in batches of 512. */
async function filled(): Promise<{ readonly path: string; readonly store: Store }> {
  const path = temporaryFolder();
  const store = openStore(path);
  for (let n = 0; n < 1_048_576; n += 8_192) {
    const batches = Array.from({ length: 16 }, (_, at) => events.slice(at * 512, at * 512 + 512));
    await Promise.all(batches.map(async (batch) => store.log.append(batch)));
  }
  return { path, store };
}

async function readAll({ log }: Store): Promise<void> {
  for (let from = 1; ;) {
    const page = await log.read({ from, limit: 4_096 });
    if (page.atEnd) return;
    from = page.next;
  }
}

export const logRead: Row = {
  id: 'log-read',
  what: 'reading a log of 1 048 576 events from its start, checksums and decoding included',
  unit: 'events/s',
  better: 'higher',
  goal: atLeast(500_000, 'events/s'),
  subject: {
    name: 'breakwater',
    prepare: async () => {
      const { store } = await filled();
      return () => ratePerCore(1_048_576, () => readAll(store));
    },
  },
  peers: [],
};

export const logReadKey: Row = {
  id: 'log-read-key',
  what: 'finding the one event of a key in a log of 1 048 577 events, on the wall clock',
  unit: 'ms',
  better: 'lower',
  goal: atMost(5, 'ms'),
  subject: {
    name: 'breakwater',
    prepare: async () => {
      const { store } = await filled();
      await store.log.append([{ ...eventAt(1), key: 'rare' }]);
      return async () => {
        const before = performance.now();
        const { records, atEnd } = await store.log.read({ key: 'rare' });
        if (records.length !== 1 || !atEnd) throw new TypeError('the event was not found on the first page');
        return performance.now() - before;
      };
    },
  },
  peers: [],
};

export const logReopen: Row = {
  id: 'log-reopen',
  what: 'opening a closed log of 1 048 576 events again, on the wall clock',
  unit: 'ms',
  better: 'lower',
  goal: atMost(250, 'ms'),
  subject: {
    name: 'breakwater',
    prepare: async () => {
      const { path, store } = await filled();
      await store.close();
      return async () => {
        const before = performance.now();
        const again = openStore(path);
        const took = performance.now() - before;
        await again.close();
        return took;
      };
    },
  },
  peers: [],
};

export const logBytes: Row = {
  id: 'log-bytes',
  what: 'bytes on disk that an event of a log takes, with its indexes; raw LMDB has none',
  unit: 'bytes',
  better: 'lower',
  goal: noGoal,
  runs: 1,
  warmUps: 0,
  subject: {
    name: 'breakwater',
    prepare: async () => {
      const { path, store } = await filled();
      await store.close();
      return () => statSync(join(path, 'data.mdb')).size / 1_048_576;
    },
  },
  peers: [
    {
      name: 'raw lmdb',
      prepare: async () => {
        const path = temporaryFolder();
        const root = openRaw(path);
        for (let n = 0; n < 1_048_576; n += 8_192) {
          await Promise.all(Array.from({ length: 8_192 }, (_, at) => root.put(n + at, rawBytes)));
        }
        await root.close();
        return () => statSync(join(path, 'data.mdb')).size / 1_048_576;
      },
    },
  ],
};

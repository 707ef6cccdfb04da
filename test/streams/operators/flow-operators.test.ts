import { map, mergeAll, of, type OperatorFunction, pipe } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { describe } from 'vitest';
import { z } from 'zod';
import {
  batch,
  dedupe,
  enrich,
  laneMap,
  mergeWatermarked,
  orderByKey,
  rateLimit,
  retryWithBackoff,
  sample,
  validate,
  withBackpressure,
  withoutWatermarks,
} from 'breakwater/streams';
import { passesThrough } from '../../support/flow-cases.ts';

const clock = createVirtualClock();

const throughs: Record<string, () => OperatorFunction<number, number>> = {
  laneMap: () => laneMap((n) => of(n), { concurrency: 1, capacity: 1 }),
  'laneMap in order of keys': () => laneMap((n) => of(n), { order: 'key', key: (n) => `${n % 7}` }),
  orderByKey: () => orderByKey((n) => of(n), { concurrency: 2 }),
  withBackpressure: () =>
    pipe(
      withBackpressure<number>({ credit: 1 }),
      map((held) => (held.ack(), held.value)),
    ),
  rateLimit: () => rateLimit({ clock, ratePerSecond: 1, burst: 10_000_000 }),
  dedupe: () =>
    pipe(
      map((n: number) => ({ n, id: `${n}` })),
      dedupe({ windowMs: Infinity, maxIds: 1 }),
      map(({ n }) => n),
    ),
  'sample at random': () => sample({ share: 1, random: () => 0.999 }),
  'sample by key': () => sample({ share: 1, key: (n) => n }),
  batch: () => pipe(batch<number>({ maxCount: 1 }), mergeAll()),
  retryWithBackoff: () => retryWithBackoff({ clock, random: () => 0, maxAttempts: 1 }),
  enrich: () =>
    enrich({ key: (n: number) => n % 5, lookUp: (key) => key, combine: (n) => n, concurrency: 1 }),
  'enrich out of order': () =>
    enrich({ key: (n: number) => n, lookUp: (key) => key, combine: (n) => n, order: 'none', maxEntries: 0 }),
  validate: () => validate(z.number()),
  mergeWatermarked: () => (source) => mergeWatermarked([source]).pipe(withoutWatermarks()),
  withoutWatermarks: () => withoutWatermarks<number>(),
};

describe.each(Object.entries(throughs))('%s', (_name, create) => {
  passesThrough(create);
});

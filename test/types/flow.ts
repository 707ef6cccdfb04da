import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  createBus,
  defineEvent,
  publishTo,
  type Delivery,
  type EventEnvelope,
  type PublishReceipt,
} from 'breakwater';
import {
  batch,
  dedupe,
  enrich,
  laneMap,
  mergeLanes,
  rateLimit,
  retryWithBackoff,
  sample,
  validate,
  withBackpressure,
  type Clock,
  type Held,
} from 'breakwater/streams';
import { z } from 'zod';

interface Job {
  readonly id: string;
  readonly size: number;
}

declare const jobs: Observable<Job>;
declare const clock: Clock;
declare const lines: AsyncIterable<string>;
const bus = createBus();
const reading = defineEvent('device.reading', z.object({ value: z.coerce.number() }));
const stopped = defineEvent('device.stopped', z.object({ why: z.string() }));

// Selectors know the value from the stream.
const mapped = jobs.pipe(laneMap(async (job) => job.size, { order: 'key', key: (job) => job.id }));
expectTypeOf(mapped).toEqualTypeOf<Observable<number>>();

const held = jobs.pipe(withBackpressure({ credit: 4 }));
expectTypeOf(held).toEqualTypeOf<Observable<Held<Job>>>();
expectTypeOf(withBackpressure<string>()(lines)).toEqualTypeOf<Observable<Held<string>>>();

const merged = mergeLanes({ critical: jobs, low: Promise.resolve(3) });
expectTypeOf(merged).toEqualTypeOf<Observable<Held<Job> | Held<number>>>();

const enriched = jobs.pipe(
  enrich({ key: (job) => job.id, lookUp: async (id) => id.length, combine: (job, n) => ({ ...job, n }) }),
);
expectTypeOf(enriched).toEqualTypeOf<Observable<{ n: number; id: string; size: number }>>();

const passed = jobs.pipe(
  dedupe({ clock }),
  rateLimit({ clock, ratePerSecond: 1, key: (job) => job.id }),
  sample({ share: 0.1, key: (job) => job.id }),
  retryWithBackoff({ clock, random: Math.random }),
  batch({ maxBytes: 1_000, sizeOf: (job) => job.size }),
);
expectTypeOf(passed).toEqualTypeOf<Observable<readonly Job[]>>();

expectTypeOf(jobs.pipe(validate(z.object({ n: z.coerce.date() })))).toEqualTypeOf<Observable<{ n: Date }>>();

// A stream's events are those of its definitions; by hand they come as deliveries.
expectTypeOf(bus.stream(reading)).toEqualTypeOf<
  Observable<EventEnvelope<{ value: number }, 'device.reading'>>
>();
expectTypeOf(bus.stream([reading, stopped])).toEqualTypeOf<
  Observable<
    EventEnvelope<{ value: number }, 'device.reading'> | EventEnvelope<{ why: string }, 'device.stopped'>
  >
>();
const deliveries = bus.stream(reading, { ack: 'manual', filter: (event) => event.data.value > 3 });
expectTypeOf(deliveries).toEqualTypeOf<
  Observable<Delivery<EventEnvelope<{ value: number }, 'device.reading'>>>
>();
expectTypeOf(deliveries.pipe(withBackpressure())).toEqualTypeOf<typeof deliveries>();
expectTypeOf(bus.stream('device.>')).toEqualTypeOf<Observable<EventEnvelope>>();

declare const values: Observable<{ value: unknown }>;
expectTypeOf(values.pipe(publishTo(bus, reading))).toEqualTypeOf<Observable<PublishReceipt>>();
expectTypeOf(values.pipe(withBackpressure(), publishTo(bus, reading))).toEqualTypeOf<
  Observable<PublishReceipt>
>();

// @ts-expect-error a job is not the payload of a reading
jobs.pipe(publishTo(bus, stopped));

// @ts-expect-error numbers are no priorities
jobs.pipe(laneMap(async (job) => job, { priority: (job) => job.size }));

// @ts-expect-error a source can not be made to wait
jobs.pipe(laneMap(async (job) => job, { overflow: 'block' }));

// @ts-expect-error the lanes are named by priority
mergeLanes({ urgent: jobs });

// @ts-expect-error waiting needs a clock
jobs.pipe(retryWithBackoff({ random: Math.random }));

// @ts-expect-error an auto-acknowledged stream gives events, not deliveries
bus.stream(reading).subscribe((event) => event.ack());

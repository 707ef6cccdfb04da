import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { EventDefinition } from '../../streams/event/define-event.ts';
import { checkInteger, checkNumber } from '../options.ts';
import type { EventStream } from './event-stream.ts';
import { anyData } from './any-data.ts';
import { anyFields, type AnyEventOptions } from './any-event.ts';

/** What drawn streams may be. */
export interface AnyEventStreamOptions<Input> extends AnyEventOptions<Input> {
  /** Default `30`. */
  readonly maxEvents?: number;
  /** How far an event's time may lie behind the latest before it: out of order within this bound. Default `0`. */
  readonly boundMs?: number;
  /** Milliseconds of the longest silence between two events. Default `10_000`. */
  readonly maxSilenceMs?: number;
}

/**
 * Draws events over time: bursts at one instant, events a few milliseconds apart, and silences.
 *
 * `bus.play(stream)` publishes it. Shrinks to fewer events, all at once and on time.
 *
 * @throws TypeError as `anyData`, RangeError when an option is out of range.
 *
 * @example
 * ```ts
 * const order = defineEvent('order.placed', z.object({ total: z.number() }));
 * const streams = anyEventStream(order, { keys: ['a', 'b'], priorities: 'all', boundMs: 500 });
 * fc.assert(fc.asyncProperty(streams, async (stream) => createTestBus({ events: [order] }).play(stream)));
 * ```
 */
export function anyEventStream<Input>(
  definition: EventDefinition<string, Input>,
  options: AnyEventStreamOptions<NoInfer<Input>> = {},
): fc.Arbitrary<EventStream> {
  const { maxEvents = 30, boundMs = 0, maxSilenceMs = 10_000 } = options;
  checkInteger('maxEvents', maxEvents, 0);
  checkNumber('boundMs', boundMs, 0);
  checkNumber('maxSilenceMs', maxSilenceMs, 0);
  const event = fc
    .tuple(
      plainRecord({
        afterMs: anyGap(maxSilenceMs),
        type: fc.constant(definition.type),
        data: anyData(definition, options),
      }),
      anyFields(options),
      boundMs === 0 ? fc.constant({}) : plainRecord({ lateByMs: fc.nat(boundMs) }),
    )
    .map(([when, fields, late]) => ({ ...when, ...fields, ...late }));
  return fc.array(event, { maxLength: maxEvents, size: 'max' });
}

/** Half of all events come in bursts. Shrinks to no time at all. */
export function anyGap(maxSilenceMs: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.nat(Math.min(20, maxSilenceMs)) },
    { weight: 1, arbitrary: fc.nat(maxSilenceMs) },
  );
}

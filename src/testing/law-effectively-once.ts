import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { Handler } from '../../actors/handler.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventDefinition } from '../../streams/event/define-event.ts';
import { anyEventStream, type AnyEventStreamOptions } from './any-event-stream.ts';
import { createTestBus } from './create-test-bus.ts';
import { differences } from './differences.ts';
import { duplicator } from './duplicator.ts';
import type { EventStream } from './event-stream.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';

/** A handler and what its effects can be seen by, new for each run. */
export interface HandlerUnderTest<Event extends EventEnvelope = EventEnvelope> {
  readonly handle: Handler<Event>;
  /** Everything that the handler has changed: rows of a table, mails sent. Maps and sets may be in it. */
  readonly state: () => unknown;
}

/** What the law may be told: how events are drawn, too. */
export interface EffectivelyOnceOptions<Input>
  extends LawOptions<DuplicateHistory>, AnyEventStreamOptions<Input> {}

/** Events, and which of them come again after all others, by their place, modulo how many there are. */
export interface DuplicateHistory {
  readonly stream: EventStream;
  readonly again: readonly number[];
}

/**
 * Law: handling an event a second time changes nothing: neither the state, nor what the handler publishes.
 *
 * Runs the handler once for each event; then anew, twice in a row for each, and for some once more at the end, as
 * redelivery after a crash does. Events that a handler publishes count by their id: give one that follows from
 * `context.idempotencyKey`.
 *
 * @throws LawViolation that names what differs, with the fewest events found.
 * @example
 * ```ts
 * const paid = defineEvent('order.paid', z.object({ orderId: z.string(), amount: z.int() }));
 * const ledger = () => {
 *   const rows = new Map<string, number>();
 *   return { handle: (event: EventOf<typeof paid>) => rows.set(event.id, event.data.amount), state: () => rows };
 * };
 * await lawEffectivelyOnce(ledger, paid);
 * ```
 */
export function lawEffectivelyOnce<Type extends string, Input, Data>(
  make: () => HandlerUnderTest<EventEnvelope<Data, Type>>,
  definition: EventDefinition<Type, Input, Data>,
  options: EffectivelyOnceOptions<NoInfer<Input>> = {},
): Promise<void> {
  return holdLaw(
    {
      name: 'lawEffectivelyOnce',
      says: 'changes nothing when an event comes again',
      subject: `myHandler, ${definition.type}, `,
      cases: plainRecord({
        stream: anyEventStream(definition, { maxEvents: 10, ...options }),
        again: fc.array(fc.nat(9), { maxLength: 3, size: 'max' }),
      }),
      async check(history) {
        const once = await effects(make(), definition, history, false);
        const twice = await effects(make(), definition, history, true);
        const wrong = differences(once.seen, twice.seen);
        if (wrong.length === 0) return undefined;
        const shown = wrong.map((line) => line.replace('wanted', 'once').replace('got', 'when repeated'));
        return { reason: shown.slice(0, 5).join('; '), story: twice.story };
      },
    },
    options,
  );
}

async function effects<Type extends string, Input, Data>(
  { handle, state }: HandlerUnderTest<EventEnvelope<Data, Type>>,
  definition: EventDefinition<Type, Input, Data>,
  { stream, again }: DuplicateHistory,
  repeat: boolean,
): Promise<{ readonly seen: unknown; readonly story: string }> {
  const bus = createTestBus({ events: [definition], middleware: repeat ? [duplicator()] : [] });
  bus.subscribe(definition, handle, { name: 'handler', order: 'total', breaker: false });
  await bus.play(stream);
  await bus.settle();
  const given = bus.publishedEvents(definition.type);
  for (const place of repeat ? again : []) {
    const event = given[place % given.length];
    if (event !== undefined) bus.emit(event);
  }
  await bus.settle();
  const published = new Map<string, number>();
  const counted = new Set<string>();
  for (const { id, type } of bus.publishedEvents()) {
    if (type === definition.type || type.startsWith('breakwater.') || counted.has(id)) continue;
    counted.add(id);
    published.set(type, (published.get(type) ?? 0) + 1);
  }
  // A copy: the state may live on.
  return { seen: { state: structuredClone(state()), published }, story: bus.timelineText() };
}

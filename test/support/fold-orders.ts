import { createActor, SimulatedClock, type Actor } from 'xstate';
import type { LogRecord } from '../../src/event-log.ts';
import { orderMachine } from './order-entity.ts';

/**
 * What orders come to when nothing goes wrong: one actor of XState's for each key, given the events of the log in
 * their order, with time passing between them as the log has it.
 */
export function foldOrders(
  records: readonly LogRecord[],
  now: number,
): { readonly states: Map<string, unknown>; readonly emitted: string[] } {
  const emitted: string[] = [];
  const actors = new Map<
    string,
    { actor: Actor<typeof orderMachine>; clock: SimulatedClock; start: number }
  >();
  const causes = new Map<string, string>();
  for (const { event, appendedAt } of records) {
    if (event.causationId !== undefined) continue;
    const { orderId } = event.data as { readonly orderId: string };
    let one = actors.get(orderId);
    if (one === undefined) {
      const clock = new SimulatedClock();
      const actor = createActor(orderMachine, { input: { key: orderId }, clock });
      actor.on('*', (draft) => {
        const { data } = draft as unknown as { readonly data: unknown };
        emitted.push(`${draft.type} ${JSON.stringify(data)} ${causes.get(orderId)}`);
      });
      actor.start();
      one = { actor, clock, start: appendedAt };
      actors.set(orderId, one);
    }
    one.clock.increment(appendedAt - one.start - one.clock.now());
    const { value } = one.actor.getSnapshot();
    causes.set(orderId, event.id);
    // A delay is caused by the event in whose step it began: in `placed`, the one that led there.
    one.actor.send(event as never);
    if (one.actor.getSnapshot().value === 'placed' && value !== 'placed') placedBy.set(one.actor, event.id);
    causes.set(orderId, placedBy.get(one.actor) ?? event.id);
  }
  const states = new Map<string, unknown>();
  for (const [key, { actor, clock, start }] of actors) {
    clock.increment(now - start - clock.now());
    const { value, context } = actor.getSnapshot();
    states.set(key, { value, context });
  }
  return { states, emitted };
}

const placedBy = new WeakMap<Actor<typeof orderMachine>, string>();

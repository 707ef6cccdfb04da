import type { EventEnvelope } from 'breakwater';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BridgeWorld, type Fate } from '../../support/bridge-world.ts';
import { logEvent } from '../../support/log-event.ts';

type Step =
  | { readonly kind: 'append'; readonly events: readonly { type: string; key: string; tooLarge: boolean }[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'kill'; readonly awayMs: number }
  | { readonly kind: 'full disk'; readonly ms: number }
  | { readonly kind: 'outage'; readonly ms: number };

const event = fc.record({
  type: fc.constantFrom('order.placed', 'order.paid', 'order.sent'),
  key: fc.constantFrom('a', 'b', 'c', ''),
  tooLarge: fc.constant(false),
});
const maybeTooLarge = fc.record({
  type: fc.constantFrom('order.placed', 'order.paid'),
  key: fc.constantFrom('a', 'b'),
  tooLarge: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      events: fc.array(fc.oneof({ weight: 8, arbitrary: event }, { weight: 1, arbitrary: maybeTooLarge }), {
        minLength: 1,
        maxLength: 40,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  {
    weight: 2,
    // Longer than the other side remembers ids, too.
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      awayMs: fc.constantFrom(0, 50, 6_000, 600_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('full disk' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('outage' as const), ms: fc.constantFrom(3_000, 600_000) }),
  },
);
const fates = fc.infiniteStream(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<Fate>('stored') },
    fc.constantFrom<Fate>('unanswered', 'late', 'lost', 'refused', 'away'),
  ),
);

/** Ids of events that come behind a later one of their key or type. Ids grow in the order of the log. */
function outOfOrder(events: readonly EventEnvelope[]): string[] {
  const latest = new Map<string, string>();
  return events.flatMap(({ id, type, key }) =>
    [`type ${type}`, ...(key === undefined ? [] : [`key ${key}`])].flatMap((group) => {
      const before = latest.get(group) ?? '';
      latest.set(group, id);
      return before < id ? [] : [`${group}: ${id} after ${before}`];
    }),
  );
}

describe('a bridge, whatever becomes of its messages, its process and its disk', () => {
  it('stores each event once, in the order of each key and type, or gives it up', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 20, size: 'max' }),
        fates,
        fc.infiniteStream(fc.integer({ min: 0, max: 40 })),
        async (steps, fate, delays) => {
          const world = new BridgeWorld({
            fate: () => fate.next().value as Fate,
            delayMs: () => delays.next().value as number,
          });
          let number = 0;
          world.start();
          for (const each of steps) await perform(each);
          world.calm = true;
          await world.clock.advanceBy(60_000);

          const { log } = world.store;
          const { records } = await log.read({ limit: 10_000 });
          const stored = world.stored.flatMap(({ events }) => events);
          const sendable = records.filter(({ event: { data } }) => data !== 'too large');
          expect(stored.map(({ id }) => id).toSorted()).toEqual(sendable.map(({ event: { id } }) => id));
          expect(outOfOrder(stored)).toEqual([]);
          const given = world.letters.map(({ position }) => position).toSorted((a, b) => a - b);
          expect(given).toEqual(records.filter((r) => !sendable.includes(r)).map(({ position }) => position));
          expect(world.run.status()).toMatchObject({ state: 'up', lag: 0, position: number, lost: 0 });
          await world.run.drained();

          async function perform(each: Step): Promise<void> {
            switch (each.kind) {
              case 'append':
                await world.store.log.append(
                  each.events.map(({ type, key, tooLarge }) => {
                    number += 1;
                    return logEvent(
                      type,
                      number,
                      key === '' ? undefined : key,
                      tooLarge ? 'too large' : number,
                    );
                  }),
                );
                break;
              case 'wait':
                await world.clock.advanceBy(each.ms);
                break;
              case 'kill':
                world.kill();
                await world.clock.advanceBy(each.awayMs);
                world.start();
                break;
              case 'outage':
                world.away = true;
                await world.clock.advanceBy(each.ms);
                world.away = false;
                break;
              case 'full disk':
                world.storeFails = true;
                await world.clock.advanceBy(each.ms);
                world.storeFails = false;
                break;
            }
          }
        },
      ),
      { numRuns: 150 },
    ));
});

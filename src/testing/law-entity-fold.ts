import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';

/** An entity as the law sees it: one instance for each key, which events change. */
export interface EntityUnderTest<Event, State> {
  /** Gives an event, with its id, to the instance of a key. Resolves when the new state is committed. */
  send(key: string, event: Event, id: string): unknown;
  /** Delivers once more what was sent, as at-least-once transports do. */
  again?(key: string, event: Event, id: string): unknown;
  /** The state of a key. */
  state(key: string): State | Promise<State>;
  /** Ends the process and starts it anew from what was committed. */
  restart?(): unknown;
  /** Lets go of the instances in memory, as after a long silence. */
  passivate?(): unknown;
}

/** One step: an event for a key, the same event once more, a restart, or a passivation. */
export type EntityStep<Event> =
  | { readonly do: 'send'; readonly key: string; readonly event: Event }
  | { readonly do: 'again'; readonly back: number }
  | { readonly do: 'restart' | 'passivate' };

/** What the law needs to know, and may be told. */
export interface EntityFoldOptions<Event, State> extends LawOptions<readonly EntityStep<Event>[]> {
  /** Draws events. */
  readonly events: fc.Arbitrary<Event>;
  /** What a key's state is after no event. */
  readonly initial: State;
  /** What an event makes of a state, as plainly as can be. */
  readonly fold: (state: State, event: Event) => State;
}

/**
 * Law: the state of each key is the fold of its events, each exactly once, in their order, whatever comes again,
 * and across restarts and passivations, as far as the entity says how to bring these about.
 *
 * Takes what makes the entity anew for each case. States are compared as JSON.
 *
 * @throws LawViolation with the fewest steps found after which a state differs.
 * @example
 * ```ts
 * const counters = () => {
 *   const seen = new Map<string, Map<string, number>>();
 *   const send = (key: string, by: number, id: string) =>
 *     seen.set(key, (seen.get(key) ?? new Map<string, number>()).set(id, by));
 *   const state = (key: string) => [...(seen.get(key)?.values() ?? [])].reduce((sum, by) => sum + by, 0);
 *   return { send, again: send, state };
 * };
 * await lawEntityFold(counters, { events: fc.nat(9), initial: 0, fold: (sum, by) => sum + by });
 * ```
 */
export function lawEntityFold<Event, State>(
  make: () => EntityUnderTest<Event, State> | Promise<EntityUnderTest<Event, State>>,
  options: EntityFoldOptions<Event, State>,
): Promise<void> {
  const { events, initial, fold } = options;
  return holdLaw(
    {
      name: 'lawEntityFold',
      says: 'holds the fold of its events, each exactly once',
      subject: 'myEntity, ',
      cases: anySteps(events),
      async check(steps) {
        const entity = await make();
        const expected = new Map<string, State>();
        const sent: { readonly key: string; readonly event: Event; readonly id: string }[] = [];
        for (const [at, step] of steps.entries()) {
          if (step.do === 'send') {
            const { key, event } = step;
            sent.push({ key, event, id: idOf(sent.length + 1) });
            expected.set(key, fold(expected.get(key) ?? initial, event));
          }
          await perform(entity, step, sent);
          for (const key of keys) {
            const [got, due] = [show(await entity.state(key)), show(expected.get(key) ?? initial)];
            if (got !== due)
              return { reason: `after step ${at + 1}, the state of ${key} is ${got}, not ${due}` };
          }
        }
        return undefined;
      },
    },
    options,
  );
}

const keys = ['a', 'b'] as const;

/** An id as events have it: UUIDv7 text. */
function idOf(n: number): string {
  return `018cc251-f400-7000-8000-${String(n).padStart(12, '0')}`;
}

function anySteps<Event>(events: fc.Arbitrary<Event>): fc.Arbitrary<readonly EntityStep<Event>[]> {
  return fc.array<EntityStep<Event>>(
    fc.oneof(
      {
        weight: 5,
        arbitrary: plainRecord({
          do: fc.constant('send' as const),
          key: fc.constantFrom(...keys),
          event: events,
        }),
      },
      { weight: 2, arbitrary: plainRecord({ do: fc.constant('again' as const), back: fc.nat(4) }) },
      { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'passivate' as const }) },
    ),
    { maxLength: 30, size: 'max' },
  );
}

async function perform<Event, State>(
  entity: EntityUnderTest<Event, State>,
  step: EntityStep<Event>,
  sent: readonly { readonly key: string; readonly event: Event; readonly id: string }[],
): Promise<void> {
  switch (step.do) {
    case 'restart':
      await entity.restart?.();
      break;
    case 'passivate':
      await entity.passivate?.();
      break;
    case 'send': {
      const meant = sent.at(-1);
      if (meant !== undefined) await entity.send(meant.key, meant.event, meant.id);
      break;
    }
    case 'again': {
      const meant = sent.at(-1 - step.back);
      if (meant !== undefined) await entity.again?.(meant.key, meant.event, meant.id);
    }
  }
}

function show(state: unknown): string {
  return fc.stringify(state);
}

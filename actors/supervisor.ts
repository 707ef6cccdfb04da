import { assign, emit, setup } from 'xstate';
import type { Clock } from '../streams/event/clock.ts';
import type { Random } from '../streams/event/random.ts';
import type { Backoff } from '../streams/operators/backoff.ts';

/** What a supervisor decides about one child by. */
export interface SupervisionInput {
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly delayMs: Backoff;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a supervisor remembers of one child. */
export interface SupervisionContext extends SupervisionInput {
  /** When it was decided to restart the child, monotonic; those of the last `withinMs` only. */
  readonly restarts: readonly number[];
  /** What the child crashed with last. */
  readonly error: unknown;
}

/** What a supervisor hears of one child. */
export type SupervisionSignal =
  | { readonly type: 'crash'; readonly error: unknown }
  /** Somebody else has restarted the child: what was before is forgiven. */
  | { readonly type: 'revived' };

/** What is to be done about the child. */
export type SupervisionOrder =
  | { readonly type: 'restart' }
  | { readonly type: 'giveUp'; readonly error: unknown; readonly restarts: number };

function recentRestarts({ restarts, clock, withinMs }: SupervisionContext): readonly number[] {
  const now = clock.monotonic();
  return restarts.filter((at) => now - at < withinMs);
}

/**
 * The supervision of one child.
 *
 *     up ──crash──► waiting ──backoff──► up (restart)
 *      │ too many                         ▲
 *      └───crash──► givenUp ──revived─────┘
 *
 * A child that is down cannot crash: a crash while it waits or is given up says nothing new.
 */
export const supervisionMachine = setup({
  types: {
    context: {} as SupervisionContext,
    input: {} as SupervisionInput,
    events: {} as SupervisionSignal,
    emitted: {} as SupervisionOrder,
  },
  guards: {
    mayRestart: ({ context }) => recentRestarts(context).length < context.maxRestarts,
  },
  delays: {
    backoff: ({ context }) => context.delayMs(context.restarts.length, context.random),
  },
  actions: {
    noteCrash: assign(({ event }) => ('error' in event ? { error: event.error } : {})),
    noteRestart: assign(({ context }) => ({
      restarts: [...recentRestarts(context), context.clock.monotonic()],
    })),
    forgive: assign({ restarts: [] }),
    orderRestart: emit({ type: 'restart' }),
    orderGiveUp: emit(({ context }) => ({
      type: 'giveUp',
      error: context.error,
      restarts: recentRestarts(context).length,
    })),
  },
}).createMachine({
  id: 'supervision',
  context: ({ input }) => ({ ...input, restarts: [], error: undefined }),
  initial: 'up',
  on: { revived: { target: '.up', actions: 'forgive' } },
  states: {
    up: {
      on: {
        crash: [
          { guard: 'mayRestart', target: 'waiting', actions: ['noteCrash', 'noteRestart'] },
          { target: 'givenUp', actions: ['noteCrash', 'orderGiveUp'] },
        ],
      },
    },
    waiting: {
      after: { backoff: { target: 'up', actions: 'orderRestart' } },
    },
    givenUp: {},
  },
});

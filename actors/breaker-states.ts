import { map, type Observable, type OperatorFunction } from 'rxjs';
import { fromEventObservable } from 'xstate';
import type { Clock } from '../streams/event/clock.ts';
import type { CallResult } from '../streams/event/outcome.ts';
import type { Random } from '../streams/event/random.ts';
import { exponentialDelay } from '../streams/operators/backoff.ts';
import type { Trip } from '../streams/operators/failure-window.ts';
import type { TrialVerdict } from '../streams/operators/trial-window.ts';

/** What a breaker was told at its construction, checked. */
export interface BreakerSettings {
  readonly trips: OperatorFunction<CallResult, Trip>;
  readonly verdicts: OperatorFunction<CallResult, TrialVerdict>;
  readonly slowCallDurationMs: number;
  readonly halfOpenCalls: number;
  readonly halfOpenTimeoutMs: number;
  readonly resetTimeoutMs: number;
  readonly maxResetTimeoutMs: number;
  readonly jitter: number;
}

/** What a breaker decides by. */
export interface BreakerInput {
  readonly settings: BreakerSettings;
  /** Results of the calls that started in the current state. */
  readonly results: Observable<CallResult>;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether it waits for `probe` when its open time is over, instead of making trials at once. */
  readonly shared?: boolean;
}

/** What a breaker remembers. */
export interface BreakerContext extends BreakerInput {
  /** Number of the current state, counted up at every entry: what a result is held against. */
  readonly epoch: number;
  /** When the current state was entered, as `clock.now()` had it. */
  readonly since: number;
  /** How often it has opened since it was last closed. */
  readonly opens: number;
  /** Milliseconds that the latest open state lasts. */
  readonly openMs: number;
  /** What opened it last from closed. */
  readonly lastTrip: Trip | undefined;
  /** What the last trials came to. */
  readonly lastVerdict: TrialVerdict | undefined;
}

/** What a breaker reacts to. */
export type BreakerSignal =
  /** The failure window of this epoch says that calls should stop. */
  | { readonly type: 'trip'; readonly trip: Trip; readonly epoch: number }
  /** The first trial of this epoch has started. */
  | { readonly type: 'trial'; readonly epoch: number }
  /** The trials of this epoch have been judged. */
  | { readonly type: 'verdict'; readonly verdict: TrialVerdict; readonly epoch: number }
  /** It has opened elsewhere, for the `opens`th time, and stays so for `openMs`. */
  | { readonly type: 'opened'; readonly openMs: number; readonly opens: number }
  /** It has closed elsewhere. */
  | { readonly type: 'closed' }
  /** Its open time is over, and the trials are for this one to make. */
  | { readonly type: 'probe' }
  /** The trials are for another to make. */
  | { readonly type: 'yield' }
  /** Stop calls until `reset`, by hand. */
  | { readonly type: 'isolate' }
  /** Close, with an empty window and the shortest open time, by hand. */
  | { readonly type: 'reset' };

/** Which calls a breaker lets start: all, none for a time, some on trial, none until it is reset. */
export type BreakerState = 'closed' | 'open' | 'halfOpen' | 'isolated';

/** What XState calls a state of a breaker; half-open has states within. */
export type BreakerValue = BreakerState | 'due' | object;

/** The state of a breaker that an XState value stands for. */
export function stateOf(value: BreakerValue): BreakerState {
  if (typeof value !== 'string') return 'halfOpen';
  return value === 'due' ? 'open' : value;
}

/**
 * The states of a breaker, as data: the whole of the breaker machine, and one region of the subscriber's.
 *
 *     closed ──trip──► open ──openTime──► halfOpen ──verdict close──► closed
 *                       ▲                    │
 *                       └── verdict open ────┤
 *                       └── halfOpenTimeout ─┘  (only once a trial has started)
 *
 *     any ──isolate──► isolated        any ──reset──► closed
 *
 * One that is shared has a state in between, in which it is open still, and hears what became of the others:
 *
 *     open ──openTime──► due ──probe──► halfOpen ──yield──► due
 *     any but isolated ──opened──► open        open, due, halfOpen ──closed──► closed
 *
 * What acts here is named, and implemented once, below.
 */
export const breakerStates = {
  initial: 'closed',
  on: { isolate: '.isolated', reset: '.closed' },
  states: {
    closed: {
      entry: 'enterClosed',
      invoke: { src: 'trips', input: inputOf },
      on: {
        trip: { guard: 'isCurrent', target: 'open', actions: 'noteTrip' },
        opened: { target: 'open', actions: 'noteTrip' },
      },
    },
    open: {
      entry: 'enterOpen',
      after: { openTime: [{ guard: 'isShared', target: 'due' }, { target: 'halfOpen' }] },
      on: { opened: { target: 'open', reenter: true }, closed: 'closed' },
    },
    due: {
      entry: 'enterDue',
      on: { probe: 'halfOpen', opened: 'open', closed: 'closed' },
    },
    halfOpen: {
      entry: 'enter',
      invoke: { src: 'verdicts', input: inputOf },
      on: {
        verdict: [
          { guard: 'isCurrentClose', target: 'closed', actions: 'noteVerdict' },
          { guard: 'isCurrent', target: 'open', actions: 'noteVerdict' },
        ],
        opened: 'open',
        closed: 'closed',
        yield: 'due',
      },
      onDone: 'open',
      initial: 'waiting',
      states: {
        waiting: { on: { trial: { guard: 'isCurrent', target: 'judging' } } },
        judging: { after: { halfOpenTimeout: 'timedOut' } },
        timedOut: { type: 'final' },
      },
    },
    isolated: {
      entry: 'enter',
      on: { isolate: {} },
    },
  },
} as const;

function inputOf({ context }: { readonly context: BreakerContext }): BreakerContext {
  return context;
}

/** The streams that the states invoke; each runs while its state is active, and no longer. */
export const breakerActors = {
  trips: fromEventObservable<BreakerSignal, BreakerContext>(({ input: { results, settings, epoch } }) =>
    results.pipe(
      settings.trips,
      map((trip) => ({ type: 'trip', trip, epoch }) as const),
    ),
  ),
  verdicts: fromEventObservable<BreakerSignal, BreakerContext>(({ input: { results, settings, epoch } }) =>
    results.pipe(
      settings.verdicts,
      map((verdict) => ({ type: 'verdict', verdict, epoch }) as const),
    ),
  ),
};

interface Moment {
  readonly context: BreakerContext;
  readonly event: BreakerSignal | { readonly type: string };
}

/** Whether a signal speaks of the current state. What speaks of one that is over changes nothing. */
function isCurrent({ context, event }: Moment): boolean {
  return 'epoch' in event && event.epoch === context.epoch;
}

export const breakerGuards = {
  isCurrent,
  isShared: ({ context }: Moment): boolean => context.shared === true,
  isCurrentClose: (moment: Moment): boolean =>
    isCurrent(moment) && 'verdict' in moment.event && moment.event.verdict.verdict === 'close',
};

export const breakerDelays = {
  openTime: ({ context }: Moment): number => context.openMs,
  halfOpenTimeout: ({ context }: Moment): number => context.settings.halfOpenTimeoutMs,
};

/** Timers of the platform hold 31 bits, and fire at once when given more. */
const longestTimerMs = 2_147_483_647;

function entered({ epoch, clock }: BreakerContext) {
  return { epoch: epoch + 1, since: clock.now() };
}

function opened({ context, event }: Moment): Change {
  if ('openMs' in event) return { ...entered(context), opens: event.opens, openMs: event.openMs };
  const { settings, random, opens } = context;
  const { resetTimeoutMs, maxResetTimeoutMs, jitter } = settings;
  const waitMs = exponentialDelay(resetTimeoutMs, 2, maxResetTimeoutMs, opens + 1);
  // Jitter only adds: what is open stays so for its full wait.
  const openMs = jitter === 0 ? waitMs : Math.min(longestTimerMs, waitMs * (1 + jitter * random()));
  return { ...entered(context), opens: opens + 1, openMs };
}

type Change = Partial<BreakerContext>;

/** What the actions named in the states assign; each machine wraps them in its own `assign`. */
export const breakerChanges = {
  enter: ({ context }: Moment): Change => entered(context),
  enterClosed: ({ context }: Moment): Change => ({ ...entered(context), opens: 0 }),
  enterOpen: opened,
  /** It is open as before, unless its trials ended here. */
  enterDue: ({ context, event }: Moment): Change =>
    event.type === 'yield' ? entered(context) : { epoch: context.epoch + 1 },
  /** What opened it elsewhere is not known here. */
  noteTrip: ({ event }: Moment): Change => ({ lastTrip: 'trip' in event ? event.trip : undefined }),
  noteVerdict: ({ event }: Moment): Change => ('verdict' in event ? { lastVerdict: event.verdict } : {}),
};

/** The context before the first state is entered. */
export function breakerContext(input: BreakerInput): BreakerContext {
  return { ...input, epoch: 0, since: 0, opens: 0, openMs: 0, lastTrip: undefined, lastVerdict: undefined };
}

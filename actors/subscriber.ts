import { assign, setup } from 'xstate';
import {
  breakerActors,
  breakerChanges,
  breakerContext,
  breakerDelays,
  breakerGuards,
  breakerStates,
  type BreakerContext,
  type BreakerInput,
  type BreakerSignal,
} from './breaker-states.ts';

/** What makes a subscriber's flow stop and go. */
export type FlowSignal =
  /** Start no calls. Those that run end as they end. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Accept no more events, handle those that wait, then stop. */
  | { readonly type: 'drain' }
  /** Nothing waits or runs any more: a drain is complete. */
  | { readonly type: 'drained' }
  /** Accept and start nothing any more. */
  | { readonly type: 'stop' }
  /** The subscriber itself failed, not one of its calls. */
  | { readonly type: 'crash'; readonly error: unknown }
  /** Go on as before the crash. */
  | { readonly type: 'restart' }
  /** The supervisor restarts no more: accept nothing until a restart by hand. */
  | { readonly type: 'giveUp' };

/** What a subscriber's machine reacts to. */
export type SubscriberSignal = FlowSignal | BreakerSignal;

/** What a subscriber does with its events: handles, holds, finishes, refuses them, or waits for a restart. */
export type FlowState = 'running' | 'paused' | 'draining' | 'stopped' | 'failed';

/** What a subscriber was doing when it crashed, and goes on with when it is restarted. */
type Interrupted = 'running' | 'paused' | 'draining';

/** What a subscriber remembers. */
export interface SubscriberContext extends BreakerContext {
  /** What it crashed with last. */
  readonly error: unknown;
  readonly interrupted: Interrupted;
  /** Whether its supervisor restarts it no more. */
  readonly givenUp: boolean;
}

/**
 * One subscriber, in two regions that know nothing of each other. It decides, and does nothing else.
 *
 *     flow:  running ──pause──► paused            breaker: see breakerStates
 *               │    ◄─resume──   │
 *               └──────drain──────┴──► draining ──drained──► stopped
 *
 *            running, paused, draining ──crash──► failed ──restart──► as before
 *            any ──stop──► stopped
 *
 * What is asked of a failed subscriber (pause, resume, drain) holds from its restart on.
 */
export const subscriberMachine = setup({
  types: { context: {} as SubscriberContext, input: {} as BreakerInput, events: {} as SubscriberSignal },
  actors: breakerActors,
  guards: {
    ...breakerGuards,
    was: ({ context }, interrupted: Interrupted) => context.interrupted === interrupted,
  },
  delays: breakerDelays,
  actions: {
    enter: assign((moment) => breakerChanges.enter(moment)),
    enterClosed: assign((moment) => breakerChanges.enterClosed(moment)),
    enterOpen: assign((moment) => breakerChanges.enterOpen(moment)),
    enterDue: assign((moment) => breakerChanges.enterDue(moment)),
    noteTrip: assign((moment) => breakerChanges.noteTrip(moment)),
    noteVerdict: assign((moment) => breakerChanges.noteVerdict(moment)),
    noteCrash: assign(({ event }) => ('error' in event ? { error: event.error } : {})),
    goOnAs: assign((_, interrupted: Interrupted) => ({ interrupted })),
    noteGivenUp: assign({ givenUp: true }),
    noteRestart: assign({ givenUp: false }),
  },
}).createMachine({
  id: 'subscriber',
  type: 'parallel',
  context: ({ input }) => ({
    ...breakerContext(input),
    error: undefined,
    interrupted: 'running',
    givenUp: false,
  }),
  states: {
    breaker: breakerStates,
    flow: {
      initial: 'running',
      on: { stop: '.stopped', crash: { target: '.failed', actions: 'noteCrash' } },
      states: {
        running: {
          entry: { type: 'goOnAs', params: 'running' },
          on: { pause: 'paused', drain: 'draining' },
        },
        paused: {
          entry: { type: 'goOnAs', params: 'paused' },
          on: { resume: 'running', drain: 'draining' },
        },
        draining: {
          entry: { type: 'goOnAs', params: 'draining' },
          on: { drained: 'stopped' },
        },
        failed: {
          on: {
            restart: [
              { guard: { type: 'was', params: 'paused' }, target: 'paused', actions: 'noteRestart' },
              { guard: { type: 'was', params: 'draining' }, target: 'draining', actions: 'noteRestart' },
              { target: 'running', actions: 'noteRestart' },
            ],
            pause: {
              guard: { type: 'was', params: 'running' },
              actions: { type: 'goOnAs', params: 'paused' },
            },
            resume: {
              guard: { type: 'was', params: 'paused' },
              actions: { type: 'goOnAs', params: 'running' },
            },
            drain: { actions: { type: 'goOnAs', params: 'draining' } },
            giveUp: { actions: 'noteGivenUp' },
            crash: {},
          },
        },
        stopped: { on: { crash: {} } },
      },
    },
  },
});

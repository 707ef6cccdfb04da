import { assign, setup } from 'xstate';
import type { Clock } from '../streams/event/clock.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { Random } from '../streams/event/random.ts';
import { failureWindow, type FailureWindowOptions } from '../streams/operators/failure-window.ts';
import { trialWindow } from '../streams/operators/trial-window.ts';
import {
  breakerActors,
  breakerChanges,
  breakerContext,
  breakerDelays,
  breakerGuards,
  breakerStates,
  type BreakerContext,
  type BreakerInput,
  type BreakerSettings,
  type BreakerSignal,
} from './breaker-states.ts';

/** When calls stop, for how long, and how they start again. */
export interface BreakerOptions extends Omit<FailureWindowOptions, 'clock'> {
  /** Milliseconds beyond which a call is slow. Default `5_000`. */
  readonly slowCallDurationMs?: number;
  /** Milliseconds of the first open state. Default `30_000`. */
  readonly resetTimeoutMs?: number;
  /** Each open state that follows a failed trial lasts twice as long, up to this. Default `300_000`. */
  readonly maxResetTimeoutMs?: number;
  /** Share, 0 to 1, by which an open state may last longer at random. Default `0.2`. */
  readonly jitter?: number;
  /** Calls let through on trial while half-open. Default `3`. */
  readonly halfOpenCalls?: number;
  /** Milliseconds from the first trial in which the trials must end, or it opens again. Default `30_000`. */
  readonly halfOpenTimeoutMs?: number;
}

/** What a breaker takes from its surroundings. */
export interface BreakerPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;

/**
 * Checks the options of a breaker and fills in what is missing.
 *
 * @throws RangeError naming option, range and value; TypeError when options do not go together.
 */
export function breakerSettings(options: BreakerOptions, clock: Clock): BreakerSettings {
  const { slowCallDurationMs = 5_000, halfOpenCalls = 3, halfOpenTimeoutMs = 30_000 } = options;
  const { resetTimeoutMs = 30_000, maxResetTimeoutMs = Math.max(300_000, resetTimeoutMs) } = options;
  const { jitter = 0.2, minimumCalls = halfOpenCalls } = options;
  if (!(slowCallDurationMs >= 0)) {
    throw new RangeError(`slowCallDurationMs must be at least 0, got ${describeValue(slowCallDurationMs)}`);
  }
  checkTimer('halfOpenTimeoutMs', halfOpenTimeoutMs, 0);
  checkTimer('resetTimeoutMs', resetTimeoutMs, 0);
  checkTimer('maxResetTimeoutMs', maxResetTimeoutMs, resetTimeoutMs);
  if (!(jitter >= 0 && jitter <= 1)) {
    throw new RangeError(`jitter must be from 0 to 1, got ${describeValue(jitter)}`);
  }
  if (!(Number.isInteger(halfOpenCalls) && halfOpenCalls >= 1)) {
    throw new RangeError(
      `halfOpenCalls must be an integer of at least 1, got ${describeValue(halfOpenCalls)}`,
    );
  }
  return {
    trips: failureWindow(options.windowMs === undefined ? options : { ...options, clock }),
    verdicts: trialWindow({ ...options, trials: Math.min(minimumCalls, halfOpenCalls) }),
    slowCallDurationMs,
    halfOpenCalls,
    halfOpenTimeoutMs,
    resetTimeoutMs,
    maxResetTimeoutMs,
    jitter,
  };
}

function checkTimer(name: string, value: number, min: number): void {
  if (!(value >= min && value <= longestMs)) {
    throw new RangeError(
      `${name} must be a number of milliseconds from ${min} to ${longestMs}, got ${describeValue(value)}`,
    );
  }
}

/**
 * The circuit breaker of one subscriber, as a machine: see `breakerStates` for its diagram.
 *
 * It decides and nothing else: it sees trips and verdicts, never calls. `createBreaker` runs it with a gate
 * in front of calls.
 */
export const breakerMachine = setup({
  types: { context: {} as BreakerContext, input: {} as BreakerInput, events: {} as BreakerSignal },
  actors: breakerActors,
  guards: breakerGuards,
  delays: breakerDelays,
  actions: {
    enter: assign((moment) => breakerChanges.enter(moment)),
    enterClosed: assign((moment) => breakerChanges.enterClosed(moment)),
    enterOpen: assign((moment) => breakerChanges.enterOpen(moment)),
    enterDue: assign((moment) => breakerChanges.enterDue(moment)),
    noteTrip: assign((moment) => breakerChanges.noteTrip(moment)),
    noteVerdict: assign((moment) => breakerChanges.noteVerdict(moment)),
  },
}).createMachine({ id: 'breaker', context: ({ input }) => breakerContext(input), ...breakerStates });

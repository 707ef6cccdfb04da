import type { Trip } from '../streams/operators/failure-window.ts';
import type { TrialVerdict } from '../streams/operators/trial-window.ts';
import { stateOf, type BreakerContext, type BreakerState, type BreakerValue } from './breaker-states.ts';

/** What a breaker has decided. */
export interface BreakerSnapshot {
  readonly state: BreakerState;
  /** Number of the state, counted up at every change. */
  readonly epoch: number;
  /** Calls that this state lets start: `Infinity` closed, 0 open or isolated, `halfOpenCalls` half-open. */
  readonly permits: number;
  /** When the state was entered, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** When an open state ends, in milliseconds since the Unix epoch, if the wall clock is not set meanwhile. */
  readonly until?: number;
  /** Its open time is over, and it is for the processes that share it to agree on who makes the trials. */
  readonly due?: true;
  /** How often it has opened since it was last closed. */
  readonly opens: number;
  /** What opened it last from closed, with the counts that justify it. */
  readonly lastTrip?: Trip;
  /** What the last trials came to. */
  readonly lastVerdict?: TrialVerdict;
}

/** What a breaker in this state shows to the outside. */
export function breakerSnapshot(value: BreakerValue, context: BreakerContext): BreakerSnapshot {
  const state = stateOf(value);
  const { epoch, since, opens, openMs, lastTrip, lastVerdict, settings } = context;
  return {
    state,
    epoch,
    permits: permitsOf(state, settings.halfOpenCalls),
    since,
    opens,
    ...(value === 'open' && { until: since + openMs }),
    ...(value === 'due' && { due: true }),
    ...(lastTrip !== undefined && { lastTrip }),
    ...(lastVerdict !== undefined && { lastVerdict }),
  };
}

function permitsOf(state: BreakerState, halfOpenCalls: number): number {
  if (state === 'closed') return Infinity;
  return state === 'halfOpen' ? halfOpenCalls : 0;
}

import { NEVER, type Observable } from 'rxjs';
import type { SnapshotFrom } from 'xstate';
import { describeValue } from '../streams/event/describe-value.ts';
import type { CallResult } from '../streams/event/outcome.ts';
import type { Credit } from '../streams/queue/credit.ts';
import { BreakerGate } from './breaker-gate.ts';
import { breakerSnapshot, type BreakerSnapshot } from './breaker-snapshot.ts';
import type { BreakerState } from './breaker-states.ts';
import { breakerSettings, type BreakerOptions, type BreakerPorts } from './breaker.ts';
import { runMachine } from './run-machine.ts';
import { subscriberMachine, type FlowState, type SubscriberSignal } from './subscriber.ts';

/** What bounds a subscriber's calls. */
export interface SubscriberActorOptions {
  /** When to stop calling a failing handler; `false` for never, except by `isolate`. Default: all defaults. */
  readonly breaker?: BreakerOptions | false;
  /** Whether its breaker waits for `probe` when its open time is over. Default `false`. */
  readonly shared?: boolean;
  /** How many calls may run at once. Default `16`. */
  readonly concurrency?: number;
  /** Whether deliveries wait while the breaker is open, or go to a fallback. Default `'wait'`. */
  readonly whileOpen?: 'wait' | 'call';
}

/** What a subscriber's actor takes from its surroundings. */
export interface SubscriberActorPorts extends BreakerPorts {
  /** What the actor's decisions are put into effect with; the actor alone sets its limit and permits. */
  readonly credit: Credit;
}

/** What a subscriber's actor has decided. */
export interface SubscriberSnapshot extends Omit<BreakerSnapshot, 'state'> {
  readonly flow: FlowState;
  readonly breaker: BreakerState;
  /** Whether new events may come in. They may while it is paused or waits for a restart. */
  readonly accepting: boolean;
  /** Whether it failed and is restarted no more. */
  readonly givenUp: boolean;
  /** What it crashed with, while it is failed. */
  readonly error?: unknown;
}

/** A subscriber's decisions at work: signals and results go in, snapshots and credit come out. */
export interface SubscriberActor {
  readonly snapshot: SubscriberSnapshot;
  /** The current snapshot, then every change. Completes when the subscriber has stopped. */
  readonly snapshot$: Observable<SubscriberSnapshot>;
  /** Whether the breaker lets its handler be called: false while it is open or isolated. */
  readonly admitting: boolean;
  /** A call starts that the credit was spent for. Returns the epoch to give its result with. */
  begin(): number;
  /** A call that began in `epoch` has ended after `durationMs`. */
  end(failed: boolean, durationMs: number, epoch: number): void;
  /** As `end`, for a result that is known already. */
  record(result: CallResult, epoch: number): void;
  /** A call that began in `epoch` ended without a result, or was not made: its permit goes to another. */
  release(epoch: number): void;
  send(signal: SubscriberSignal): void;
}

/**
 * Starts the actor of one subscriber, and keeps its credit in step with what the actor decides.
 *
 * Limit and permits change in the very step in which the state does, so no call starts that the state
 * forbids; the source is poked after the step. The per-call methods cost no transition and no allocation:
 * only a trip, a verdict or the first trial of a half-open state reaches the machine.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * const ports = { clock: createSystemClock(), random: Math.random, credit: new Credit(0) };
 * const actor = createSubscriberActor({}, ports);
 * actor.send({ type: 'pause' });
 * actor.snapshot.flow; // => 'paused'
 * ```
 */
export function createSubscriberActor(
  options: SubscriberActorOptions,
  ports: SubscriberActorPorts,
): SubscriberActor {
  const { breaker = {}, shared = false, concurrency = 16, whileOpen = 'wait' } = options;
  const { clock, random, credit } = ports;
  if (!(concurrency >= 1)) {
    throw new RangeError(`concurrency must be at least 1, got ${describeValue(concurrency)}`);
  }
  const settings = breakerSettings(breaker === false ? {} : breaker, clock);
  const gate = new BreakerGate(credit, settings.slowCallDurationMs, {
    trialStarted: (epoch) => run.send({ type: 'trial', epoch }),
    stateChanged: () => run.settle(),
  });

  const run = runMachine(subscriberMachine, {
    input: { settings, results: breaker === false ? NEVER : gate.results, clock, random, shared },
    clock,
    background: false,
    view: viewOf,
    apply({ flow, epoch, permits }) {
      credit.limit = flow === 'running' || flow === 'draining' ? concurrency : 0;
      gate.enter(epoch, permits === 0 && whileOpen === 'call' ? Infinity : permits);
    },
    applied({ flow }) {
      if (flow === 'stopped') run.stop();
      else if (credit.available) credit.poke();
    },
  });

  return {
    get snapshot() {
      return run.view;
    },
    snapshot$: run.view$,
    get admitting() {
      return run.view.permits > 0;
    },
    begin: () => gate.begin(),
    end: (failed, durationMs, epoch) => gate.end(failed, durationMs, epoch),
    record: (result, epoch) => gate.record(result, epoch),
    release: (epoch) => gate.release(epoch),
    send: (signal) => run.send(signal),
  };
}

function viewOf(
  { value, context }: SnapshotFrom<typeof subscriberMachine>,
  previous: SubscriberSnapshot | undefined,
): SubscriberSnapshot {
  const { flow } = value;
  const { epoch, error, givenUp, interrupted } = context;
  const accepting = !givenUp && flow !== 'stopped' && interrupted !== 'draining';
  if (previous?.epoch === epoch && previous.flow === flow && previous.accepting === accepting)
    return previous;
  const { state, ...rest } = breakerSnapshot(value.breaker, context);
  return { ...rest, flow, breaker: state, accepting, givenUp, ...(flow === 'failed' && { error }) };
}

import type { Observable } from 'rxjs';
import type { SnapshotFrom } from 'xstate';
import { Credit } from '../streams/queue/credit.ts';
import { BreakerGate } from './breaker-gate.ts';
import { breakerSnapshot, type BreakerSnapshot } from './breaker-snapshot.ts';
import type { BreakerState } from './breaker-states.ts';
import { breakerMachine, breakerSettings, type BreakerOptions, type BreakerPorts } from './breaker.ts';
import { runMachine } from './run-machine.ts';

/** Leave to make one call. The first of its methods to be called settles it; further calls do nothing. */
export interface Permit {
  /** The call succeeded, after `durationMs`. */
  ok(durationMs?: number): void;
  /** The call failed, after `durationMs`. */
  failed(durationMs?: number): void;
  /** The call was not made, or says nothing: another may be made in its place. */
  release(): void;
}

/** A circuit breaker that stands alone. */
export interface Breaker {
  readonly state: BreakerState;
  readonly snapshot: BreakerSnapshot;
  /** The current snapshot, then every change. Completes on `close`. */
  readonly snapshot$: Observable<BreakerSnapshot>;
  /** Calls that have a permit and have not ended. */
  readonly running: number;
  /** Leave to make one call now; `undefined` when none may start. */
  tryAcquire(): Permit | undefined;
  /** Lets no call start until `reset`. */
  isolate(): void;
  /** Closes, with an empty window. */
  reset(): void;
  /** Stops its timers and lets no call start any more. Idempotent. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a circuit breaker for calls of any kind.
 *
 * Closed, calls start freely and their results are judged; open, none starts; half-open, exactly
 * `halfOpenCalls` may. Reading the state and taking a permit are one synchronous step, and a permit of a
 * state that is over changes nothing. One small object a call; 20 M permits a second.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * const breaker = createBreaker({ consecutiveFailures: 1 }, { clock: createSystemClock(), random: Math.random });
 * breaker.tryAcquire()?.failed();
 * breaker.state; // => 'open'
 * breaker.tryAcquire(); // => undefined
 * ```
 */
export function createBreaker(options: BreakerOptions, ports: BreakerPorts): Breaker {
  const settings = breakerSettings(options, ports.clock);
  const credit = new Credit(Infinity);
  const gate = new BreakerGate(credit, settings.slowCallDurationMs, {
    trialStarted: (epoch) => run.send({ type: 'trial', epoch }),
    stateChanged: () => run.settle(),
  });
  const run = runMachine(breakerMachine, {
    input: { settings, results: gate.results, ...ports },
    clock: ports.clock,
    // Nobody waits inside a breaker: its open time must not keep a process alive.
    background: true,
    view: viewOf,
    apply: ({ epoch, permits }) => gate.enter(epoch, permits),
    applied: () => {},
  });

  return {
    get state() {
      return run.view.state;
    },
    get snapshot() {
      return run.view;
    },
    snapshot$: run.view$,
    get running() {
      return credit.inFlight;
    },
    tryAcquire() {
      if (!credit.available) return undefined;
      credit.spend();
      return new CallPermit(gate, gate.begin());
    },
    isolate: () => run.send({ type: 'isolate' }),
    reset: () => run.send({ type: 'reset' }),
    close() {
      credit.limit = 0;
      run.stop();
    },
    async [Symbol.asyncDispose]() {
      this.close();
    },
  };
}

function viewOf(
  { value, context }: SnapshotFrom<typeof breakerMachine>,
  previous: BreakerSnapshot | undefined,
): BreakerSnapshot {
  return previous?.epoch === context.epoch ? previous : breakerSnapshot(value, context);
}

class CallPermit implements Permit {
  readonly #gate: BreakerGate;
  readonly #epoch: number;
  #settled = false;

  constructor(gate: BreakerGate, epoch: number) {
    this.#gate = gate;
    this.#epoch = epoch;
  }

  ok(durationMs = 0): void {
    if (this.#settle()) this.#gate.end(false, durationMs, this.#epoch);
  }

  failed(durationMs = 0): void {
    if (this.#settle()) this.#gate.end(true, durationMs, this.#epoch);
  }

  release(): void {
    if (this.#settle()) this.#gate.release(this.#epoch);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#gate.credit.repay();
    return true;
  }
}

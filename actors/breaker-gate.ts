import { Observable, type Subscriber } from 'rxjs';
import type { CallResult } from '../streams/event/outcome.ts';
import type { Credit } from '../streams/queue/credit.ts';

/** What a gate tells its owner. */
export interface GatePorts {
  /** The first trial of this epoch has started. */
  readonly trialStarted: (epoch: number) => void;
  /** A result has changed the state; all has been applied. */
  readonly stateChanged: () => void;
}

/**
 * What stands between a breaker's decisions and the calls.
 *
 * Permits and epoch change together in one synchronous step, and a call takes both in one: no call can
 * start on a permit of one state and be counted in another. Nothing here allocates per call.
 */
export class BreakerGate {
  /** Results of the calls that started in the current epoch. Hot, and for one listener: the machine. */
  readonly results: Observable<CallResult>;
  readonly credit: Credit;
  readonly #slowCallDurationMs: number;
  readonly #ports: GatePorts;
  #listener: Subscriber<CallResult> | undefined;
  #epoch = 0;
  #trialSeen = false;

  constructor(credit: Credit, slowCallDurationMs: number, ports: GatePorts) {
    this.credit = credit;
    this.#slowCallDurationMs = slowCallDurationMs;
    this.#ports = ports;
    // A Subject would cost half of the throughput here, for listeners that it does not have.
    this.results = new Observable((listener) => {
      this.#listener = listener;
      return () => {
        if (this.#listener === listener) this.#listener = undefined;
      };
    });
  }

  /** Number of the state that calls start in now. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A new state begins: what was permitted before is void. The same epoch again changes nothing. */
  enter(epoch: number, permits: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#trialSeen = false;
    this.credit.permits = permits;
  }

  /** A call starts whose permit has been spent. Returns the epoch to give its result with. */
  begin(): number {
    if (this.credit.permits !== Infinity && !this.#trialSeen) {
      this.#trialSeen = true;
      this.#ports.trialStarted(this.#epoch);
    }
    return this.#epoch;
  }

  /** A call that began in `epoch` has ended. A result of an earlier epoch changes nothing. */
  record(result: CallResult, epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#listener?.next(result);
    if (epoch !== this.#epoch) this.#ports.stateChanged();
  }

  /** As `record`, of a call that took `durationMs`. */
  end(failed: boolean, durationMs: number, epoch: number): void {
    const slow = durationMs > this.#slowCallDurationMs;
    if (failed) this.record(slow ? 'slow-failed' : 'failed', epoch);
    else this.record(slow ? 'slow' : 'ok', epoch);
  }

  /** A call that began in `epoch` ended without a result: another may take its place. */
  release(epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.credit.permits += 1;
    this.credit.poke();
  }
}

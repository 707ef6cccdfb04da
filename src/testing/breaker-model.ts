import type { BreakerOptions } from '../../actors/breaker.ts';
import type { BreakerState } from '../../actors/breaker-states.ts';
import type { CallResult } from '../../streams/event/outcome.ts';

/** Options of a breaker, all of them, with a count window. */
export type ModelOptions = Required<Omit<BreakerOptions, 'windowMs'>>;

/** What the model decides by, kept as plainly as can be: the specification that a breaker is held to. */
export class BreakerModel {
  state: BreakerState = 'closed';
  /** Counted up at every change of state. */
  epoch = 1;
  readonly #options: ModelOptions;
  readonly #draw: () => number;
  #now = 0;
  #history: CallResult[] = [];
  #opens = 0;
  #openUntil = Infinity;
  #judgeUntil = Infinity;
  #granted = 0;

  constructor(options: ModelOptions, draw: () => number) {
    this.#options = options;
    this.#draw = draw;
  }

  /** Whether a call may start now; if so, it has. */
  acquire(): boolean {
    if (this.state === 'closed') return true;
    if (this.state !== 'halfOpen' || this.#granted === this.#options.halfOpenCalls) return false;
    this.#granted += 1;
    if (this.#judgeUntil === Infinity) this.#judgeUntil = this.#now + this.#options.halfOpenTimeoutMs;
    return true;
  }

  release(epoch: number): void {
    if (epoch === this.epoch && this.state === 'halfOpen') this.#granted -= 1;
  }

  record(result: CallResult, epoch: number): void {
    if (epoch !== this.epoch) return;
    this.#history.push(result);
    if (this.state === 'closed' && this.#trips()) this.#open(this.#now);
    else if (this.state === 'halfOpen') this.#judge();
  }

  advance(ms: number): void {
    const target = this.#now + ms;
    for (;;) {
      const next = Math.min(this.#openUntil, this.#judgeUntil);
      if (next > target) break;
      this.#now = next;
      if (this.state === 'open') this.#enter('halfOpen');
      else this.#open(next);
    }
    this.#now = target;
  }

  isolate(): void {
    if (this.state !== 'isolated') this.#enter('isolated');
  }

  reset(): void {
    this.#opens = 0;
    this.#enter('closed');
  }

  #enter(state: BreakerState): void {
    this.state = state;
    this.epoch += 1;
    this.#history = [];
    this.#granted = 0;
    this.#openUntil = Infinity;
    this.#judgeUntil = Infinity;
  }

  #open(at: number): void {
    const { resetTimeoutMs, maxResetTimeoutMs, jitter } = this.#options;
    const wait = Math.min(maxResetTimeoutMs, resetTimeoutMs * 2 ** this.#opens);
    this.#opens += 1;
    this.#enter('open');
    this.#openUntil = at + (jitter === 0 ? wait : wait * (1 + jitter * this.#draw()));
  }

  #trips(): boolean {
    const { windowSize, minimumCalls, consecutiveFailures, failureRateThreshold } = this.#options;
    const lastSuccess = this.#history.findLastIndex((result) => result === 'ok' || result === 'slow');
    if (this.#history.length - 1 - lastSuccess >= consecutiveFailures) return true;
    const latest = Math.min(windowSize, this.#history.length);
    return latest >= minimumCalls && this.#tooMany(latest, failureRateThreshold);
  }

  #judge(): void {
    const { halfOpenCalls, minimumCalls, failureRateThreshold } = this.#options;
    if (this.#history.length < Math.min(halfOpenCalls, minimumCalls)) return;
    // Where no failure rate is judged, any failed trial opens again.
    const threshold = failureRateThreshold === Infinity ? Number.MIN_VALUE : failureRateThreshold;
    if (this.#tooMany(this.#history.length, threshold)) {
      this.#open(this.#now);
      return;
    }
    this.#opens = 0;
    this.#enter('closed');
  }

  /** Whether too many of the last so many results are bad. */
  #tooMany(latest: number, failureRateThreshold: number): boolean {
    let failed = 0;
    let slow = 0;
    for (let at = this.#history.length - latest; at < this.#history.length; at += 1) {
      const result = this.#history[at];
      if (result === 'failed' || result === 'slow-failed') failed += 1;
      if (result === 'slow' || result === 'slow-failed') slow += 1;
    }
    return failed / latest >= failureRateThreshold || slow / latest >= this.#options.slowCallRateThreshold;
  }
}

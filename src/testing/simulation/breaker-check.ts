import { BreakerModel, type ModelOptions } from '../breaker-model.ts';
import type { SubscriberSnapshot } from '../../../actors/create-subscriber-actor.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** The breaker of simulated subscribers. Its times are fractions that can be summed exactly. */
export const breakerOptions: ModelOptions = {
  windowSize: 10,
  minimumCalls: 5,
  failureRateThreshold: 0.6,
  slowCallRateThreshold: 1,
  consecutiveFailures: 4,
  slowCallDurationMs: 5_000,
  resetTimeoutMs: 83.6875,
  maxResetTimeoutMs: 334.75,
  jitter: 0,
  halfOpenCalls: 2,
  halfOpenTimeoutMs: 977.3125,
};

/** Holds a breaker to its model: no call starts that the model forbids, and both open and close at the same results. */
export class BreakerCheck {
  readonly #model = new BreakerModel(breakerOptions, () => 0);
  readonly #world: SimulationWorld;
  readonly #name: string;
  #seenAt: number;

  constructor(world: SimulationWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#seenAt = world.clock.monotonic();
  }

  /** A call starts. Gives the epoch to end it with. */
  starts({ breaker }: SubscriberSnapshot): number {
    this.#advance();
    if (!this.#model.acquire())
      this.#violated(`a call starts while the breaker is ${this.#model.state} (it says ${breaker})`);
    return this.#model.epoch;
  }

  /** A call has ended. */
  ended(failed: boolean, epoch: number): void {
    this.#advance();
    this.#model.record(failed ? 'failed' : 'ok', epoch);
  }

  /** After the actor has taken the result, too. */
  agrees({ breaker }: SubscriberSnapshot): void {
    if (breaker !== this.#model.state)
      this.#violated(`the breaker is ${breaker} after a result, and should be ${this.#model.state}`);
  }

  #advance(): void {
    const now = this.#world.clock.monotonic();
    this.#model.advance(now - this.#seenAt);
    this.#seenAt = now;
  }

  #violated(reason: string): never {
    return this.#world.violated('the breaker is safe', `subscription ${this.#name}: ${reason}`);
  }
}

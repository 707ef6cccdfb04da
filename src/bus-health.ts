import type { Clock, TimerHandle } from '../streams/event/clock.ts';
import type { PublishGate } from './publishing/publish-gate.ts';
import type { Transport } from './transport/transport.ts';
import { whenCalled } from './when-done.ts';

/** How a bus is. */
export interface BusHealth {
  /** Publishes are taken. */
  readonly ready: boolean;
  /** What a publish resolves for outlives the process. False with transports in memory, and while a store fails. */
  readonly durable: boolean;
  /** `degraded`: it works, but keeps less than its transport promises. `failed`: publishes are refused. */
  readonly state: 'ok' | 'degraded' | 'failed';
  /** What is wrong, if something is. */
  readonly reason?: string;
}

/** Looks that go on after somebody has asked, so that whoever asks again hears of a failure that nobody met. */
const looksAfterAsking = 10;

/**
 * Says how a bus is, and looks while somebody asks: a store that nothing is written to can fail unnoticed, so that
 * each look writes a byte.
 */
export class HealthWatch {
  readonly #gate: PublishGate;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #looks = 0;
  #timer: TimerHandle;

  constructor(gate: PublishGate, transport: Transport, clock: Clock, intervalMs: number) {
    this.#gate = gate;
    this.#transport = transport;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  health(): BusHealth {
    if (this.#transport.features.durable && this.#gate.state !== 'closed') {
      this.#looks = looksAfterAsking;
      this.#timer ??= this.#clock.setTimeout(this.#look, 0, true);
    }
    const { durable: promised } = this.#transport.features;
    const { ready, durable, reason } = this.#transport.health?.() ?? { ready: true, durable: promised };
    const { state } = this.#gate;
    if (state !== 'open') {
      return { ready: false, durable, state: 'failed', reason: `the bus is ${state}` };
    }
    const how = !ready ? 'failed' : durable === promised ? 'ok' : 'degraded';
    return { ready, durable, state: how, ...(reason === undefined ? {} : { reason }) };
  }

  close(): void {
    this.#looks = 0;
    this.#clock.clearTimeout(this.#timer);
  }

  readonly #look = (): void => {
    const { store } = this.#transport;
    this.#timer = undefined;
    if (store === undefined || this.#looks === 0) return;
    this.#looks -= 1;
    const next = (): void => {
      if (this.#looks > 0) this.#timer ??= this.#clock.setTimeout(this.#look, this.#intervalMs, true);
    };
    // What goes wrong is told by the store's health, as with every write.
    whenCalled(
      () => store.snapshots.write({ bucket: 'health', key: 'look', value: Uint8Array.of(1) }),
      next,
      next,
    );
  };
}

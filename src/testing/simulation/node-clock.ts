import type { Clock, TimerHandle } from '../../../streams/event/clock.ts';
import type { WorldClock } from './world-clock.ts';

/** The clock of one simulated node: it may run fast or slow, jump, stand still while the node is stopped, and die. */
export class NodeClock implements Clock {
  readonly #world: WorldClock;
  readonly #rate: number;
  #jumpedMs = 0;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #held: (() => void)[] = [];

  /** `rate` is how many of its milliseconds pass in one of the world. */
  constructor(world: WorldClock, rate: number) {
    this.#world = world;
    this.#rate = rate;
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  now(): number {
    return Math.floor(this.#world.now() * this.#rate + this.#jumpedMs);
  }

  monotonic(): number {
    return this.#world.monotonic() * this.#rate;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    return this.#world.setTimeout(() => this.#run(callback), delayMs / this.#rate);
  }

  clearTimeout(handle: TimerHandle): void {
    this.#world.clearTimeout(handle);
  }

  defer(callback: () => void): void {
    this.#world.defer(() => this.#run(callback));
  }

  yieldTurn(callback: () => void): void {
    this.#world.yieldTurn(() => this.#run(callback));
  }

  /** Its wall clock is set, forward or back. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** As SIGSTOP: nothing of it runs until it goes on. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** As SIGCONT: what fell due meanwhile runs at once. */
  goOn(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const callback of held) this.#run(callback);
  }

  /** As SIGKILL. */
  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  #run(callback: () => void): void {
    if (this.#state === 'running') callback();
    else if (this.#state === 'stopped') this.#held.push(callback);
  }
}

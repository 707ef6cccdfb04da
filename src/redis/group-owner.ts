import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { RedisLink } from './redis-link.ts';
import { leaseScript } from './server-scripts.ts';

export interface GroupOwnerConfig {
  readonly key: string;
  /** Tells this process from all others. */
  readonly token: string;
  readonly leaseMs: number;
}

/**
 * The right of one process to work for a subscriber that has an order: a key with a time to live.
 *
 *     waiting ─► owning ─► waiting (not renewed in time, or somebody else has it)
 *
 * It counts from before the renewal was sent, so that it ends here before it ends at the server. Whoever stalls
 * for longer finds out at the server: reading and acknowledging compare the token there.
 */
export class GroupOwner {
  readonly token: string;
  readonly #config: GroupOwnerConfig;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #onChange: (owning: boolean) => void;
  #until = -Infinity;
  #owning = false;
  #ended = false;
  #asking = false;
  #timer: TimerHandle;
  #expiry: TimerHandle;

  constructor(
    config: GroupOwnerConfig,
    ports: { readonly link: RedisLink; readonly clock: Clock; readonly onChange: (owning: boolean) => void },
  ) {
    this.token = config.token;
    this.#config = config;
    this.#link = ports.link;
    this.#clock = ports.clock;
    this.#onChange = ports.onChange;
  }

  get owning(): boolean {
    return this.#owning && this.#clock.monotonic() < this.#until;
  }

  /** Asks for it, and again for as long as it has not ended. */
  readonly start = (): void => {
    if (this.#ended || this.#asking) return;
    this.#asking = true;
    this.#clock.clearTimeout(this.#timer);
    void this.#ask().finally(() => {
      this.#asking = false;
      const { leaseMs } = this.#config;
      const againMs = this.#owning ? leaseMs / 3 : Math.min(leaseMs / 3, 1000);
      if (!this.#ended) this.#timer = this.#clock.setTimeout(this.start, againMs, true);
    });
  };

  /** The server says that somebody else has it. */
  lose(): void {
    this.#until = -Infinity;
    this.#clock.clearTimeout(this.#expiry);
    if (!this.#owning) return;
    this.#owning = false;
    this.#onChange(false);
  }

  /** Gives it back. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#expiry);
    const { key, token } = this.#config;
    // Whatever fails, it ends by itself.
    await this.#link.up?.eval(leaseScript, 1, key, token, '0').catch(() => {});
  }

  async #ask(): Promise<void> {
    const redis = this.#link.up;
    if (redis === undefined) return;
    const { key, token, leaseMs } = this.#config;
    const began = this.#clock.monotonic();
    try {
      let held = (await redis.eval(leaseScript, 1, key, token, String(leaseMs))) === 1;
      if (!held) {
        this.lose();
        held = (await redis.set(key, token, 'PX', leaseMs, 'NX')) === 'OK';
      }
      if (held && !this.#ended) this.#hold(began + leaseMs);
    } catch {
      // Not renewed: it ends when its time is up.
    }
  }

  #hold(until: number): void {
    this.#until = until;
    this.#clock.clearTimeout(this.#expiry);
    this.#expiry = this.#clock.setTimeout(
      () => this.lose(),
      Math.max(1, until - this.#clock.monotonic()),
      true,
    );
    if (this.#owning) return;
    this.#owning = true;
    this.#onChange(true);
  }
}

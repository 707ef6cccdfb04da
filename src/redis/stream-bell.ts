import type { Clock } from '../../streams/event/clock.ts';
import { Latch } from './latch.ts';
import type { RedisLink } from './redis-link.ts';
import { compareIds } from './stream-reply.ts';

/** Milliseconds that the server is asked to wait; all who wait look then, whatever happened. */
export const bellMs = 2000;
/** Milliseconds before it is tried again after a failure. */
const againMs = 500;

/**
 * Tells all subscriptions of a process when a stream has grown, by one connection that waits at the server.
 *
 * A subscription that has found nothing says what the last id was then; the bell waits for something after the
 * lowest of these. So no entry is missed between a look and the wait, and nobody asks while nothing happens.
 */
export class StreamBell {
  readonly #key: string;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #latch = new Latch();
  #waiting: { readonly after: string; readonly ring: () => void }[] = [];
  /** What the server is being asked for. */
  #armed: string | undefined;
  #running = false;
  #closed = false;

  constructor(key: string, link: RedisLink, clock: Clock) {
    this.#key = key;
    this.#link = link;
    this.#clock = clock;
  }

  /** Calls `ring` once, when there is something after an id, or now and then. */
  after(id: string, ring: () => void): void {
    if (this.#armed !== undefined && compareIds(id, this.#armed) < 0) {
      // It may have missed what the bell does not wait for.
      ring();
      return;
    }
    this.#waiting.push({ after: id, ring });
    this.#latch.ring();
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#latch.ring();
    this.#link.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (this.#waiting.length === 0) await this.#latch.wait();
      else await this.#listen();
    }
  }

  async #listen(): Promise<void> {
    try {
      const redis = await this.#link.connected();
      this.#armed = this.#waiting.map(({ after }) => after).reduce((a, b) => (compareIds(a, b) <= 0 ? a : b));
      // One entry, which is thrown away: whoever wants it reads it as its own.
      await redis.callBuffer('XREAD', 'COUNT', 1, 'BLOCK', bellMs, 'STREAMS', this.#key, this.#armed);
    } catch {
      // Those who wait find out themselves what is wrong; the bell has only to ring again.
      if (!this.#closed) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, againMs, true));
    }
    this.#armed = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { ring } of waiting) ring();
  }
}

import type { Clock } from '../../streams/event/clock.ts';
import type { ValidEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, RateLimitedError } from '../../streams/event/errors.ts';
import { RecentIds } from '../../streams/queue/recent-ids.ts';
import { TokenBucket } from '../../streams/queue/token-bucket.ts';
import type { DedupeOptions, RateLimitOptions } from '../options.ts';
import type { TransportPublishOptions } from '../transport/transport.ts';

/** Publishes that may wait for the rate limit at one time. */
const maxWaiting = 10_000;

/** A rate limit for all publishes of a bus. */
export interface PublishRateLimit extends RateLimitOptions {
  /** `'wait'` (default): the publish resolves later; `'reject'`: RateLimitedError at once. */
  readonly onLimit?: 'wait' | 'reject';
}

export interface PublishGateOptions {
  readonly dedupe?: DedupeOptions | undefined;
  readonly rateLimit?: PublishRateLimit | undefined;
}

/** `discard`: the event goes nowhere, and that is success: the bus is disabled, or has seen the id. */
export type Verdict = 'pass' | 'discard';

/**
 * What stands between a valid event and the transport: closed, disabled, rate limit, duplicates.
 *
 * Costs one flag while none of them is in use.
 */
export class PublishGate {
  readonly #clock: Clock;
  readonly #recent: RecentIds | undefined;
  readonly #bucket: TokenBucket | undefined;
  readonly #rejects: boolean;
  #state: 'open' | 'disabled' | 'draining' | 'closed' = 'open';
  readonly #simple: boolean;
  #waiting = 0;
  /** Events that were published while disabled. */
  discarded = 0;
  /** Events that were published again under the same id. */
  duplicates = 0;

  constructor(options: PublishGateOptions, clock: Clock) {
    const { dedupe, rateLimit } = options;
    this.#clock = clock;
    this.#recent = dedupe === undefined ? undefined : new RecentIds(dedupe);
    this.#bucket =
      rateLimit === undefined
        ? undefined
        : new TokenBucket({
            ratePerSecond: rateLimit.eventsPerSecond,
            burst: rateLimit.burst ?? Math.max(1, rateLimit.eventsPerSecond),
          });
    this.#rejects = rateLimit?.onLimit === 'reject';
    this.#simple = this.#recent === undefined && this.#bucket === undefined;
  }

  /** Whether every event passes, whatever its id. */
  get clear(): boolean {
    return this.#simple && this.#state === 'open';
  }

  /** Whether it keeps ids: what is not published after all, it has to forget. */
  get remembers(): boolean {
    return this.#recent !== undefined;
  }

  get state(): 'open' | 'disabled' | 'closed' {
    if (this.#state === 'draining') return 'closed';
    return this.#state;
  }

  /** Lets events through again, or discards them. A closed gate stays closed. */
  enable(on: boolean): void {
    if (this.#state === 'open' || this.#state === 'disabled') this.#state = on ? 'open' : 'disabled';
  }

  /** While draining, handlers may still publish; closed, nobody may. */
  close(state: 'draining' | 'closed'): void {
    this.#state = state;
  }

  /**
   * Decides about one event; a promise where it has to wait for the rate limit.
   *
   * @throws ClosedError, RateLimitedError
   */
  pass(event: ValidEnvelope, options: TransportPublishOptions | undefined): Verdict | Promise<void> {
    if (this.clear) return 'pass';
    this.#checkOpen(options?.origin !== undefined);
    if (this.#state === 'disabled') {
      this.discarded += 1;
      return 'discard';
    }
    const now = this.#clock.monotonic();
    if (this.#recent?.has(event.id, now) === true) {
      this.duplicates += 1;
      return 'discard';
    }
    const wait = this.#limit(1, options?.noWait === true);
    this.#recent?.add(event.id, now);
    return wait ?? 'pass';
  }

  /** The event did not get through after all: the same id may be published again. */
  forget(id: string): void {
    this.#recent?.forget(id);
  }

  /** Decides about a batch as a whole, and gives what of it is to be published: a promise only where it must wait. */
  passAll(events: readonly ValidEnvelope[]): readonly ValidEnvelope[] | Promise<readonly ValidEnvelope[]> {
    this.#checkOpen(false);
    if (this.clear) return events;
    if (this.#state === 'disabled') {
      this.discarded += events.length;
      return [];
    }
    const recent = this.#recent;
    const now = this.#clock.monotonic();
    const fresh = recent === undefined ? events : events.filter((event) => !recent.has(event.id, now));
    const wait = this.#limit(fresh.length, false);
    // Only now: a batch that the limit refused may be published again.
    for (const event of fresh) recent?.add(event.id, now);
    this.duplicates += events.length - fresh.length;
    return wait === undefined ? fresh : wait.then(() => fresh);
  }

  #checkOpen(fromHandler: boolean): void {
    if (this.#state === 'closed' || (this.#state === 'draining' && !fromHandler))
      throw new ClosedError('the bus is closed; nothing was published');
  }

  #limit(count: number, noWait: boolean): Promise<void> | undefined {
    const bucket = this.#bucket;
    if (bucket === undefined) return undefined;
    const waitMs = bucket.waitMs(this.#clock.monotonic(), count);
    if (waitMs > 0 && (this.#rejects || noWait || this.#waiting >= maxWaiting)) {
      throw new RateLimitedError(
        `the bus lets ${bucket.ratePerSecond} events a second pass, and this one came too early; ` +
          `publish it again in ${Math.ceil(waitMs)} ms`,
      );
    }
    // Taken now, so that those who wait keep their order and do not all wake for the same token.
    bucket.reserve(this.#clock.monotonic(), count);
    if (waitMs <= 0) return undefined;
    this.#waiting += 1;
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => {
        this.#waiting -= 1;
        resolve();
      }, waitMs);
    });
  }
}

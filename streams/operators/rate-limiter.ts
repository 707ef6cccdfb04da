import type { Subscriber } from 'rxjs';
import type { Clock, TimerHandle } from '../event/clock.ts';
import { QueueFullError } from '../event/errors.ts';
import { RingBuffer } from '../queue/ring-buffer.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import { TokenBucket, type TokenBucketOptions } from '../queue/token-bucket.ts';
import type { FlowStage } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface RateLimiterParts<T> {
  readonly bucket: TokenBucketOptions;
  readonly clock: Clock;
  readonly key: ((value: T) => unknown) | undefined;
  readonly capacity: number;
  readonly maxKeys: number;
  readonly dropped: SideOutput<T> | undefined;
  readonly errors: SideOutput<FailedValue<T>> | undefined;
}

/** One key: its tokens, and its values that wait for them. */
interface RatedKey<T> {
  readonly id: unknown;
  readonly bucket: TokenBucket;
  readonly waiting: RingBuffer<{ readonly value: T }>;
}

/**
 * Lets values through as their keys' buckets allow.
 *
 * Each key that has values waiting stands once in `#due`, at the time of its next token; one timer follows
 * the first of them. Each key stands once in `#full`, at or before the time at which its bucket is full: a
 * key with a full bucket and nothing waiting is as good as unknown.
 */
export class RateLimiter<T> implements FlowStage<T> {
  readonly #parts: RateLimiterParts<T>;
  readonly #output: Subscriber<T>;
  readonly #keys = new Map<unknown, RatedKey<T>>();
  readonly #due = new TimeHeap<RatedKey<T>>();
  readonly #full = new TimeHeap<RatedKey<T>>();
  #rates: TokenBucketOptions;
  #waiting = 0;
  #timer: TimerHandle;
  #armedFor = Infinity;
  #emitting: RatedKey<T> | undefined;
  #ended = false;

  constructor(parts: RateLimiterParts<T>, output: Subscriber<T>) {
    this.#parts = parts;
    this.#output = output;
    this.#rates = parts.bucket;
  }

  value(value: T): void {
    const { clock, key, capacity, errors } = this.#parts;
    let id: unknown;
    try {
      id = key?.(value);
    } catch (error) {
      if (errors === undefined) throw error;
      errors.next({ value, error });
      return;
    }
    const now = clock.monotonic();
    const rated = this.#keys.get(id) ?? this.#enter(id, now);
    if (rated === undefined) {
      this.#refuse(value, `rateLimit already knows maxKeys = ${this.#parts.maxKeys} keys`);
    } else if (rated.waiting.size === 0 && rated.bucket.tryTake(now)) {
      this.#output.next(value);
    } else if (this.#waiting >= capacity) {
      this.#refuse(value, `rateLimit already holds capacity = ${capacity} values`);
    } else {
      rated.waiting.pushBack({ value });
      this.#waiting += 1;
      // The others of its key are due first; one that is being let through goes on by itself.
      if (rated.waiting.size > 1 || rated === this.#emitting) return;
      this.#due.push(now + rated.bucket.waitMs(now), rated);
      this.#arm(now);
    }
  }

  /** @throws RangeError for what is no rate. */
  setRate(ratePerSecond: number): void {
    const { burst } = this.#parts.bucket;
    const rates = burst === undefined ? { ratePerSecond } : { ratePerSecond, burst };
    // Judged by a bucket of its own, before any other has changed.
    const like = new TokenBucket(rates);
    this.#rates = rates;
    const now = this.#parts.clock.monotonic();
    this.#due.clear();
    this.#full.clear();
    for (const rated of this.#keys.values()) {
      rated.bucket.setRate(now, ratePerSecond, like.burst);
      if (rated.waiting.size > 0) this.#due.push(now + rated.bucket.waitMs(now), rated);
      this.#full.push(now + rated.bucket.waitMs(now, like.burst), rated);
    }
    this.#disarm();
    this.#arm(now);
  }

  end(): void {
    this.#ended = true;
    this.#completeIfDone();
  }

  dispose(): void {
    this.#disarm();
    this.#keys.clear();
    this.#due.clear();
    this.#full.clear();
  }

  #enter(id: unknown, now: number): RatedKey<T> | undefined {
    this.#forgetFull(now);
    if (this.#keys.size >= this.#parts.maxKeys) return undefined;
    const rated: RatedKey<T> = { id, bucket: new TokenBucket(this.#rates), waiting: new RingBuffer() };
    this.#keys.set(id, rated);
    this.#full.push(now, rated);
    return rated;
  }

  #forgetFull(now: number): void {
    while (this.#full.nextTime <= now) {
      const rated = this.#full.pop();
      if (rated === undefined) return;
      const waitMs = rated.bucket.waitMs(now, rated.bucket.burst);
      if (waitMs === 0 && rated.waiting.size === 0) this.#keys.delete(rated.id);
      else this.#full.push(now + Math.max(1, waitMs), rated);
    }
  }

  #refuse(value: T, fault: string): void {
    const { dropped } = this.#parts;
    if (dropped === undefined) {
      throw new QueueFullError(`${fault}; raise it, slow the source, or give a dropped output`);
    }
    dropped.next(value);
  }

  readonly #run = (): void => {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    const now = this.#parts.clock.monotonic();
    while (this.#due.nextTime <= now && !this.#output.closed) {
      const rated = this.#due.pop();
      if (rated === undefined) break;
      this.#emitting = rated;
      this.#emitDue(rated, now);
      this.#emitting = undefined;
    }
    if (this.#output.closed) return;
    this.#arm(now);
    this.#completeIfDone();
  };

  #emitDue(rated: RatedKey<T>, now: number): void {
    const { bucket, waiting } = rated;
    while (waiting.size > 0 && !this.#output.closed) {
      if (!bucket.tryTake(now)) {
        this.#due.push(now + bucket.waitMs(now), rated);
        return;
      }
      const next = waiting.popFront();
      this.#waiting -= 1;
      if (next !== undefined) this.#output.next(next.value);
    }
  }

  #arm(now: number): void {
    const at = this.#due.nextTime;
    if (at >= this.#armedFor) return;
    this.#disarm();
    this.#armedFor = at;
    this.#timer = this.#parts.clock.setTimeout(this.#run, at - now);
  }

  #disarm(): void {
    if (this.#armedFor === Infinity) return;
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #completeIfDone(): void {
    if (this.#ended && this.#waiting === 0) this.#output.complete();
  }
}

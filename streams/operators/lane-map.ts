import { from, type ObservableInput, type OperatorFunction, Subscriber } from 'rxjs';
import { describeValue } from '../event/describe-value.ts';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { type Concurrency, type ConcurrencyLimit, resolveConcurrency } from './concurrency-limit.ts';
import { type FlowStage, runFlow } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { resolveWaiting, type WaitingLanes, type WaitingOptions, waitingNames } from './waiting-lanes.ts';

export interface LaneMapOptions<T> extends WaitingOptions<T> {
  /** How many inner streams may run at once: a number, or `adaptiveConcurrency`. Default `16`. */
  readonly concurrency?: Concurrency;
  /** Takes values whose project or inner stream failed; the rest goes on. Default: the stream fails. */
  readonly errors?: SideOutput<FailedValue<T>>;
}

const names: OptionNames<LaneMapOptions<unknown>> = {
  ...waitingNames,
  priority: 'function',
  order: true,
  concurrency: true,
  errors: 'output',
};

/**
 * Emits what the projections of the values emit: `mergeMap` with lanes in front, bounded on both sides.
 *
 * While `concurrency` inner streams run, values wait in lanes by `priority`, with `order: 'key'` behind
 * those of their key. The head of lane i starts after at most 2 · (W − wᵢ) other starts, the k-th waiting
 * critical value after at most 7 · ⌈k/8⌉ + concurrency lower ones (weights 8:4:2:1, W their sum). Errors,
 * completion and unsubscribing as in `mergeMap`; what waits is then let go. O(1) a value, no recursion.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, QueueFullError when
 * more than `capacity` values wait and `overflow` is `'fail'`.
 * @example
 * ```ts
 * const jobs = of({ id: 'log', priority: 'low' }, { id: 'page', priority: 'critical' } as const);
 * jobs.pipe(laneMap((job) => of(job.id), { concurrency: 1 })); // => 'log', 'page'
 * ```
 */
export function laneMap<T, R>(
  project: (value: T, index: number) => ObservableInput<R>,
  options: LaneMapOptions<T> = {},
): OperatorFunction<T, R> {
  if (typeof project !== 'function') {
    throw new TypeError(`laneMap needs a function that projects a value, got ${describeValue(project)}`);
  }
  checkOptions('laneMap', options, names);
  const { concurrency = 16, errors } = options;
  const createLimit = resolveConcurrency(concurrency);
  const createLanes = resolveWaiting('laneMap', options);
  return runFlow<T, R>(
    (output) => new LaneMapper({ project, limit: createLimit(), lanes: createLanes(), errors }, output),
  );
}

interface LaneMapParts<T, R> {
  readonly project: (value: T, index: number) => ObservableInput<R>;
  readonly limit: ConcurrencyLimit;
  readonly lanes: WaitingLanes<T>;
  readonly errors: SideOutput<FailedValue<T>> | undefined;
}

/** One subscription. A call that ends within its start only lets the running loop go on: nothing recurses. */
class LaneMapper<T, R> implements FlowStage<T> {
  readonly output: Subscriber<R>;
  readonly #parts: LaneMapParts<T, R>;
  readonly #free: PromiseSlot<T, R>[] = [];
  #running = 0;
  #index = 0;
  #pumping = false;
  #ended = false;

  constructor(parts: LaneMapParts<T, R>, output: Subscriber<R>) {
    this.#parts = parts;
    this.output = output;
  }

  value(value: T): void {
    const { lanes, limit, errors } = this.#parts;
    let lane: number;
    let key: string | undefined;
    try {
      lane = lanes.laneOf(value);
      key = lanes.keyOf(value);
    } catch (error) {
      if (errors === undefined) throw error;
      errors.next({ value, error });
      return;
    }
    if (lanes.ordered || lanes.size > 0 || this.#pumping || this.#running >= limit.limit) {
      lanes.push(value, lane, key);
      this.#pump();
      return;
    }
    // Nothing waits, so no lane is overtaken. What this start lets in meanwhile waits for the loop.
    this.#pumping = true;
    this.#start(value, key);
    this.#pumping = false;
    if (lanes.size > 0) this.#pump();
  }

  end(): void {
    this.#ended = true;
    this.#completeIfDone();
  }

  dispose(): void {
    this.#parts.lanes.clear();
    this.#free.length = 0;
  }

  /** A call has ended; the output may be closed already. */
  callEnded(key: string | undefined, startedAt: number, failed: boolean): void {
    this.#parts.limit.ended(startedAt, this.#running, failed);
    this.#running -= 1;
    this.#parts.lanes.release(key);
    if (this.output.closed) return;
    if (this.#parts.lanes.size > 0) this.#pump();
    this.#completeIfDone();
  }

  callFailed(value: T, key: string | undefined, startedAt: number, error: unknown): void {
    const { errors } = this.#parts;
    if (errors === undefined) {
      this.output.error(error);
      return;
    }
    errors.next({ value, error });
    this.callEnded(key, startedAt, true);
  }

  free(slot: PromiseSlot<T, R>): void {
    this.#free.push(slot);
  }

  #pump(): void {
    if (this.#pumping) return;
    const { lanes, limit } = this.#parts;
    this.#pumping = true;
    try {
      while (this.#running < limit.limit && lanes.size > 0 && !this.output.closed) {
        const next = lanes.take();
        if (next === undefined) break;
        this.#start(next.value, next.key);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #start(value: T, key: string | undefined): void {
    this.#running += 1;
    const startedAt = this.#parts.limit.started();
    try {
      const result = this.#parts.project(value, this.#index);
      this.#index += 1;
      if (result instanceof Promise) {
        const slot = this.#free.pop() ?? new PromiseSlot(this);
        slot.follow(result as Promise<R>, value, key, startedAt);
      } else {
        from(result).subscribe(new InnerSubscriber(this, value, key, startedAt));
      }
    } catch (error) {
      this.callFailed(value, key, startedAt, error);
    }
  }

  #completeIfDone(): void {
    if (this.#ended && this.#running === 0 && this.#parts.lanes.size === 0) this.output.complete();
  }
}

/** One running inner stream. */
class InnerSubscriber<T, R> extends Subscriber<R> {
  readonly #owner: LaneMapper<T, R>;
  readonly #value: T;
  readonly #key: string | undefined;
  readonly #startedAt: number;

  constructor(owner: LaneMapper<T, R>, value: T, key: string | undefined, startedAt: number) {
    super(owner.output);
    this.#owner = owner;
    this.#value = value;
    this.#key = key;
    this.#startedAt = startedAt;
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    this.#owner.callFailed(this.#value, this.#key, this.#startedAt, error);
  }

  protected override _complete(): void {
    // Its teardown runs before the next one starts, as in mergeMap.
    this.unsubscribe();
    this.#owner.callEnded(this.#key, this.#startedAt, false);
  }
}

/** A place for one running promise, with callbacks that outlive it: closures are made once a slot. */
class PromiseSlot<T, R> {
  readonly #owner: LaneMapper<T, R>;
  readonly #fulfilled: (result: R) => void;
  readonly #rejected: (error: unknown) => void;
  #value: T | undefined;
  #key: string | undefined;
  #startedAt = 0;

  constructor(owner: LaneMapper<T, R>) {
    this.#owner = owner;
    this.#fulfilled = (result) => {
      if (owner.output.closed) return;
      owner.output.next(result);
      this.#leave();
      owner.callEnded(this.#key, this.#startedAt, false);
    };
    this.#rejected = (error) => {
      if (owner.output.closed) return;
      const value = this.#value as T;
      this.#leave();
      owner.callFailed(value, this.#key, this.#startedAt, error);
    };
  }

  follow(promise: Promise<R>, value: T, key: string | undefined, startedAt: number): void {
    this.#value = value;
    this.#key = key;
    this.#startedAt = startedAt;
    void promise.then(this.#fulfilled, this.#rejected);
  }

  #leave(): void {
    this.#value = undefined;
    this.#owner.free(this);
  }
}

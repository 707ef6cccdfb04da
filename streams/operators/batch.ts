import type { OperatorFunction, Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock, TimerHandle } from '../event/clock.ts';
import { checkLimit, checkMs } from './check-number.ts';
import { describeValue } from '../event/describe-value.ts';
import { type FlowStage, runFlow } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface BatchOptions<T> {
  /** Values at which a batch is full. Default `100`. */
  readonly maxCount?: number;
  /** Bytes that a batch does not exceed, unless one value does by itself; needs `sizeOf`. Default: no limit. */
  readonly maxBytes?: number;
  /** How many bytes a value counts for, 0 or more. */
  readonly sizeOf?: (value: NoInfer<T>) => number;
  /** Milliseconds that the first value of a batch waits at most; needs a `clock`. Default: no limit. */
  readonly maxWaitMs?: number;
  /** Tells when the wait is over. */
  readonly clock?: Clock;
  /** Takes values whose size cannot be told; they are in no batch. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<BatchOptions<unknown>> = {
  maxCount: true,
  maxBytes: true,
  sizeOf: 'function',
  maxWaitMs: true,
  clock: true,
  errors: 'output',
};

/**
 * Emits values in batches: when a batch is full by count or bytes, or its first value has waited long enough.
 *
 * Nothing is lost or reordered: the batches laid end to end are the input. What is collected when the
 * source completes or fails comes first, then the end. No batch is empty. O(1) a value.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, RangeError for a size
 * that is no number of bytes, where there is no `errors` output.
 * @example
 * ```ts
 * of(1, 2, 3).pipe(batch({ maxCount: 2 })); // => [1, 2], [3]
 * ```
 */
export function batch<T>(options: BatchOptions<T> = {}): OperatorFunction<T, readonly T[]> {
  checkOptions('batch', options, names);
  const { maxCount = 100, maxBytes = Infinity, sizeOf, maxWaitMs, clock, errors } = options;
  checkLimit('maxCount', maxCount, 1);
  checkLimit('maxBytes', maxBytes, 1);
  if (maxBytes !== Infinity && sizeOf === undefined) throw new TypeError('maxBytes needs sizeOf');
  if (maxWaitMs !== undefined) {
    checkMs('maxWaitMs', maxWaitMs, 0);
    if (clock === undefined) throw new TypeError('maxWaitMs needs a clock');
  }
  return runFlow<T, readonly T[]>((output) => {
    const timer = maxWaitMs === undefined || clock === undefined ? undefined : { clock, maxWaitMs };
    return new Batcher({ maxCount, maxBytes, sizeOf, timer, errors }, output);
  });
}

interface BatcherParts<T> {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly sizeOf: ((value: T) => number) | undefined;
  readonly timer: { readonly clock: Clock; readonly maxWaitMs: number } | undefined;
  readonly errors: SideOutput<FailedValue<T>> | undefined;
}

class Batcher<T> implements FlowStage<T> {
  readonly #parts: BatcherParts<T>;
  readonly #output: Subscriber<readonly T[]>;
  #values: T[] = [];
  #bytes = 0;
  #timer: TimerHandle;

  constructor(parts: BatcherParts<T>, output: Subscriber<readonly T[]>) {
    this.#parts = parts;
    this.#output = output;
  }

  value(value: T): void {
    const { maxCount, maxBytes, sizeOf, timer, errors } = this.#parts;
    let bytes = 0;
    if (sizeOf !== undefined) {
      try {
        bytes = checkSize(sizeOf(value));
      } catch (error) {
        if (errors === undefined) throw error;
        errors.next({ value, error });
        return;
      }
    }
    if (this.#bytes + bytes > maxBytes) this.#flush();
    this.#values.push(value);
    this.#bytes += bytes;
    if (this.#values.length >= maxCount || this.#bytes >= maxBytes) {
      this.#flush();
    } else if (timer !== undefined && this.#timer === undefined) {
      this.#timer = timer.clock.setTimeout(this.#due, timer.maxWaitMs);
    }
  }

  end(): void {
    this.#flush();
    this.#output.complete();
  }

  fail(error: unknown): void {
    this.#flush();
    this.#output.error(error);
  }

  dispose(): void {
    this.#disarm();
    this.#values = [];
  }

  readonly #due = (): void => {
    this.#timer = undefined;
    this.#flush();
  };

  #flush(): void {
    this.#disarm();
    if (this.#values.length === 0) return;
    const values = this.#values;
    this.#values = [];
    this.#bytes = 0;
    this.#output.next(values);
  }

  #disarm(): void {
    if (this.#timer === undefined) return;
    this.#parts.timer?.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function checkSize(bytes: number): number {
  // A text compares as the number that it spells, and would be appended to the sum.
  if (typeof bytes === 'number' && bytes >= 0 && bytes < Infinity) return bytes;
  throw new RangeError(`sizeOf must give bytes, 0 or more, got ${describeValue(bytes)}`);
}

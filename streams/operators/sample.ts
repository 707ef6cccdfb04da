import { filter, type MonoTypeOperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import type { Random } from '../event/random.ts';
import { type Hashable, ValueHash } from '../sketches/hash-value.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface SampleOptions<T> {
  /** The share of values, or with `key` of keys, that pass: 0 to 1. */
  readonly share: number;
  /** All values of a key pass, or none does, here and wherever else the same share is sampled. */
  readonly key?: (value: NoInfer<T>) => Hashable;
  /** Decides about each value by itself; needed where there is no `key`. */
  readonly random?: Random;
  /** Takes values for which `key` threw. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<SampleOptions<unknown>> = {
  share: true,
  key: 'function',
  random: 'function',
  errors: 'output',
};

/**
 * Emits a share of the values: at random, or by their key.
 *
 * By key the choice is a hash: the same in every process, and a larger share holds all keys of a smaller
 * one, so that a trace or a customer is seen whole or not at all. O(1) a value, no memory.
 *
 * @throws RangeError or TypeError when an option is out of range.
 * @example
 * ```ts
 * of('ada', 'eve', 'ada').pipe(sample({ share: 0.5, key: (name) => name })); // => 'ada', 'ada'
 * ```
 */
export function sample<T>(options: SampleOptions<T>): MonoTypeOperatorFunction<T> {
  checkOptions('sample', options, names);
  const { share, key, random, errors } = options;
  if (!(typeof share === 'number' && share >= 0 && share <= 1)) {
    throw new RangeError(`share must be a number from 0 to 1, got ${describeValue(share)}`);
  }
  if (key !== undefined && random !== undefined) {
    throw new TypeError('sample decides by a key or at random, not by both');
  }
  if (key !== undefined) {
    const hash = new ValueHash();
    const below = share * 2 ** 32;
    return filter((value) => {
      try {
        hash.update(key(value));
      } catch (error) {
        if (errors === undefined) throw error;
        errors.next({ value, error });
        return false;
      }
      return hash.high < below;
    });
  }
  if (random === undefined) throw new TypeError('sample needs a key or a random source');
  return filter(() => random() < share);
}

import { filter, type OperatorFunction } from 'rxjs';
import { Watermark } from './watermark.ts';

/**
 * Takes the watermarks out of a stream and passes the values on.
 *
 * @example
 * ```ts
 * of({ time: 1 }, new Watermark(1)).pipe(withoutWatermarks()); // => { time: 1 }
 * ```
 */
export function withoutWatermarks<T>(): OperatorFunction<T | Watermark, T> {
  return filter((value): value is T => !(value instanceof Watermark));
}

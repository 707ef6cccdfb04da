import { Subject } from 'rxjs';
import {
  collect,
  tumblingWindow,
  type TumblingWindowOptions,
  Watermark,
  type WindowResult,
  withoutWatermarks,
} from 'breakwater/streams';

export interface Values {
  readonly values: readonly number[];
}
export type PlayOptions = TumblingWindowOptions<number, Values, undefined>;

/** Windows of 10 ms over numbers that are their own time. */
export const perTen: PlayOptions = { sizeMs: 10, time: (value) => value, aggregate: { values: collect() } };

/** Feeds a window by hand; `told` gives what it has emitted since it was last asked. */
export function playTumbling(options: Partial<PlayOptions> = {}) {
  const source = new Subject<number | Watermark>();
  let results: WindowResult<undefined, Values>[] = [];
  let failure: unknown;
  const subscription = source.pipe(tumblingWindow({ ...perTen, ...options }), withoutWatermarks()).subscribe({
    next: (result) => results.push(result),
    error: (error: unknown) => (failure = error),
  });
  return {
    subscription,
    push: (...values: readonly number[]) => values.forEach((value) => source.next(value)),
    mark: (time: number) => source.next(new Watermark(time)),
    complete: () => source.complete(),
    failure: () => failure,
    told: () => {
      const told = results.map(({ start, timing, revision, final, values, late }) => {
        return { start, timing, revision, final, values, late };
      });
      results = [];
      return told;
    },
  };
}

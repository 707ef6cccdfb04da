import { from, groupBy, mergeMap, type Observable } from 'rxjs';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure } from '../harness/row.ts';
import { type Call, drawCalls } from './calls.ts';

/** What a window says of its calls. */
export interface Figures {
  readonly n: number;
  readonly total: number;
  readonly slowest: number;
}

export const nothing: Figures = { n: 0, total: 0, slowest: -Infinity };
export const withCall = ({ n, total, slowest }: Figures, { ms }: Call): Figures => ({
  n: n + 1,
  total: total + ms,
  slowest: Math.max(slowest, ms),
});
export const figuresOf = (calls: readonly Call[]): Figures => calls.reduce(withCall, nothing);

/** Says how many results there were. */
export type GatherCalls = (calls: readonly Call[]) => number | Promise<number>;

/** Runs calls of 1,000 users through what gathers them without knowing of event time. */
export function gathering(
  count: number,
  least: number,
  prepare: () => GatherCalls | Promise<GatherCalls>,
): () => Promise<Measure> {
  return async () => {
    const calls = drawCalls(count, 1_000, 100);
    const gather = await prepare();
    return async () => {
      let results = 0;
      const rate = await ratePerCore(count, async () => {
        results = await gather(calls);
      });
      if (results < least) throw new Error(`only ${results} results`);
      return rate;
    };
  };
}

/** Runs each group of RxJS through `operate`. */
export function inGroups(
  groupOf: (call: Call) => string,
  operate: (group: Observable<Call>) => Observable<Figures>,
): () => GatherCalls {
  return () => (calls) => {
    let results = 0;
    from(calls)
      .pipe(groupBy(groupOf), mergeMap(operate))
      .subscribe(() => (results += 1));
    return results;
  };
}

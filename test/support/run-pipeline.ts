import type { Observable } from 'rxjs';

/** All that a synchronous source emits. Throws its error, and where it does not complete. */
export function emissionsOf<T>(source: Observable<T>): T[] {
  const emitted: T[] = [];
  let ended: { readonly error?: unknown } | undefined;
  source
    .subscribe({
      next: (value) => emitted.push(value),
      error: (error: unknown) => (ended = { error }),
      complete: () => (ended = {}),
    })
    .unsubscribe();
  if (ended === undefined) throw new Error('the source has not completed');
  if ('error' in ended) throw ended.error;
  return emitted;
}

/** The nearest-rank percentile of the EXPECTED figures: element ceil(p / 100 × n) of the sorted numbers. */
export function nearestRank(numbers: readonly number[], percent: number): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.ceil((percent * numbers.length) / 100) - 1];
}

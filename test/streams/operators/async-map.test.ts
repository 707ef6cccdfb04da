import { of, Subject, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AsyncMapper, type AsyncMapParts } from '../../../streams/operators/async-map.ts';
import { runFlow } from '../../../streams/operators/flow-stage.ts';

interface Run {
  readonly seen: unknown[];
  readonly ends: unknown[];
}

function mapped<T, R>(
  source: Observable<T>,
  map: (value: T) => R | PromiseLike<R>,
  parts: Partial<AsyncMapParts<T, R>> = {},
): Run & { readonly results: Observable<R> } {
  const results = source.pipe(
    runFlow<T, R>(
      (output) =>
        new AsyncMapper<T, R>(
          { name: 'look up', map, concurrency: 2, capacity: 3, inOrder: true, errors: undefined, ...parts },
          output,
        ),
    ),
  );
  return { seen: [], ends: [], results };
}

function watch<R>({ results, seen, ends }: Run & { readonly results: Observable<R> }): void {
  results.subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => ends.push(String(error)),
    complete: () => ends.push('complete'),
  });
}

/** Calls that end when they are told to. */
function calls(): {
  readonly call: (n: number) => Promise<string>;
  readonly end: (n: number) => Promise<void>;
} {
  const ends = new Map<number, (result: string) => void>();
  return {
    call: (n) => new Promise((resolve) => ends.set(n, resolve)),
    end: async (n) => {
      ends.get(n)?.(`done ${n}`);
      await new Promise(setImmediate);
    },
  };
}

describe('AsyncMapper', () => {
  it('emits what a function returns at once: null, nothing, texts and numbers too', () => {
    const odd = [null, undefined, 'text', 0, false, { value: 1 }];
    const run = mapped(of(...odd), (value) => value);
    watch(run);

    expect(run.seen).toEqual(odd);
    expect(run.ends).toEqual(['complete']);
  });

  it('lets a consumer finish with a result before it gets the next, one that feeds the source included', () => {
    const source = new Subject<number>();
    const log: string[] = [];
    const { results } = mapped(source, (n) => n);
    results.subscribe((n) => {
      log.push(`begin ${n}`);
      if (n < 3) source.next(n + 1);
      log.push(`end ${n}`);
    });
    source.next(1);

    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('keeps the order of values where one fed by the consumer comes before one that waits', async () => {
    const { call, end } = calls();
    const source = new Subject<number>();
    const run = mapped(source, call, { concurrency: 1 });
    watch(run);
    for (const n of [1, 2, 3]) source.next(n);
    for (const n of [1, 2, 3]) await end(n);

    expect(run.seen).toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('emits each result once and as it comes, where order does not matter, and completes after the last', async () => {
    const { call, end } = calls();
    const run = mapped(of(1, 2), call, { inOrder: false });
    watch(run);
    await end(2);
    expect([run.seen, run.ends]).toEqual([['done 2'], []]);
    await end(1);

    expect([run.seen, run.ends]).toEqual([['done 2', 'done 1'], ['complete']]);
  });

  it('names itself and its capacity when more values wait', () => {
    const run = mapped(of(1, 2, 3, 4, 5, 6), () => new Promise<never>(() => {}));
    watch(run);

    expect(run.ends).toEqual([
      'QueueFullError: look up already holds capacity = 3 values; raise it or slow the source',
    ]);
  });
});

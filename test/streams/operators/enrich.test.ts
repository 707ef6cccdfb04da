import fc from 'fast-check';
import { from, of, Subject } from 'rxjs';
import { enrich, type EnrichOptions, type FailedValue } from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';

type Options = Partial<EnrichOptions<string, string, string, string>>;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Look-ups that are answered by hand, of values whose key is their first letter. */
function world(options: Options = {}) {
  const source = new Subject<string>();
  const asked: string[] = [];
  const answers: ((found: string | Error) => void)[] = [];
  const seen: string[] = [];
  let ended: unknown = 'no';
  let signal: AbortSignal | undefined;
  const subscription = source
    .pipe(
      enrich({
        key: (value: string) => value[0] ?? '',
        lookUp: (key, ending) => {
          signal = ending;
          asked.push(key);
          return new Promise<string>((resolve, reject) => {
            answers.push((found) => (found instanceof Error ? reject(found) : resolve(found)));
          });
        },
        combine: (value, found) => `${value}:${found}`,
        ...options,
      }),
    )
    .subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => (ended = error),
      complete: () => (ended = 'completed'),
    });
  const answer = async (at: number, found: string | Error): Promise<void> => {
    answers[at]?.(found);
    await settle();
  };
  return { source, asked, answer, seen, subscription, ended: () => ended, signal: () => signal };
}

describe('enrich', () => {
  it('keeps the order of the values, however the look-ups end', async () => {
    const { source, answer, seen, ended } = world();
    for (const value of ['a', 'b', 'c']) source.next(value);
    source.complete();
    await answer(2, 'C');
    await answer(1, 'B');
    expect(seen).toEqual([]);
    await answer(0, 'A');
    expect([seen, ended()]).toEqual([['a:A', 'b:B', 'c:C'], 'completed']);
  });

  it('emits what is there, where the order does not matter', async () => {
    const { source, answer, seen } = world({ order: 'none' });
    for (const value of ['a', 'b']) source.next(value);
    await answer(1, 'B');
    expect(seen).toEqual(['b:B']);
  });

  it('combines each value with what belongs to it, in order, for every schedule of answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 20, size: 'max' }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 2 }),
        async (names, choices, concurrency, maxEntries) => {
          const open: (() => void)[] = [];
          const seen: string[] = [];
          let most = 0;
          from(names)
            .pipe(
              enrich({
                key: (name) => name,
                lookUp: (key) =>
                  new Promise<string>((resolve) => {
                    open.push(() => resolve(key.toUpperCase()));
                    most = Math.max(most, open.length);
                  }),
                combine: (name, found) => `${name}${found}`,
                concurrency,
                maxEntries,
              }),
            )
            .subscribe((value) => seen.push(value));
          while (open.length > 0) {
            const [resolve] = open.splice((choices.next().value as number) % open.length, 1);
            resolve?.();
            await settle();
          }
          expect(seen).toEqual(names.map((name) => `${name}${name.toUpperCase()}`));
          expect(most).toBeLessThanOrEqual(concurrency);
        },
      ),
    );
  });

  it('asks once for values of one key, while the look-up runs and after', async () => {
    const { source, asked, answer, seen } = world();
    for (const value of ['a1', 'a2']) source.next(value);
    await answer(0, 'A');
    source.next('a3');
    expect([asked, seen]).toEqual([['a'], ['a1:A', 'a2:A', 'a3:A']]);
  });

  it('remembers the maxEntries used last', async () => {
    const { source, asked, answer } = world({ maxEntries: 2 });
    for (const [at, value] of ['a', 'b'].entries()) {
      source.next(value);
      await answer(at, value);
    }
    source.next('a');
    source.next('c');
    await answer(2, 'c');
    source.next('a');
    expect(asked).toEqual(['a', 'b', 'c']);
    source.next('b');
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it('remembers nothing where maxEntries is 0', async () => {
    const { source, asked, answer } = world({ maxEntries: 0 });
    for (const at of [0, 1]) {
      source.next('a');
      await answer(at, 'A');
    }
    expect(asked).toEqual(['a', 'a']);
  });

  it.each([[undefined], [null], [{ then: 'a text' }], [{}], ['then']])(
    'takes what is found at once, no promise, for what it is: %j',
    (found) => {
      const seen: unknown[] = [];
      of(1)
        .pipe(enrich({ key: (n) => n, lookUp: () => found as unknown, combine: (_n, what) => [what] }))
        .subscribe((one) => seen.push(one));
      expect(seen).toEqual([[found]]);
    },
  );

  it('asks again when an entry is older than ttlMs', async () => {
    const clock = createVirtualClock();
    clock.advanceBySync(7_000);
    const { source, asked, answer } = world({ ttlMs: 100, clock });
    source.next('a');
    await answer(0, 'A');
    clock.advanceBySync(99);
    source.next('a');
    expect(asked).toEqual(['a']);
    clock.advanceBySync(1);
    source.next('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('has at most concurrency values at work, a slow one in front included', async () => {
    const { source, asked, answer, seen } = world({ concurrency: 2 });
    for (const value of ['a', 'b', 'c']) source.next(value);
    await answer(1, 'B');
    expect([asked, seen]).toEqual([['a', 'b'], []]);
    await answer(0, 'A');
    expect([asked, seen]).toEqual([
      ['a', 'b', 'c'],
      ['a:A', 'b:B'],
    ]);
  });

  it('fails with a look-up; or hands the value to errors, goes on, and asks again later', async () => {
    const failing = world();
    failing.source.next('a');
    await failing.answer(0, new Error('down'));
    expect(failing.ended()).toMatchObject({ message: 'down' });

    const failed: FailedValue<string>[] = [];
    const living = world({ errors: { next: (one) => failed.push(one) } });
    for (const value of ['a', 'b']) living.source.next(value);
    await living.answer(1, 'B');
    await living.answer(0, new Error('down'));
    living.source.next('a');
    expect(failed).toMatchObject([{ value: 'a', error: { message: 'down' } }]);
    expect([living.seen, living.asked, living.ended()]).toEqual([['b:B'], ['a', 'b', 'a'], 'no']);
  });

  it('takes what throws at once for failed too: key, lookUp and combine', () => {
    const failed: string[] = [];
    const broken = (): never => {
      throw new Error('broken');
    };
    const parts = { key: (n: number) => n, lookUp: (n: number) => n, combine: (n: number) => n };
    const errors = { next: ({ value }: FailedValue<number>) => failed.push(`${value}`) };
    for (const part of ['key', 'lookUp', 'combine'])
      of(1)
        .pipe(enrich({ ...parts, [part]: broken, errors }))
        .subscribe();
    expect(failed).toEqual(['1', '1', '1']);
  });

  it.each(['kept', 'none'] as const)(
    'tells look-ups that the stream has ended, and shows nothing more: order %s',
    async (order) => {
      const failed: FailedValue<string>[] = [];
      const errors = { next: (one: FailedValue<string>) => failed.push(one) };
      const { source, answer, seen, signal, subscription } = world({ errors, order });
      source.next('a');
      source.next('b');
      expect(signal()?.aborted).toBe(false);
      subscription.unsubscribe();
      await answer(0, 'A');
      await answer(1, new Error('down'));
      expect([signal()?.aborted, seen, failed]).toEqual([true, [], []]);
    },
  );

  it('fails when more than capacity values wait', () => {
    const { source, ended } = world({ concurrency: 1, capacity: 1 });
    for (const value of ['a', 'b', 'c']) source.next(value);
    expect(ended()).toMatchObject({ code: 'ERR_QUEUE_FULL' });
    expect(String(ended())).toContain('enrich');
  });

  it.each<[Options, RegExp]>([
    [{ concurrency: 0 }, /concurrency must be/],
    [{ capacity: -1 }, /capacity must be/],
    [{ maxEntries: -1 }, /maxEntries must be/],
    [{ ttlMs: 0 }, /ttlMs must be above 0, got 0/],
    [{ ttlMs: 5 }, /ttlMs needs a clock/],
    [{ order: 'all' as 'none' }, /order must be kept or none, got "all"/],
  ])('refuses %j', (options, message) => {
    expect(() => world(options)).toThrow(message);
  });
});

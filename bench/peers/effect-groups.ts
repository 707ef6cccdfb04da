import { importPeer } from '../harness/peers.ts';

type Step = (input: unknown) => unknown;
/** A stream or an effect; what it is made of is for the steps to know. */
interface Pipeable {
  pipe(...steps: readonly Step[]): unknown;
}

interface EffectModule {
  readonly Effect: { readonly runPromise: (effect: unknown) => Promise<unknown> };
  readonly Stream: {
    readonly fromIterable: (items: Iterable<unknown>) => Pipeable;
    readonly groupByKey: (keyOf: (value: never) => unknown) => Step;
    readonly flatMap: (
      map: (group: readonly [key: unknown, values: Pipeable]) => unknown,
      options: { readonly concurrency: 'unbounded' },
    ) => Step;
    readonly grouped: (size: number) => Step;
    readonly groupedWithin: (size: number, duration: string) => Step;
    readonly map: (map: (value: never) => unknown) => Step;
    readonly runCount: Step;
  };
}

/** When a group of values of one key is full: so many are there, or so much time has passed on the clock. */
export type Until = { readonly count: number } | { readonly seconds: number };

/** Gathers values by key with Effect's Stream, and says how many groups came out. */
export async function effectGroups<T>(
  keyOf: (value: T) => unknown,
  until: Until,
  fold: (values: readonly T[]) => unknown,
): Promise<(values: readonly T[]) => Promise<number>> {
  const { Effect, Stream } = await importPeer<EffectModule>('effect');
  const gather =
    'count' in until
      ? Stream.grouped(until.count)
      : Stream.groupedWithin(Number.MAX_SAFE_INTEGER, `${until.seconds} seconds`);
  return async (values) => {
    const groups = Stream.fromIterable(values).pipe(
      Stream.groupByKey(keyOf),
      Stream.flatMap(([, group]) => group.pipe(gather, Stream.map(fold)), { concurrency: 'unbounded' }),
      Stream.runCount,
    );
    return (await Effect.runPromise(groups)) as number;
  };
}

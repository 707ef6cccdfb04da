import fc from 'fast-check';
import { from, type Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  joinAsOf,
  joinInterval,
  joinWindow,
  type JoinKind,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Item {
  readonly id: string;
  readonly key: string;
  readonly time: number;
}

type Pair = readonly [left: string | null, right: string | null];

const boundMs = 5;
const kinds = fc.constantFrom<JoinKind>('inner', 'left', 'right', 'full');
const keys = { leftKey: (item: Item): string => item.key, rightKey: (item: Item): string => item.key };

/** Items that come late by at most the bound, in the order they come. */
function items(side: string): fc.Arbitrary<Item[]> {
  const drafts = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      time: fc.integer({ min: 0, max: 40 }),
      delay: fc.integer({ min: 0, max: boundMs }),
    }),
    { maxLength: 12, size: 'max' },
  );
  return drafts.map((all) =>
    all
      .toSorted((a, b) => a.time + a.delay - (b.time + b.delay))
      .map(({ key, time }, index) => ({ id: `${side}${index}`, key, time })),
  );
}

/** Both inputs as one source feeds them: the choices say which is next. */
const fedInTurns = fc.tuple(items('l'), items('r'), fc.infiniteStream(fc.boolean()));

function feed<O>(
  [lefts, rights, choices]: readonly [Item[], Item[], Iterator<boolean>],
  join: (left: Observable<Item | Watermark>, right: Observable<Item | Watermark>) => Observable<O>,
): O[] {
  const [left, right] = [new Subject<Item>(), new Subject<Item>()];
  const emitted: O[] = [];
  join(left.pipe(withWatermarks({ boundMs })), right.pipe(withWatermarks({ boundMs }))).subscribe({
    next: (value) => emitted.push(value),
    error: (error: unknown) => {
      throw error;
    },
  });
  const [waitingLeft, waitingRight] = [lefts.slice(), rights.slice()];
  while (waitingLeft.length + waitingRight.length > 0) {
    const goesLeft = waitingRight.length === 0 || (waitingLeft.length > 0 && choices.next().value === true);
    const item = (goesLeft ? waitingLeft : waitingRight).shift();
    if (item !== undefined) (goesLeft ? left : right).next(item);
  }
  left.complete();
  right.complete();
  return emitted;
}

function idsOf({ left, right }: { readonly left: Item | null; readonly right: Item | null }): Pair {
  return [left?.id ?? null, right?.id ?? null];
}

const sorted = (pairs: readonly Pair[]): string[] => pairs.map((pair) => pair.join(' + ')).toSorted();

/** Every pair that belongs together, and what is left over, by two loops. */
function nestedLoops(
  lefts: readonly Item[],
  rights: readonly Item[],
  kind: JoinKind,
  belong: (left: Item, right: Item) => boolean,
): Pair[] {
  const pairs: Pair[] = [];
  for (const left of lefts) {
    for (const right of rights) {
      if (left.key === right.key && belong(left, right)) pairs.push([left.id, right.id]);
    }
  }
  const alone = (items: readonly Item[], side: 0 | 1): Item[] =>
    items.filter(({ id }) => !pairs.some((pair) => pair[side] === id));
  if (kind === 'left' || kind === 'full') pairs.push(...alone(lefts, 0).map(({ id }): Pair => [id, null]));
  if (kind === 'right' || kind === 'full') pairs.push(...alone(rights, 1).map(({ id }): Pair => [null, id]));
  return pairs;
}

describe('joins', () => {
  it('equal nested loops, for intervals', () => {
    const interval = fc.tuple(fc.integer({ min: -10, max: 10 }), fc.integer({ min: 0, max: 10 }));
    fc.assert(
      fc.property(fedInTurns, kinds, interval, (input, kind, [fromMs, length]) => {
        const [lefts, rights] = input;
        const toMs = fromMs + length;
        const pairs = feed(input, (left, right) =>
          left.pipe(joinInterval(right, { ...keys, fromMs, toMs, kind }), withoutWatermarks()),
        ).map(idsOf);

        const near = (left: Item, right: Item): boolean =>
          right.time - left.time >= fromMs && right.time - left.time <= toMs;
        expect(sorted(pairs)).toEqual(sorted(nestedLoops(lefts, rights, kind, near)));
      }),
      { numRuns: 300 },
    );
  });

  it('equal nested loops, for windows that touch or overlap', () => {
    const grids = fc.constantFrom([10, 10, 0], [10, 5, 0], [10, 3, 2], [7, 7, 4]);
    fc.assert(
      fc.property(fedInTurns, kinds, grids, (input, kind, [sizeMs = 1, hopMs = 1, offsetMs = 0]) => {
        const [lefts, rights] = input;
        const results = feed(input, (left, right) =>
          left.pipe(joinWindow(right, { ...keys, sizeMs, hopMs, offsetMs, kind }), withoutWatermarks()),
        );

        const loops: Pair[] = [];
        for (let start = offsetMs - 20 * hopMs; start < 60; start += hopMs) {
          const inside = ({ time }: Item): boolean => time >= start && time < start + sizeMs;
          loops.push(...nestedLoops(lefts.filter(inside), rights.filter(inside), kind, () => true));
        }
        expect(sorted(results.map(idsOf))).toEqual(sorted(loops));
      }),
      { numRuns: 300 },
    );
  });

  it('equal a search of all right values, as of', () => {
    const tolerances = fc.constantFrom(0, 3, 10, Infinity);
    fc.assert(
      fc.property(fedInTurns, fc.constantFrom('inner', 'left'), tolerances, (input, kind, toleranceMs) => {
        const [lefts, rights] = input;
        const pairs = feed(input, (left, right) =>
          left.pipe(joinAsOf(right, { ...keys, kind, toleranceMs }), withoutWatermarks()),
        ).map(idsOf);

        const inOrder = lefts.toSorted((a, b) => a.time - b.time);
        const searched = inOrder.map(({ id, key, time }): Pair => {
          const before = rights
            .filter((right) => right.key === key && right.time <= time && time - right.time <= toleranceMs)
            .toSorted((a, b) => a.time - b.time);
          return [id, before.at(-1)?.id ?? null];
        });
        expect(pairs).toEqual(kind === 'left' ? searched : searched.filter(([, right]) => right !== null));
      }),
      { numRuns: 300 },
    );
  });

  it('never emit a result that is late behind their own watermark', () => {
    const joins = fc.constantFrom(
      (left: Observable<Item | Watermark>, right: Observable<Item | Watermark>) =>
        left.pipe(joinInterval(right, { ...keys, fromMs: -7, toMs: 9, kind: 'full' })),
      (left: Observable<Item | Watermark>, right: Observable<Item | Watermark>) =>
        left.pipe(joinWindow(right, { ...keys, sizeMs: 10, kind: 'full' })),
      (left: Observable<Item | Watermark>, right: Observable<Item | Watermark>) =>
        left.pipe(joinAsOf(right, keys)),
    );
    fc.assert(
      fc.property(fedInTurns, joins, (input, join) => {
        let mark = -Infinity;
        for (const result of feed(input, join)) {
          if ('left' in result) expect(result.time).toBeGreaterThanOrEqual(mark);
          else {
            expect(result.time).toBeGreaterThan(mark);
            mark = result.time;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('take a synchronous source on either side', () => {
    const numbers = Array.from({ length: 5_000 }, (_, time) => ({ id: `${time}`, key: 'k', time }));
    const source = (): Observable<Item | Watermark> => from(numbers).pipe(withWatermarks());

    const pairs = emissionsOf(
      source().pipe(joinInterval(source(), { ...keys, fromMs: 0, toMs: 0 }), withoutWatermarks()),
    );
    expect(pairs).toHaveLength(numbers.length);
  });
});

/** Which values without a partner are in the results too, with `null` beside them. */
export type JoinKind = 'inner' | 'left' | 'right' | 'full';

/** A value of the left side and one of the right that belong together. */
export interface Joined<L, R, K> {
  readonly key: K;
  readonly left: L;
  readonly right: R;
  /** Event time of the result. */
  readonly time: number;
  /** How many values came too late since the result before; 0 where the `late` output takes them. */
  readonly late: number;
}

/** The left side of a result: nullable where a right value may stand alone. */
export type LeftOf<L, Kind> = Kind extends 'right' | 'full' ? L | null : L;

/** The right side of a result: nullable where a left value may stand alone. */
export type RightOf<R, Kind> = Kind extends 'left' | 'full' ? R | null : R;

/** A value of one of the two inputs of a join. */
export type JoinInput<L, R> =
  | { readonly side: 'left'; readonly value: L }
  | { readonly side: 'right'; readonly value: R };

export function keepsLeft(kind: JoinKind): boolean {
  return kind === 'left' || kind === 'full';
}

export function keepsRight(kind: JoinKind): boolean {
  return kind === 'right' || kind === 'full';
}

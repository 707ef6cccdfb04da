/** What windows can be kept apart by. */
export type WindowKey = string | number | bigint | boolean | undefined;

/**
 * Why a window gave a result: `early`, before the watermark passed its end; `on-time`, when it did; `late`,
 * for a value that came after that, within the allowed lateness.
 */
export type WindowTiming = 'early' | 'on-time' | 'late';

/** What every result of a window says beside its figures. */
export interface WindowFrame<K> {
  /** The key; `undefined` in a window over all. */
  readonly key: K;
  /** Event time where the window begins. */
  readonly start: number;
  /** Event time where it ends; no longer part of it. */
  readonly end: number;
  /** Event time of the result: the last moment of the window, so that windows can follow on windows. */
  readonly time: number;
  readonly timing: WindowTiming;
  /** How many results of this window came before: 0 for its first. */
  readonly revision: number;
  /** Whether no further result of this window can come. */
  readonly final: boolean;
  /** How many values came too late since the result before; 0 where the `late` output takes them. */
  readonly late: number;
  /** The same for the same result of a second run: name, start, key and revision. */
  readonly id: string;
}

/** A result of a window: the frame, and one property for each aggregate. */
export type WindowResult<K, R> = WindowFrame<K> & { readonly [Name in keyof R]: R[Name] };

/** Names that no aggregate may have. */
export const frameNames: readonly string[] = [
  'key',
  'start',
  'end',
  'time',
  'timing',
  'revision',
  'final',
  'late',
  'id',
];

/** The id of a result. The key stands last but one, as it alone may hold any text. */
export function resultId(name: string, start: number, key: WindowKey, revision: number): string {
  return `${name}/${start}/${key === undefined ? '' : String(key)}#${revision}`;
}

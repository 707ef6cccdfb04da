import { from, map } from 'rxjs';
import {
  matchPattern,
  type MatchPatternOptions,
  pattern,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { emissionsOf } from './run-pipeline.ts';

/** An event for tests of patterns. */
export interface Letter {
  readonly what: string;
  readonly time: number;
  readonly key?: string;
}

export type LetterItem = Letter | Watermark;

/** A condition for one letter. */
export const is =
  (what: string) =>
  (letter: Letter): boolean =>
    letter.what === what;

/** An `a`, and some time after it a `b`. */
export const aThenB = pattern<Letter>().begin('a', is('a')).followedBy('b', is('b'));

export const letterAt = (time: number, what: string, key = 'k'): Letter => ({ what, time, key });

/** Letters at 1, 2, 3 …; a blank is a moment without one. */
export function letters(text: string): Letter[] {
  return text
    .split('')
    .map((what, index) => ({ what, time: index + 1 }))
    .filter(({ what }) => what !== ' ');
}

/** The events of a match as `name:letters with their times`. */
export function shown({ events }: { readonly events: object }): string {
  return Object.entries(events as Readonly<Record<string, readonly Letter[]>>)
    .map(([name, taken]) => `${name}:${taken.map(({ what, time }) => what + time).join(',')}`)
    .join(' ');
}

/** The matches of a text. */
export function matchesIn<S extends object>(
  text: string,
  sought: Parameters<typeof matchPattern<Letter, S>>[0],
  options: MatchPatternOptions<Letter, S> = {},
): string[] {
  return emissionsOf(
    from(letters(text)).pipe(
      withWatermarks(),
      matchPattern(sought, options),
      withoutWatermarks(),
      map(shown),
    ),
  );
}

import { isCount } from '../is-count.ts';
import { begunAt, isBegun, notBegun, type Begun } from '../leases/begun.ts';

/** Inputs that are tried together at first. */
export const mostTogether = 64;
/** Into how many groups those fall of which an owner has died, when they are tried again. */
export const narrowing = 8;

/** What owners may have died of: the event at a position, or at 0 what came for a key without one, as a delay does. */
export interface Suspect extends Begun {
  readonly key: string;
  /** How many are tried together, from this one on: only who dies of one alone counts against it. */
  readonly size: number;
}

export const noSuspect: Suspect = { ...notBegun, key: '', size: mostTogether };

/** What the next owner suspects: `died` says whether the one before it did. */
export function suspectedNext(before: Suspect, died: boolean): Suspect {
  const { deaths, key, size } = before;
  const next = begunAt(before.sequence, before, died);
  if (!died || !before.tried || size === 1) return { ...next, key, size };
  // It was one of several: fewer of them are tried at a time.
  return { ...next, deaths, key, size: Math.max(1, Math.floor(size / narrowing)) };
}

/** So many inputs are tried, from this one on. */
export function suspectTried(before: Suspect, sequence: number, key: string, size: number): Suspect {
  const same = before.sequence === sequence && before.key === key;
  return { sequence, key, size, crashes: before.crashes, deaths: same ? before.deaths : 0, tried: true };
}

/** What a record says of it. What cannot be read is suspected of nothing: whoever dies of it is counted anew. */
export function readSuspect(value: unknown): Suspect {
  if (!isBegun(value)) return noSuspect;
  const { sequence, crashes, deaths, tried } = value;
  const { key, size }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof key !== 'string' || !isCount(size) || size < 1 || size > mostTogether) return noSuspect;
  return { sequence, crashes, deaths, tried, key, size };
}

import { isCount } from '../is-count.ts';

/** Where an owner of a partition began, and what is suspected of what stands there. */
export interface Begun {
  /** 0 where there was nothing to begin behind. */
  readonly sequence: number;
  /** Owners that died, one after the other, with this and other work in their hands. */
  readonly crashes: number;
  /** Owners that died while they tried this alone. */
  readonly deaths: number;
  /** Whether it is being tried: if the owner dies now, it was this. */
  readonly tried: boolean;
}

export const notBegun: Begun = { sequence: 0, crashes: 0, deaths: 0, tried: false };

/** Owners that died one after the other where they began: one may have been killed by anybody. */
const suspiciousCrashes = 2;

/** What is suspected of the place where an owner begins: `died` says whether the one before it did. */
export function begunAt(sequence: number, before: Begun, died: boolean): Begun {
  const same = sequence === before.sequence;
  const crashes = (same ? before.crashes : 0) + (died ? 1 : 0);
  const deaths = same ? before.deaths + (died && before.tried ? 1 : 0) : 0;
  return { sequence, crashes, deaths, tried: crashes >= suspiciousCrashes || (same && before.tried) };
}

/** Whether a field of a record says so. */
export function isBegun(value: unknown): value is Begun {
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, crashes, deaths, tried }: Readonly<Record<string, unknown>> = { ...value };
  return isCount(sequence) && isCount(crashes) && isCount(deaths) && typeof tried === 'boolean';
}

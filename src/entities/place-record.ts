import { isCount } from '../is-count.ts';
import { encodeJson, readJsonObject } from '../json-record.ts';
import { readSuspect, type Suspect } from './suspect.ts';

/** How far a partition of a kind has come, as it is kept. */
export interface PlaceRecord {
  /** All events up to here are handled and kept, or parked. */
  readonly position: number;
  /** The owner's fencing token: one higher with each owner. */
  readonly epoch: number;
  /** What the owner's commits up to this one have emitted is published. */
  readonly published: number;
  /** The same of owners before, oldest first. */
  readonly before: readonly (readonly [epoch: number, published: number])[];
  readonly begun: Suspect;
  /** Whether its owner has left it: one that did not may have been killed by what it handled. */
  readonly left: boolean;
}

/** More than are ever written. */
const mostBefore = 1_024;

/** JSON, so that an operator can read it with the store's own tools. */
export function encodePlace(record: PlaceRecord): Uint8Array {
  return encodeJson(record);
}

/** Undefined for bytes that are none: somebody else may write there. */
export function decodePlace(bytes: Uint8Array): PlaceRecord | undefined {
  const value = readJsonObject(bytes);
  if (value === undefined) return undefined;
  const { position, epoch, published, before, begun, left } = value;
  if (!isPlace(position) || !isPlace(epoch) || !isPlace(published)) return undefined;
  if (!Array.isArray(before) || before.length > mostBefore) return undefined;
  const owners: [number, number][] = [];
  for (const owner of before as readonly unknown[]) {
    if (!Array.isArray(owner)) return undefined;
    const [of, number] = owner as readonly unknown[];
    if (!isPlace(of) || !isPlace(number)) return undefined;
    owners.push([of, number]);
  }
  return { position, epoch, published, before: owners, begun: readSuspect(begun), left: left !== false };
}

/** Leaves room for those that come after it. */
function isPlace(value: unknown): value is number {
  return isCount(value) && value < 2 ** 52;
}

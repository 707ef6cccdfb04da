import { isCount } from '../is-count.ts';
import { encodeJson, readJsonObject } from '../json-record.ts';
import { isBegun, notBegun, type Begun } from '../leases/begun.ts';

/** A message of which something is not settled, and the places in it of what is. */
export type OpenMessage = readonly [sequence: number, ...settled: number[]];

/** How far a partition's messages have been settled. */
export interface Settled {
  /** All messages up to this sequence are settled, but those in `open`; 0 where nothing has come yet. */
  readonly through: number;
  /** In the order of the stream. */
  readonly open: readonly OpenMessage[];
}

/** What is kept of a partition, for its next owner. */
export interface PartitionProgress extends Settled {
  /** The owner's. */
  readonly token: number;
  /** Consumers that may be there; the last is the owner's. */
  readonly consumers: readonly string[];
  readonly begun: Begun;
  /** Whether its owner has handed it over: one that did not may have been killed by what it handled. */
  readonly left: boolean;
}

export const noProgress: PartitionProgress = {
  token: 0,
  consumers: [],
  through: 0,
  open: [],
  begun: notBegun,
  left: true,
};

/** The first sequence that is not settled; `undefined` where nothing has come yet. */
export function firstOpen({ through, open }: Settled): number | undefined {
  const [first] = open;
  if (first !== undefined) return first[0];
  return through === 0 ? undefined : through + 1;
}

/** Writes progress as JSON, which an operator can read with the server's own tools. */
export function encodeProgress(progress: PartitionProgress): Uint8Array {
  return encodeJson(progress);
}

/** Reads progress; `undefined` for bytes that are none, as somebody else may write to the bucket. */
export function decodeProgress(bytes: Uint8Array): PartitionProgress | undefined {
  const value = readJsonObject(bytes);
  if (value === undefined) return undefined;
  const { token, consumers, through, open, begun, left } = value;
  if (!isCount(token) || !isCount(through) || !isBegun(begun) || typeof left !== 'boolean') return undefined;
  if (!isListOf(consumers, isName) || !isListOf(open, isOpenMessage)) return undefined;
  return { token, consumers, through, open, begun, left };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isOpenMessage(value: unknown): value is OpenMessage {
  return isListOf(value, isCount) && value.length > 0;
}

function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(isOne);
}

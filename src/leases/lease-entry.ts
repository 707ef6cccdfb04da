import { isCount } from '../is-count.ts';
import { encodeJson, readJsonObject } from '../json-record.ts';

/** Who owns a partition. */
export interface PartitionEntry {
  /** The member that may work on it; undefined when it was handed back. */
  readonly owner: string | undefined;
  /** The fencing token: one higher with each new owner. */
  readonly token: number;
}

/** What a member says of itself with each heartbeat. */
export interface MemberEntry {
  /** It is on its way out and wants no partitions. */
  readonly leaving: boolean;
}

/** Bytes of an entry: JSON, so that an operator can read it with the store's own tools. */
export function encodeEntry(entry: PartitionEntry | MemberEntry): Uint8Array {
  return encodeJson(entry);
}

/** Reads a partition's entry; `undefined` for bytes that are none, as somebody else may write to the bucket. */
export function decodePartition(bytes: Uint8Array): PartitionEntry | undefined {
  const value = readJsonObject(bytes);
  if (value === undefined) return undefined;
  const { owner, token } = value;
  if (owner !== undefined && typeof owner !== 'string') return undefined;
  if (!isCount(token)) return undefined;
  return { owner, token };
}

/** Reads a member's entry; `undefined` for bytes that are none. */
export function decodeMember(bytes: Uint8Array): MemberEntry | undefined {
  const value = readJsonObject(bytes);
  return typeof value?.['leaving'] === 'boolean' ? { leaving: value['leaving'] } : undefined;
}

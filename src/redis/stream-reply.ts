import type { EntryFields } from './entry-format.ts';

/** An entry as the server gave it. */
export interface StreamEntry {
  readonly id: string;
  /** Field, value, field, value; whoever wrote it decided. Undefined where the entry has been deleted. */
  readonly fields: readonly Buffer[] | undefined;
}

/** Reads a list of entries. What is no entry is left out: only a server that is none would send it. */
export function readEntries(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return [];
  const entries: StreamEntry[] = [];
  for (const item of reply as unknown[]) {
    if (!Array.isArray(item)) continue;
    const [id, fields] = item as unknown[];
    if (!isText(id)) continue;
    entries.push({
      id: id.toString(),
      fields: Array.isArray(fields) ? fields.filter((field) => Buffer.isBuffer(field)) : undefined,
    });
  }
  return entries;
}

/** The fields of an entry that are ours; empty where they are missing. */
export function entryFields(fields: readonly Buffer[]): EntryFields {
  let type = '';
  let count = '';
  let events: Uint8Array = Buffer.alloc(0);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at]?.toString('latin1');
    const value = fields[at + 1];
    if (value === undefined) continue;
    if (name === 'type') type = value.toString('utf8', 0, 200);
    else if (name === 'count') count = value.toString('latin1', 0, 16);
    else if (name === 'events') events = value;
  }
  return { type, count, events };
}

/** What was delivered and not acknowledged. */
export interface PendingEntry {
  readonly id: string;
  readonly deliveries: number;
}

/** Reads the answer of XPENDING with a range. */
export function readPending(reply: unknown): PendingEntry[] {
  if (!Array.isArray(reply)) return [];
  const pending: PendingEntry[] = [];
  for (const item of reply as unknown[]) {
    if (!Array.isArray(item)) continue;
    const [id, , , deliveries] = item as unknown[];
    if (isText(id)) pending.push({ id: id.toString(), deliveries: Number(deliveries) });
  }
  return pending;
}

/** Which of two ids of a stream comes first: below 0 for the left one. */
export function compareIds(left: string, right: string): number {
  const [leftMs = '0', leftNumber = '0'] = left.split('-');
  const [rightMs = '0', rightNumber = '0'] = right.split('-');
  return Number(leftMs) - Number(rightMs) || Number(leftNumber) - Number(rightNumber);
}

function isText(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

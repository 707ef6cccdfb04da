import { isCount } from '../is-count.ts';
import { readJsonObject } from '../json-record.ts';

/** What the processes that share a breaker know of it. */
export interface BreakerRecord {
  readonly state: 'closed' | 'open' | 'probing';
  /** Who wrote it: one subscriber of one run of one process. */
  readonly by: string;
  /** Milliseconds that it stays open, or that its prober has for the trials; 0 when closed. */
  readonly forMs: number;
  /** How often it has opened since it was last closed. */
  readonly opens: number;
}

/** Far beyond what is ever written, so that what is longer need not be parsed. */
const mostBytes = 1024;

/** Reads a record; `undefined` for bytes that are none, as somebody else may write to the bucket. */
export function decodeBreakerRecord(bytes: Uint8Array): BreakerRecord | undefined {
  const value = bytes.length > mostBytes ? undefined : readJsonObject(bytes);
  if (value === undefined) return undefined;
  const { state, by, forMs, opens } = value;
  if (state !== 'closed' && state !== 'open' && state !== 'probing') return undefined;
  if (typeof by !== 'string' || by === '') return undefined;
  if (typeof forMs !== 'number' || !Number.isFinite(forMs) || forMs < 0) return undefined;
  if (!isCount(opens)) return undefined;
  return { state, by, forMs, opens };
}

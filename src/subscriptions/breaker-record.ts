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

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
/** Far beyond what is ever written, so that what is longer need not be parsed. */
const mostBytes = 1024;

/** Bytes of a record: JSON, so that an operator can read it with the store's own tools. */
export function encodeBreakerRecord(record: BreakerRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** Reads a record; `undefined` for bytes that are none, as somebody else may write to the bucket. */
export function decodeBreakerRecord(bytes: Uint8Array): BreakerRecord | undefined {
  const value = parse(bytes);
  if (value === undefined) return undefined;
  const { state, by, forMs, opens } = value;
  if (state !== 'closed' && state !== 'open' && state !== 'probing') return undefined;
  if (typeof by !== 'string' || by === '') return undefined;
  if (typeof forMs !== 'number' || !Number.isFinite(forMs) || forMs < 0) return undefined;
  if (typeof opens !== 'number' || !Number.isSafeInteger(opens) || opens < 0) return undefined;
  return { state, by, forMs, opens };
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length > mostBytes) return undefined;
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

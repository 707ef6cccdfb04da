import { ByteReader } from '../../streams/event/byte-reader.ts';
import { ByteWriter } from '../../streams/event/byte-writer.ts';
import type { EntityErrorReason } from '../../streams/event/errors.ts';
import { PayloadReader } from '../../streams/event/payload-reader.ts';
import { PayloadWriter } from '../../streams/event/payload-writer.ts';

/** What the owner of a key is asked. */
export interface EntityCall {
  /** The same for each time that it is asked. */
  readonly id: string;
  /**
   * `view`: what the entity is, once all is handled that was published by now. `settle`: whether it has handled the
   * event. `release`: let a parked key go on; with the event that was given up, if one is named.
   */
  readonly ask: 'view' | 'settle' | 'release';
  readonly key: string;
  /** Id of the event that is meant. */
  readonly event: string;
  /** Milliseconds after which nobody waits for the answer. */
  readonly timeoutMs: number;
}

/** What an owner answers. */
export type EntityAnswer =
  /** A record; undefined where the entity has had no event. */
  | { readonly kind: 'view'; readonly record: Uint8Array | undefined }
  | { readonly kind: 'done'; readonly done: boolean }
  | { readonly kind: 'failed'; readonly reason: EntityErrorReason; readonly message: string }
  /** The partition is no longer its own, or it cannot say for now: ask again. */
  | { readonly kind: 'moved' }
  /** It does not understand what was asked. */
  | { readonly kind: 'malformed'; readonly message: string };

/** The form of calls and answers; changed when they are. */
const form = 1;
const maxBytes = 16_777_216;
const maxItems = 1_000;
const longestText = 2_000;
const longestWaitMs = 86_400_000;
const asks = ['view', 'settle', 'release'] as const;
const reasons: readonly EntityErrorReason[] = ['not-hosted', 'failed', 'parked', 'timeout', 'version'];

export function encodeCall({ id, ask, key, event, timeoutMs }: EntityCall): Uint8Array {
  return write([form, id, ask, key, event, Math.min(timeoutMs, longestWaitMs)]);
}

/** Undefined for what is no call. */
export function decodeCall(bytes: Uint8Array): EntityCall | undefined {
  const [found, id, ask, key, event, timeoutMs] = read(bytes);
  const known = asks.find((one) => one === ask);
  if (found !== form || known === undefined) return undefined;
  if (!isText(id) || id === '' || !isText(key) || key === '' || !isText(event)) return undefined;
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= longestWaitMs)) return undefined;
  return { id, ask: known, key, event, timeoutMs };
}

export function encodeAnswer(answer: EntityAnswer): Uint8Array {
  switch (answer.kind) {
    case 'view':
      return write([form, 'view', answer.record ?? null]);
    case 'done':
      return write([form, 'done', answer.done]);
    case 'failed':
      return write([form, 'failed', answer.reason, answer.message.slice(0, longestText)]);
    case 'moved':
      return write([form, 'moved']);
    case 'malformed':
      return write([form, 'malformed', answer.message.slice(0, longestText)]);
  }
}

/** Undefined for what is no answer. */
export function decodeAnswer(bytes: Uint8Array): EntityAnswer | undefined {
  const [found, kind, first, second] = read(bytes);
  if (found !== form) return undefined;
  if (kind === 'moved') return { kind };
  if (kind === 'view' && (first === null || first instanceof Uint8Array))
    return { kind, record: first ?? undefined };
  if (kind === 'done' && typeof first === 'boolean') return { kind, done: first };
  if (kind === 'malformed' && isText(first)) return { kind, message: first };
  const reason = reasons.find((one) => one === first);
  if (kind === 'failed' && reason !== undefined && isText(second)) return { kind, reason, message: second };
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}

const out = new ByteWriter(maxBytes);
const writer = new PayloadWriter(out, maxItems);

function write(parts: readonly unknown[]): Uint8Array {
  out.start();
  writer.start();
  writer.value(parts);
  return out.finish();
}

/** What is no list of values is an empty one. */
function read(bytes: Uint8Array): readonly unknown[] {
  const input = new ByteReader();
  input.open(bytes);
  try {
    const reader = new PayloadReader(input, maxItems);
    reader.start();
    const parts = reader.value(0);
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  } finally {
    input.close();
  }
}

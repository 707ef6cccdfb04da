import { StorageError } from '../../streams/event/errors.ts';
import { isCount } from '../is-count.ts';
import type { OutletEnd } from './outlet.ts';

/** The bucket of a store in which bridges keep how far they are. */
export const bridgeBucket = 'bridges';

/** How far a bridge is: all up to `position` is on the other side, or given up. */
export interface BridgeRecord {
  readonly position: number;
  /** What is on its way, some of it perhaps stored: positions up to `to`, sent when the stream ended at `end`. */
  readonly wave?: { readonly to: number; readonly end: OutletEnd };
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeRecord(record: BridgeRecord): Uint8Array {
  return utf8.encode(JSON.stringify({ version: 1, ...record }));
}

/** @throws StorageError that names the bridge */
export function decodeRecord(name: string, bytes: Uint8Array): BridgeRecord {
  try {
    const read = JSON.parse(text.decode(bytes)) as Record<string, unknown>;
    const { version, position, wave } = read;
    if (version !== 1) throw new TypeError(`its version is ${String(version)}, and 1 is known here`);
    if (!isCount(position)) throw new TypeError('its position is none');
    if (wave === undefined) return { position };
    const { to, end } = wave as { readonly to: unknown; readonly end: OutletEnd };
    if (!isCount(to) || typeof end.stream !== 'string' || !isCount(end.sequence)) {
      throw new TypeError('what was on its way is not said');
    }
    return { position, wave: { to, end: { stream: end.stream, sequence: end.sequence } } };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(`how far the bridge ${name} is cannot be read: ${why}`, { cause });
  }
}

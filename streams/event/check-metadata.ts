import { describeValue } from './describe-value.ts';
import type { Metadata } from './envelope.ts';
import { faultError, fieldError } from './field-error.ts';
import { isPlainText, utf8Length } from './plain-text.ts';

export interface MetadataLimits {
  /** Keys at most. Default `64`. */
  readonly maxMetadataKeys?: number;
  /** Bytes at most, of all keys and values as UTF-8. Default `16_384`. */
  readonly maxMetadataBytes?: number;
}

const maxKeyLength = 64;

/**
 * Decides whether `metadata` is a plain object of short text, and gives a copy that nobody else can change.
 *
 * Keys are 1 to 64 visible ASCII characters, and not names that every object has (`toString`, `__proto__`):
 * those would break whoever looks them up. Reads each value once, and runs no getter.
 *
 * @throws ValidationError naming the entry.
 */
export function checkMetadata(metadata: unknown, limits: MetadataLimits = {}): Metadata {
  const { maxMetadataKeys = 64, maxMetadataBytes = 16_384 } = limits;
  if (!isPlainObject(metadata)) {
    throw fieldError('metadata', 'be a plain object of text', metadata, "Write it like { region: 'eu' }");
  }
  const keys = Object.keys(metadata);
  if (keys.length > maxMetadataKeys) {
    throw faultError('metadata', `must have at most ${maxMetadataKeys} keys, got ${keys.length}`);
  }
  const copy: Record<string, string> = {};
  let bytes = 0;
  for (const key of keys) {
    const value = checkEntry(metadata, key);
    bytes += key.length + utf8Length(value);
    if (bytes > maxMetadataBytes) {
      throw faultError(
        'metadata',
        `must take at most ${maxMetadataBytes} bytes`,
        'Put large values into data',
      );
    }
    copy[key] = value;
  }
  return copy;
}

function checkEntry(metadata: object, key: string): string {
  if (!isMetadataKey(key)) {
    throw faultError(
      'metadata',
      `key ${describeValue(key)} must be 1 to ${maxKeyLength} visible ASCII characters and no name that all objects have`,
    );
  }
  const property = Object.getOwnPropertyDescriptor(metadata, key);
  if (property === undefined || !('value' in property)) {
    throw faultError(`metadata.${key}`, 'must be text, got a getter', 'Pass the value itself');
  }
  const value: unknown = property.value;
  if (typeof value !== 'string') throw fieldError(`metadata.${key}`, 'be text', value, 'Convert it first');
  if (!isPlainText(value)) {
    throw fieldError(`metadata.${key}`, 'have no control characters or lone surrogates', value);
  }
  return value;
}

function isMetadataKey(key: string): boolean {
  if (key.length === 0 || key.length > maxKeyLength || key in Object.prototype) return false;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code <= 32 || code >= 127) return false;
  }
  return true;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

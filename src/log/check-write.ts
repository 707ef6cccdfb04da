import { describeValue } from '../../streams/event/describe-value.ts';
import { isWellFormed } from '../../streams/event/plain-text.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { SnapshotListOptions, SnapshotWrite } from '../snapshot-store.ts';

const maxLength = 512;
const maxLimit = 65_536;

const listNames: OptionNames<SnapshotListOptions> = { prefix: true, after: true, limit: true };

/** Refuses a write that no store takes. @throws TypeError, RangeError that name what is wrong */
export function checkWrite(write: SnapshotWrite): void {
  checkAddress(write.bucket, write.key);
  const { value, expected } = write;
  if (value !== undefined && !(value instanceof Uint8Array)) {
    throw new TypeError(`the value of a snapshot must be a Uint8Array, got ${describeValue(value)}`);
  }
  if (expected !== undefined && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new RangeError(
      `expected must be a revision, an integer of 0 or more; got ${describeValue(expected)}`,
    );
  }
}

/** Refuses a bucket or key that no store takes. @throws TypeError, RangeError */
export function checkAddress(bucket: string, key: string): void {
  checkName('bucket', bucket);
  checkName('key', key);
}

/** Refuses a text that is empty, too long, or no text. @throws TypeError, RangeError */
export function checkName(name: string, value: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, got ${describeValue(value)}`);
  if (value.length === 0 || value.length > maxLength) {
    throw new RangeError(`${name} must have 1 to ${maxLength} characters, has ${value.length}`);
  }
  if (!isWellFormed(value)) {
    throw new TypeError(`${name} must be text, got ${describeValue(value)} with half a surrogate pair`);
  }
}

/** Checks what a list is asked for and fills in the defaults. @throws TypeError, RangeError */
export function resolveList(options: SnapshotListOptions | undefined): {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
} {
  if (options === undefined) return { prefix: '', after: '', limit: 1_024 };
  checkOptions('a list of snapshots', options, listNames);
  const { prefix = '', after = '', limit = 1_024 } = options;
  if (prefix !== '') checkName('prefix', prefix);
  if (after !== '') checkName('after', after);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= maxLimit)) {
    throw new RangeError(`limit must be an integer from 1 to ${maxLimit}, got ${describeValue(limit)}`);
  }
  return { prefix, after, limit };
}

import { CodecError } from '../../streams/event/errors.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { LogRange, LogRecord } from '../event-log.ts';
import { LatestByKey } from './retention-keys.ts';
import type { PolicySet, ResolvedPolicy } from './retention-policy.ts';

const sizer = msgpackCodec({ maxBytes: 268_435_456, maxItems: 16_777_216 });

/** The bytes of an event encoded alone, which is what `maxBytes` counts; undefined for one that no codec takes. */
export function eventBytes({ event }: LogRecord): number | undefined {
  try {
    return sizer.encode([event]).length;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** What the events of one policy amount to. */
interface Amount {
  /** Nothing of the policy stands before it. */
  tail: number;
  count: number;
  bytes: number;
}

/** Events that one policy is for: how many there are, and which of them are due. */
export class RetentionClass {
  readonly policy: ResolvedPolicy;
  readonly #set: PolicySet;
  readonly #index: number;
  readonly #keys: LatestByKey | undefined;
  #settled: Amount = { tail: 1, count: 0, bytes: 0 };
  /** What the amount will be once what was found due has been removed. */
  #tentative: Amount = { ...this.#settled };

  constructor(set: PolicySet, index: number, policy: ResolvedPolicy, maxKeys: number) {
    this.#set = set;
    this.#index = index;
    this.policy = policy;
    this.#keys = policy.lastPerKey ? new LatestByKey(maxKeys) : undefined;
  }

  get needsCount(): boolean {
    return this.policy.maxCount < Infinity || this.needsBytes;
  }

  get needsBytes(): boolean {
    return this.policy.maxBytes < Infinity;
  }

  get keys(): LatestByKey | undefined {
    return this.#keys;
  }

  /** The events there are, as far as they have been counted. */
  get count(): number {
    return this.#settled.count;
  }

  /** Where to look for what is due next. */
  rangeBefore(end: number, limit: number): LogRange {
    const { patterns } = this.policy;
    const range = { from: this.#tentative.tail, to: end - 1, limit };
    return patterns === undefined ? range : { ...range, patterns };
  }

  holds({ event }: LogRecord): boolean {
    return this.#set.classify(event.type) === this.#index;
  }

  /** Counts an event that is in the log. */
  add(record: LogRecord): void {
    const bytes = this.needsBytes ? (eventBytes(record) ?? 0) : 0;
    for (const amount of [this.#settled, this.#tentative]) {
      amount.count += 1;
      amount.bytes += bytes;
    }
  }

  /** Whether the oldest event is due, given when it was appended. */
  isDue({ appendedAt }: LogRecord, now: number): boolean {
    const { maxAgeMs, maxCount, maxBytes } = this.policy;
    return (
      now - appendedAt > maxAgeMs || this.#tentative.count > maxCount || this.#tentative.bytes > maxBytes
    );
  }

  /** Takes note that an event will be removed. */
  release(record: LogRecord): void {
    this.#tentative.count -= 1;
    if (this.needsBytes) this.#tentative.bytes -= eventBytes(record) ?? 0;
  }

  /** Takes note that an event stays after all. */
  hold(record: LogRecord): void {
    this.#tentative.count += 1;
    if (this.needsBytes) this.#tentative.bytes += eventBytes(record) ?? 0;
  }

  /** Nothing before a position is left to look at. */
  advance(position: number): void {
    this.#tentative.tail = Math.max(this.#tentative.tail, position);
  }

  /** What was found due has been removed. */
  settle(): void {
    this.#settled = { ...this.#tentative };
  }

  /** What was found due stays after all. */
  revert(): void {
    this.#tentative = { ...this.#settled };
  }

  /** Forgets all amounts: somebody else removed events. */
  forget(): void {
    this.#settled = { tail: 1, count: 0, bytes: 0 };
    this.revert();
    this.#keys?.clear();
  }
}

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Codec } from '../../streams/event/codec.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';

export interface CodecFuzz {
  readonly events: fc.Arbitrary<EventEnvelope>;
  readonly rounds: number;
  /** Bytes that no message reaches. */
  readonly maxBytes: number;
  /** The share of messages that is decoded at least, and the share that is refused: else the mutations show little. */
  readonly least: number;
}

const seed = 20_251_121;

/** A small generator of numbers from 0 to 2^32: a million buffers must not wait for a better one. */
function numbers(start: number): () => number {
  let state = start;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Expects a codec to decode or refuse each of many mutated messages, and to decode sound ones between them and at the end
 * as ever.
 */
export function expectUnmoved(codec: Codec, fuzz: CodecFuzz): void {
  const { stackTraceLimit } = Error;
  // So many stack traces would take more time than the messages.
  Error.stackTraceLimit = 0;
  try {
    decodeMutated(codec, fuzz);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function decodeMutated(codec: Codec, { events, rounds, maxBytes, least }: CodecFuzz): void {
  const pool = fc
    .sample(fc.array(events, { minLength: 1, maxLength: 3 }), { numRuns: 300, seed })
    .map((batch) => Uint8Array.from(codec.encode(batch)))
    .filter((bytes) => bytes.length < maxBytes);
  const again = (bytes: Uint8Array): string => codec.encode(codec.decode(bytes)).join();
  const reference = pool.map(again);
  const next = numbers(seed);
  const scratch = new Uint8Array(maxBytes);
  let decoded = 0;
  let refused = 0;

  for (let round = 0; round < rounds; round += 1) {
    const bytes = pool[next() % pool.length] ?? scratch;
    scratch.set(bytes);
    for (let changes = 1 + (next() & 3); changes > 0; changes -= 1) scratch[next() % bytes.length] = next();
    const end = (next() & 7) === 0 ? next() % bytes.length : bytes.length;
    try {
      codec.decode(scratch.subarray(0, end));
      decoded += 1;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      refused += 1;
    }
    if (round % (rounds / 100) === 0) {
      const at = (round / (rounds / 100)) % pool.length;
      expect(again(pool[at] ?? scratch)).toBe(reference[at]);
    }
  }

  expect(decoded + refused).toBe(rounds);
  expect(Math.min(decoded, refused)).toBeGreaterThan(rounds * least);
  expect(pool.map(again)).toEqual(reference);
}

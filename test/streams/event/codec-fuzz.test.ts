import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodecError } from '../../../streams/event/errors.ts';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { envelopes } from '../../support/payloads.ts';

const rounds = 1_000_000;
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

describe('msgpackCodec', () => {
  const { stackTraceLimit } = Error;

  // A million stack traces would take more time than a million messages.
  beforeEach(() => {
    Error.stackTraceLimit = 0;
  });

  afterEach(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it(`is unmoved by ${rounds} mutated messages: each is decoded or refused, and the next is as ever`, () => {
    const codec = msgpackCodec();
    const pool = fc
      .sample(fc.array(envelopes, { minLength: 1, maxLength: 3 }), { numRuns: 300, seed })
      .map((events) => Uint8Array.from(codec.encode(events)))
      .filter((bytes) => bytes.length < 400);
    const reference = pool.map((bytes) => codec.encode(codec.decode(bytes)).join());
    const next = numbers(seed);
    const scratch = new Uint8Array(512);
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
      if (round % 10_000 === 0) {
        const at = (round / 10_000) % pool.length;
        expect(codec.encode(codec.decode(pool[at] ?? scratch)).join()).toBe(reference[at]);
      }
    }

    expect(decoded + refused).toBe(rounds);
    expect(Math.min(decoded, refused)).toBeGreaterThan(rounds / 20);
    expect(pool.map((bytes) => codec.encode(codec.decode(bytes)).join())).toEqual(reference);
  }, 120_000);
});

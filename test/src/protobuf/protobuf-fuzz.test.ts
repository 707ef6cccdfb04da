import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodecError } from '../../../streams/event/errors.ts';
import { protobufCodec } from '../../../src/protobuf/protobuf-codec.ts';
import { jsonEnvelopes } from '../../support/json-envelopes.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';

const rounds = 100_000;
const seed = 20_251_121;

describe('protobufCodec', () => {
  const { stackTraceLimit } = Error;

  // So many stack traces would take more time than the messages.
  beforeEach(() => {
    Error.stackTraceLimit = 0;
  });

  afterEach(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it(`is unmoved by ${rounds} mutated messages: each is decoded or refused, and the next is as ever`, () => {
    const codec = protobufCodec();
    const pool = fc
      .sample(fc.array(jsonEnvelopes, { minLength: 1, maxLength: 3 }), { numRuns: 300, seed })
      .map((events) => codec.encode(events))
      .filter((bytes) => bytes.length < 1_000);
    const reference = pool.map((bytes) => codec.encode(codec.decode(bytes)).join());
    const random = seededRandom(seed);
    const below = (end: number): number => Math.floor(random() * end);
    const scratch = new Uint8Array(1_024);
    let decoded = 0;
    let refused = 0;

    for (let round = 0; round < rounds; round += 1) {
      const bytes = pool[below(pool.length)] ?? scratch;
      scratch.set(bytes);
      for (let changes = 1 + below(4); changes > 0; changes -= 1) scratch[below(bytes.length)] = below(256);
      const end = below(8) === 0 ? below(bytes.length) : bytes.length;
      try {
        codec.decode(scratch.subarray(0, end));
        decoded += 1;
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        refused += 1;
      }
      if (round % 1_000 === 0) {
        const at = (round / 1_000) % pool.length;
        expect(codec.encode(codec.decode(pool[at] ?? scratch)).join()).toBe(reference[at]);
      }
    }

    expect(decoded + refused).toBe(rounds);
    expect(Math.min(decoded, refused)).toBeGreaterThan(rounds / 20);
    expect(pool.map((bytes) => codec.encode(codec.decode(bytes)).join())).toEqual(reference);
  });
});

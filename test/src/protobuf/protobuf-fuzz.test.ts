import { describe, it } from 'vitest';
import { protobufCodec } from '../../../src/protobuf/protobuf-codec.ts';
import { expectUnmoved } from '../../support/fuzz-codec.ts';
import { jsonEnvelopes } from '../../support/json-envelopes.ts';

const rounds = 100_000;

describe('protobufCodec', () => {
  it(`is unmoved by ${rounds} mutated messages: each is decoded or refused, and the next is as ever`, () => {
    expectUnmoved(protobufCodec(), { events: jsonEnvelopes, rounds, maxBytes: 1_000, least: 0.048 });
  });
});

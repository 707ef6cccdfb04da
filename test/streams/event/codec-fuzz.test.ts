import { describe, it } from 'vitest';
import { msgpackCodec } from '../../../streams/event/msgpack-codec.ts';
import { expectUnmoved } from '../../support/fuzz-codec.ts';
import { envelopes } from '../../support/payloads.ts';

const rounds = 1_000_000;

describe('msgpackCodec', () => {
  it(`is unmoved by ${rounds} mutated messages: each is decoded or refused, and the next is as ever`, () => {
    expectUnmoved(msgpackCodec(), { events: envelopes, rounds, maxBytes: 400, least: 0.05 });
  }, 120_000);
});

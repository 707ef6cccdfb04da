import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBlock, sealBlocks } from '../../../src/log/lmdb-block.ts';
import { findInEntry, hashText, indexKey, OpenSegment } from '../../../src/log/lmdb-segment.ts';
import { openHead, sealHead, emptyHead } from '../../../src/log/lmdb-head.ts';
import { orderEvents } from '../../support/open-store.ts';

function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  const at = bit >> 3;
  flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
  return flipped;
}

describe('a block', () => {
  it('tells each single bit of it that is flipped', () => {
    const [block] = sealBlocks(7, 1_000, orderEvents(1, 64));
    if (block === undefined) throw new TypeError('nothing was sealed');
    const unnoticed: number[] = [];
    for (let bit = 0; bit < block.bytes.length * 8; bit += 1) {
      if (typeof openBlock(7, flip(block.bytes, bit)) !== 'string') unnoticed.push(bit);
    }
    expect(block.bytes.length * 8).toBeGreaterThan(10_000);
    expect(unnoticed).toEqual([]);
  });

  it('tells that it lost its end, or gained one', () => {
    const [block] = sealBlocks(7, 1_000, orderEvents(1, 5));
    if (block === undefined) throw new TypeError('nothing was sealed');
    for (let length = 0; length < block.bytes.length; length += 1) {
      expect(openBlock(7, block.bytes.subarray(0, length))).toEqual(expect.any(String));
    }
    expect(openBlock(7, Buffer.concat([block.bytes, Buffer.alloc(1)]))).toEqual(expect.any(String));
  });

  it('tells that it stands at another position than its own', () => {
    const [block] = sealBlocks(7, 1_000, orderEvents(1, 5));
    if (block === undefined) throw new TypeError('nothing was sealed');
    expect(openBlock(8, block.bytes)).toBe('the block that is found there belongs to position 7');
  });

  it('takes any bytes for damaged, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(openBlock(1, Buffer.from(bytes))).toEqual(expect.any(String));
      }),
    );
  });
});

describe('a head', () => {
  it('tells each single bit of it that is flipped', () => {
    const sealed = sealHead({ ...emptyHead, last: 12_345, tail: [12_300, 99] });
    for (let bit = 0; bit < sealed.length * 8; bit += 1) expect(openHead(flip(sealed, bit))).toBeUndefined();
  });
});

describe('the index of a segment', () => {
  it('finds each text where it is, stored as well as open, and tells flipped bits', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 300, size: 'max' }), (keys) => {
        const segment = new OpenSegment(3);
        const events = orderEvents(1, keys.length);
        for (const [at, key] of keys.entries()) {
          const event = events[at];
          if (event !== undefined) segment.add(3 * 16_384 + at, { ...event, key: `key-${key}` });
        }
        const entries = new Map(segment.seal().map(({ key, bytes }) => [key, bytes]));
        for (const key of new Set(keys)) {
          const hash = hashText(`key-${key}`);
          const places = keys.flatMap((other, at) => (other === key ? [at] : []));
          const address = indexKey('key', hash, 3);
          const bytes = entries.get(address);
          expect(segment.find('key', hash)).toEqual(places);
          expect(bytes && findInEntry(address, bytes, hash)).toEqual(places);
          expect(bytes && findInEntry(address, flip(bytes, key), hash)).toBeUndefined();
        }
      }),
    );
  });
});

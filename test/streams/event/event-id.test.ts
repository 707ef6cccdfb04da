import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdGenerator, isEventId, timeOfId } from '../../../streams/event/event-id.ts';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A generator whose clock shows one reading after the other, the last one for ever. */
function generatorOver(readings: readonly number[], random = Math.random): () => string {
  let at = 0;
  return createIdGenerator({
    clock: {
      now: () => {
        const reading = readings[Math.min(at, readings.length - 1)] ?? 0;
        at += 1;
        return reading;
      },
    },
    random,
  });
}

function take(next: () => string, count: number): string[] {
  return Array.from({ length: count }, next);
}

describe('createIdGenerator', () => {
  it('gives UUIDv7 text of the millisecond of the clock', () => {
    const next = generatorOver([1_700_000_000_123]);

    expect(next()).toMatch(uuidV7);
    expect(timeOfId(next())).toBe(1_700_000_000_123);
  });

  it('gives ids that are strictly greater as text, whatever the clock shows and the seed is', () => {
    const reading = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom(Number.NaN, -5, 3.7, 2 ** 47));
    const seed = fc.constantFrom(0, 0.5, 1 - 2 ** -32, 1 - 2 ** -53);

    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 40, size: 'max' }), seed, (readings, draw) => {
        const ids = take(
          generatorOver(readings, () => draw),
          60,
        );

        expect(ids.every((id) => uuidV7.test(id))).toBe(true);
        expect(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? ''))).toBe(true);
      }),
    );
  });

  it('keeps the millisecond when the clock steps back, until the clock has caught up', () => {
    const next = generatorOver([9_000, 9_000, 1_000, 9_000, 9_001]);

    expect(take(next, 4).map(timeOfId)).toEqual([9_000, 9_000, 9_000, 9_001]);
  });

  it('stays unique and rising for 10 000 ids of one millisecond, across every carry of the counter', () => {
    const ids = take(generatorOver([77]), 10_000);

    expect(new Set(ids).size).toBe(10_000);
    expect(ids).toEqual(ids.toSorted());
  });

  it('borrows the next millisecond when 2^23 ids or more used the counter up', () => {
    const next = generatorOver([77], () => 1 - 2 ** -53);
    let last = '';
    let rising = true;
    for (let n = 0; n < 2 ** 23 + 2; n += 1) {
      const id = next();
      rising &&= id > last;
      last = id;
    }

    expect(rising).toBe(true);
    expect(timeOfId(last)).toBe(78);
  });

  it('draws 73 random bits for each millisecond, so that two generators do not meet', () => {
    const zeros = generatorOver([4, 5], () => 0)();
    const ones = generatorOver([4, 5], () => 1 - 2 ** -53)();
    let bits = 0;
    for (let at = 0; at < zeros.length; at += 1) {
      const differing = Number.parseInt(zeros[at] ?? '', 16) ^ Number.parseInt(ones[at] ?? '', 16);
      bits += differing.toString(2).replaceAll('0', '').length;
    }

    expect(bits).toBe(73);
  });

  it('refuses a clock beyond the year 10889', () => {
    const next = generatorOver([0, 2 ** 48]);

    expect(next).toThrow(RangeError);
  });
});

describe('isEventId', () => {
  it.each([
    ['a v7 id', '0199aa5f-3c2e-7abc-8def-0123456789ab', true],
    ['a v4 id', '9b2d7c1e-58a4-4f30-a6c7-0d1e2f3a4b5c', true],
    ['capital letters', '9B2D7C1E-58A4-4F30-A6C7-0D1E2F3A4B5C', true],
    ['a digit too few', '9b2d7c1e-58a4-4f30-a6c7-0d1e2f3a4b5', false],
    ['a dash in the wrong place', '9b2d7c1e5-8a4-4f30-a6c7-0d1e2f3a4b5c', false],
    ['a letter that is no digit', '9b2d7c1e-58a4-4f30-a6c7-0d1e2f3a4b5g', false],
    ['empty text', '', false],
    ['no text', 7, false],
  ])('judges %s', (_, text, expected) => {
    expect(isEventId(text)).toBe(expected);
  });
});

describe('timeOfId', () => {
  it('is undefined for ids that do not tell', () => {
    expect(timeOfId('9b2d7c1e-58a4-4f30-a6c7-0d1e2f3a4b5c')).toBeUndefined();
    expect(timeOfId('order-42')).toBeUndefined();
  });
});

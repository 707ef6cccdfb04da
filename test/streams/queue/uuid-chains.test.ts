import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UuidChains } from '../../../streams/queue/uuid-chains.ts';

function put(chains: UuidChains, id: string, number: number, first: number): boolean {
  expect(chains.read(id)).toBe(true);
  return chains.put(number, first);
}

function has(chains: UuidChains, id: string): boolean {
  return chains.read(id) && chains.has();
}

function uuidOf(n: number): string {
  return `0199aa5f-3c2e-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

describe('UuidChains', () => {
  it('reads UUIDs in lower case and nothing else, whatever character differs', () => {
    const chains = new UuidChains();
    const noDigits = ['-', 'g', 'A', '/', ':', '`', ' ', '\u007f', '\u0080', '\u0100', '\u0130'];
    // Beside noughts alone, what is wrong is all there is to see.
    for (const uuid of ['0199aa5f-3c2e-7abc-8def-0123456789ab', '00000000-0000-0000-0000-000000000000']) {
      expect(chains.read(uuid)).toBe(true);
      for (let at = 0; at < uuid.length; at += 1) {
        for (const other of uuid[at] === '-' ? ['0', 'x'] : noDigits) {
          const text = uuid.slice(0, at) + other + uuid.slice(at + 1);
          expect({ text, read: chains.read(text) }).toEqual({ text, read: false });
        }
      }
      for (const text of ['', uuid.slice(1), `${uuid}0`]) expect(chains.read(text)).toBe(false);
    }
  });

  it('tells UUIDs apart that differ in one digit', () => {
    const chains = new UuidChains();
    const uuid = '0199aa5f-3c2e-7abc-8def-0123456789ab';
    put(chains, uuid, 0, 0);
    for (let at = 0; at < uuid.length; at += 1) {
      if (uuid[at] === '-') continue;
      const other = uuid.slice(0, at) + (uuid[at] === '4' ? '5' : '4') + uuid.slice(at + 1);
      expect({ other, held: has(chains, other) }).toEqual({ other, held: false });
    }
    expect(has(chains, uuid)).toBe(true);
  });

  it('takes no more than 32 that were chosen to meet, and others still', () => {
    const chains = new UuidChains();
    const met = (n: number): string => `0199aa5f-3c2e-7000-8000-0000${n.toString(16).padStart(4, '0')}0000`;
    const taken = Array.from({ length: 40 }, (_, n) => put(chains, met(n), n, 0));

    expect(taken.filter(Boolean)).toHaveLength(32);
    expect(taken.lastIndexOf(true)).toBe(31);
    expect(put(chains, '0199aa5f-3c2e-7000-8000-000000000001', 40, 0)).toBe(true);
    chains.end(0);
    expect(put(chains, met(39), 41, 0)).toBe(true);
    expect(Array.from({ length: 40 }, (_, n) => has(chains, met(n)))).toEqual(
      Array.from({ length: 40 }, (_, n) => (n > 0 && n < 32) || n === 39),
    );
  });

  it('holds all others of thousands when one ends, is let go or was let go before', () => {
    const chains = new UuidChains();
    const ids = Array.from({ length: 5_000 }, (_, n) => uuidOf(n));
    for (const [n, id] of ids.entries()) put(chains, id, n, 0);
    chains.end(0);
    for (const id of [uuidOf(1), uuidOf(1)]) {
      chains.read(id);
      chains.remove();
    }
    expect(chains.size).toBe(4_998);
    expect(ids.map((id) => has(chains, id))).toEqual(ids.map((_, n) => n > 1));
  });

  it('is as good as new once it is cleared, or the last of thousands has ended or was let go', () => {
    // Each gives the first number still in use: what was let go keeps its number until that ends.
    const ends: ((chains: UuidChains, count: number) => number)[] = [
      (chains, count) => {
        chains.clear();
        return count;
      },
      (chains, count) => {
        for (let n = 0; n < count; n += 1) chains.end(n);
        return count;
      },
      (chains, count) => {
        for (let n = 0; n < count; n += 1) if (has(chains, uuidOf(n))) chains.remove();
        return 0;
      },
    ];
    for (const [count, end] of [10, 5_000].flatMap((many) => ends.map((one) => [many, one] as const))) {
      const chains = new UuidChains();
      for (let n = 0; n < count; n += 1) put(chains, uuidOf(n), n, 0);
      const first = end(chains, count);
      expect([chains.size, has(chains, uuidOf(count - 1))]).toEqual([0, false]);

      for (let n = 0; n < 100; n += 1) put(chains, uuidOf(n), count + n, first);
      expect(chains.size).toBe(100);
      expect([0, 99, 100].map((n) => has(chains, uuidOf(n)))).toEqual([true, true, false]);
    }
  });

  it('holds what it was given, until its number ends or it is let go, however it grows', () => {
    const step = fc.record({
      what: fc.constantFrom(
        'put' as const,
        'put' as const,
        'put' as const,
        'end' as const,
        'remove' as const,
      ),
      id: fc.uuid(),
      again: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(2 ** 40), (steps, origin) => {
        const chains = new UuidChains();
        const held = new Map<string, number>();
        const seen: string[] = [];
        let first = origin;
        let next = origin;
        for (const { what, id, again } of steps) {
          const chosen = seen[again] ?? id;
          seen.unshift(id);
          if (what === 'put' && !held.has(chosen)) {
            expect(put(chains, chosen, next, first)).toBe(true);
            held.set(chosen, next);
            next += 1;
          } else if (what === 'end' && first < next) {
            chains.end(first);
            for (const [one, number] of held) if (number === first) held.delete(one);
            first += 1;
          } else if (what === 'remove') {
            chains.read(chosen);
            chains.remove();
            held.delete(chosen);
          }
          expect(chains.size).toBe(held.size);
        }
        for (const one of seen) expect(has(chains, one)).toBe(held.has(one));
      }),
      { numRuns: 200 },
    );
  });
});

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

describe('UuidChains', () => {
  it('reads UUIDs in lower case and nothing else, whatever character differs', () => {
    const chains = new UuidChains();
    const uuid = '0199aa5f-3c2e-7abc-8def-0123456789ab';
    expect(chains.read(uuid)).toBe(true);
    for (let at = 0; at < uuid.length; at += 1) {
      const dash = uuid[at] === '-';
      for (const other of dash ? ['0', 'x'] : ['-', 'g', 'A', '/', ':', '`', ' ', '\u0100', '\u0130']) {
        expect(chains.read(uuid.slice(0, at) + other + uuid.slice(at + 1)), `${other} at ${at}`).toBe(false);
      }
    }
    expect([chains.read(''), chains.read(uuid.slice(1)), chains.read(`${uuid}0`)]).toEqual([
      false,
      false,
      false,
    ]);
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { all, leaseMs, leaseWorld as world, owners, type LeaseMember } from '../../support/lease-world.ts';

describe('under pauses, delays and losses', () => {
  const event = fc.record({
    afterMs: fc.nat(3000),
    member: fc.nat(2),
    act: fc.constantFrom('stop', 'goOn', 'slow', 'lossy', 'near', 'leave', 'join'),
  });

  it('never lets two members act on one partition, raises the token with each owner, and ends with one owner', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 25, size: 'max' }),
        fc.infiniteStream(fc.nat(999)),
        async (events, draws) => {
          const { clock, join } = world();
          const draw = (): number => draws.next().value ?? 0;
          const networks = ['near', 'near', 'near'];
          const delay = (index: number) => ({
            delayMs: () => {
              const value = draw();
              if (networks[index] === 'near') return value % 5;
              if (networks[index] === 'slow') return value * 3;
              return value % 2 === 0 ? -(value + 1) : value;
            },
          });
          const everyone: LeaseMember[] = [];
          const current = networks.map((_, index) => {
            const member = join(`m${index}`, delay(index), 20);
            everyone.push(member);
            return member;
          });
          const tokens = new Map<number, number>();
          const check = (): void => {
            for (const [partition, names] of owners(everyone).entries()) {
              expect(names.length, `owners of ${partition}`).toBeLessThanOrEqual(1);
              for (const { leases } of everyone) {
                const token = leases.token(partition);
                if (token === 0) continue;
                expect(token).toBeGreaterThanOrEqual(tokens.get(partition) ?? 0);
                tokens.set(partition, token);
              }
            }
          };
          const pass = async (ms: number): Promise<void> => {
            for (let left = ms; left > 0; left -= 50) {
              await clock.advanceBy(Math.min(50, left));
              check();
            }
          };
          for (const { afterMs, member, act } of events) {
            await pass(afterMs);
            if (act === 'stop') current[member]?.process.stop();
            else if (act === 'goOn') current[member]?.process.goOn();
            else if (act === 'leave') void current[member]?.leases.close();
            else if (act === 'join') {
              void current[member]?.leases.close();
              const fresh = join(`m${member}-${everyone.length}`, delay(member), 20);
              everyone.push(fresh);
              current[member] = fresh;
            } else networks[member] = act;
            check();
          }
          networks.fill('near');
          const last = join('last');
          everyone.push(last);
          for (const { process } of everyone) process.goOn();
          await pass(5 * leaseMs);
          expect(owners(everyone).every((names) => names.length === 1)).toBe(true);
          for (const tally of all.map((partition) =>
            everyone.flatMap(({ acquired }) =>
              acquired.filter(([taken]) => taken === partition).map(([, token]) => token),
            ),
          )) {
            expect(new Set(tally).size).toBe(tally.length);
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

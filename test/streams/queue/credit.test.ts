import { describe, expect, it } from 'vitest';
import { Credit } from '../../../streams/queue/credit.ts';

describe('Credit', () => {
  it('lets as many be unsettled as its limit says', () => {
    const credit = new Credit(2);
    const seen = [credit.available];
    credit.spend();
    seen.push(credit.available);
    credit.spend();
    seen.push(credit.available);
    credit.repay();
    seen.push(credit.available);

    expect(seen).toEqual([true, true, false, true]);
    expect(credit.inFlight).toBe(1);
  });

  it('lets as many start as it has permits, which no settlement brings back', () => {
    const credit = new Credit(10, 1);
    credit.spend();
    credit.repay();

    expect(credit.permits).toBe(0);
    expect(credit.available).toBe(false);
  });

  it('has permits without end unless it is told how many', () => {
    const credit = new Credit(1);
    credit.spend();

    expect(credit.permits).toBe(Infinity);
  });

  it('lets nothing start while it is held, whatever else allows it', () => {
    const credit = new Credit(10);
    credit.held = true;
    const held = credit.available;
    credit.held = false;

    expect([held, credit.available]).toEqual([false, true]);
  });

  it('lets its source go on where it is widened or poked, and not where it is repaid', () => {
    const credit = new Credit(0, 0);
    const seen: [limit: number, permits: number][] = [];
    credit.attach(() => seen.push([credit.limit, credit.permits]));
    credit.repay();
    credit.grant(4, 3);
    credit.poke();

    expect(seen).toEqual([
      [4, 3],
      [4, 3],
    ]);
  });

  it('may be poked before it has a source', () => {
    const credit = new Credit(1);
    credit.grant(2, 2);
    credit.poke();

    expect(credit.limit).toBe(2);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from '../../../streams/queue/slots.ts';

/** Takes a slot as an owner does: with a larger table where this one is full. */
function take(slots: Slots): number {
  if (slots.full) slots.grow();
  return slots.take();
}

describe('Slots', () => {
  it('gives no slot to two at a time, nor one beyond its capacity, whatever was given back before', () => {
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, fc.nat(200)), {
      maxLength: 150,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (actions) => {
        const slots = new Slots();
        const taken: number[] = [];
        const wrong: number[] = [];
        for (const action of actions) {
          const [back] = action < 0 || taken.length === 0 ? [] : taken.splice(action % taken.length, 1);
          if (back === undefined) {
            const slot = take(slots);
            if (taken.includes(slot) || !(slot >= 0 && slot < slots.capacity)) wrong.push(slot);
            taken.push(slot);
          } else slots.give(back);
          if (slots.used !== taken.length) wrong.push(slots.used);
        }
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('gives the slot that came back last first, and new ones in order', () => {
    const slots = new Slots();
    const first = [take(slots), take(slots), take(slots)];
    slots.give(1);
    slots.give(0);

    expect(first).toEqual([0, 1, 2]);
    expect([take(slots), take(slots), take(slots)]).toEqual([0, 1, 3]);
  });

  it('grows by a half, and is small again once all are back', () => {
    const slots = new Slots();
    const capacities = new Set<number>();
    for (let n = 0; n < 2_000; n += 1) {
      take(slots);
      capacities.add(slots.capacity);
    }
    const [first, second] = capacities;
    for (let slot = 0; slot < 1_999; slot += 1) slots.give(slot);
    const inUse = slots.emptied();
    slots.give(1_999);

    expect([first, second]).toEqual([64, 96]);
    expect([inUse, slots.emptied(), slots.capacity]).toEqual([false, true, 64]);
    expect([slots.emptied(), take(slots), take(slots)]).toEqual([false, 0, 1]);
  });

  it('keeps a table that was never large', () => {
    const slots = new Slots();
    for (let n = 0; n < 65; n += 1) take(slots);
    for (let slot = 0; slot < 65; slot += 1) slots.give(slot);

    expect([slots.emptied(), slots.capacity]).toEqual([false, 96]);
  });
});

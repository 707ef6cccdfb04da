import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../src/transport/cursor-codec.ts';
import { Cursor, type CursorRecord, type OpenPlace } from '../../../src/transport/cursor.ts';

const empty: CursorRecord = { position: 0, open: [], ahead: [] };

function place(at: number, attempt = 1): OpenPlace {
  return { at, attempt, before: undefined, after: undefined };
}

interface Step {
  readonly do: 'take' | 'skip' | 'gone' | 'ahead' | 'settle' | 'retry';
  readonly which: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('take', 'skip', 'gone', 'ahead', 'settle', 'retry', 'settle', 'take'),
  which: fc.nat(),
});

/** What a run did, in plain sets: which positions are done with, and how often each failed. */
class Model {
  /** Settled, or not wanted. */
  readonly done = new Set<number>();
  readonly settled = new Set<number>();
  readonly open = new Map<number, OpenPlace>();
  readonly ahead = new Set<number>();
  readonly cursor: Cursor;
  read = 0;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  run(step: Step): void {
    const { cursor } = this;
    if (step.do === 'take' || step.do === 'skip') {
      this.read += 1;
      if (this.ahead.delete(this.read)) cursor.reached(this.read);
      else if (step.do === 'skip') this.done.add(this.read);
      else this.#take(this.read, (each) => cursor.take(each));
    } else if (step.do === 'gone') {
      // Trimmed before it was read, or not readable.
      this.read += 1;
      this.ahead.delete(this.read);
      if (!this.open.has(this.read)) this.done.add(this.read);
    } else if (step.do === 'ahead') {
      const at = Math.max(this.read, ...this.ahead) + 2;
      this.ahead.add(at);
      this.#take(at, (each) => cursor.takeAhead(each));
    } else {
      const opened = [...this.open.values()];
      const chosen = opened[step.which % Math.max(1, opened.length)];
      if (chosen === undefined) return;
      if (step.do === 'settle') {
        cursor.settle(chosen);
        this.open.delete(chosen.at);
        this.done.add(chosen.at);
        this.settled.add(chosen.at);
      } else {
        const again = place(chosen.at, chosen.attempt + 1);
        cursor.replace(chosen, again);
        this.open.set(again.at, again);
      }
    }
  }

  #take(at: number, take: (place: OpenPlace) => void): void {
    const taken = place(at);
    this.open.set(at, taken);
    take(taken);
  }
}

/** Positions that a run which begins with this record does not take again. */
function passes({ position, open, ahead }: CursorRecord, at: number): boolean {
  if (at > position) return ahead.includes(at);
  return !open.some((each) => each.position === at);
}

describe('a cursor', () => {
  it('never passes what is not settled, and remembers attempts that failed', () => {
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 100 }), (steps) => {
        const model = new Model(new Cursor(empty));
        for (const each of steps) {
          model.run(each);
          const written = model.cursor.record(model.read);
          const record = decodeCursor('a', encodeCursor(written));
          expect(record).toEqual(written);
          for (let at = 1; at <= model.read + 2 * steps.length; at += 1) {
            if (passes(record, at) && !model.done.has(at)) expect.fail(`passes ${at}, which is open`);
          }
          for (const [at, { attempt }] of model.open) {
            if (attempt === 1) continue;
            expect(record.open).toContainEqual({ position: at, failed: attempt - 1 });
          }
        }
      }),
    );
  });

  it('passes all that is settled up to the last that is', () => {
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 200 }), (steps) => {
        const model = new Model(new Cursor(empty));
        for (const each of steps) model.run(each);
        const record = model.cursor.record(model.read);
        for (const at of model.settled) expect(passes(record, at)).toBe(true);
        if (model.open.size === 0) expect(record.position).toBeGreaterThanOrEqual(model.read);
      }),
    );
  });

  it('forgets what it took before its turn, and what failed then, once that turn has passed', () => {
    const cursor = new Cursor({ position: 9, open: [{ position: 15, failed: 1 }], ahead: [12, 20] });
    expect(cursor.record(11)).toEqual({ position: 11, open: [{ position: 15, failed: 1 }], ahead: [12, 20] });
    expect(cursor.record(19)).toEqual({ position: 19, open: [], ahead: [20] });
    expect(cursor.ahead).toBe(1);
  });

  it('keeps what a run before left open, until it is taken again', () => {
    const before: CursorRecord = {
      position: 9,
      open: [
        { position: 3, failed: 1 },
        { position: 7, failed: 0 },
      ],
      ahead: [12],
    };
    const cursor = new Cursor(before);
    expect(cursor.record(9)).toEqual(before);
    cursor.recovered(1);
    const third = place(3, 2);
    cursor.take(third);
    expect(cursor.record(9)).toEqual(before);
    cursor.settle(third);
    expect(cursor.record(9).open).toEqual([{ position: 7, failed: 0 }]);
  });
});

describe('what is kept of a cursor', () => {
  const ascending = fc
    .uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }), { maxLength: 50 })
    .map((positions) => positions.toSorted((a, b) => a - b));

  it('is read as it was written', () => {
    fc.assert(
      fc.property(
        ascending,
        fc.nat(),
        fc.array(fc.nat(), { minLength: 50, maxLength: 50 }),
        (all, cut, failed) => {
          const middle = all.length === 0 ? 0 : cut % all.length;
          const record: CursorRecord = {
            position: all[middle] ?? 0,
            open: all.slice(0, middle).map((position, index) => ({ position, failed: failed[index] ?? 0 })),
            ahead: all.slice(middle + 1),
          };
          expect(decodeCursor('a', encodeCursor(record))).toEqual(record);
        },
      ),
    );
  });

  it('is a StorageError when its bytes are not what was written', () => {
    const bytes = encodeCursor({ position: 300, open: [{ position: 5, failed: 2 }], ahead: [400] });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeCursor('billing', bytes.subarray(0, length))).toThrow(
        /place of subscription billing/u,
      );
    }
    expect(() => decodeCursor('billing', Uint8Array.of(...bytes, 0))).toThrow(/longer than it says/u);
    expect(() => decodeCursor('billing', Uint8Array.of(2, 0, 0, 0))).toThrow(/version is 2/u);
    expect(() => decodeCursor('billing', Uint8Array.of(1, 0, 255, 255, 3))).toThrow(/more entries than/u);
  });
});

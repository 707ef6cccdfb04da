import { withBackpressure } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';

const left = new Error('nothing to release');

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** An iterator whose steps are given, and that counts how often it is let go. */
function iterable(steps: readonly (() => IteratorResult<number>)[]) {
  const state = { asked: 0, returned: 0 };
  const iterator = {
    next: (): IteratorResult<number> => {
      const step = steps[state.asked];
      state.asked += 1;
      return step === undefined ? { done: true, value: undefined } : step();
    },
    return: (): IteratorResult<number> => {
      state.returned += 1;
      return { done: true, value: undefined };
    },
  };
  return { state, numbers: { [Symbol.iterator]: () => iterator } };
}

const gives = (value: number) => (): IteratorResult<number> => ({ done: false, value });

describe('withBackpressure, of an iterable', () => {
  it('lets it go once, when it is left', () => {
    const { state, numbers } = iterable([gives(1), gives(2)]);
    const subscription = withBackpressure<number>({ credit: 1 })(numbers).subscribe();
    subscription.unsubscribe();
    subscription.unsubscribe();
    expect(state).toEqual({ asked: 1, returned: 1 });
  });

  it('does not let one go that is through, or has failed: it has done so itself', () => {
    const through = iterable([gives(1)]);
    withBackpressure<number>()(through.numbers).subscribe();
    const failing = iterable([
      gives(1),
      () => {
        throw left;
      },
    ]);
    const failures: unknown[] = [];
    withBackpressure<number>()(failing.numbers).subscribe({ error: (error) => failures.push(error) });
    expect([through.state.returned, failing.state.returned, failures]).toEqual([0, 0, [left]]);
  });

  it('takes one that has nothing to release', () => {
    const bare = { [Symbol.iterator]: () => ({ next: gives(1) }) };
    const subscription = withBackpressure<number>({ credit: 1 })(bare).subscribe();
    expect(() => subscription.unsubscribe()).not.toThrow();
  });

  it('looks at nothing that comes once it is left, and minds no failure to let go', async () => {
    const looked: number[] = [];
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    let arrive = (_result: IteratorResult<number>): void => {};
    const late = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<number>>((resolve) => (arrive = resolve)),
        return: () => Promise.reject(left),
      }),
    };
    process.on('unhandledRejection', note);
    const priority = (n: number): 'low' => (looked.push(n), 'low');
    withBackpressure<number>({ priority })(late).subscribe().unsubscribe();
    arrive({ done: false, value: 1 });
    await settle();
    // Rejections that nobody handles are told once all microtasks are through.
    await new Promise((resolve) => void setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect([looked, unhandled]).toEqual([[], []]);
  });

  it('ends with what a value makes a selector throw, and lets the iterable go', () => {
    const { state, numbers } = iterable([gives(1), gives(2)]);
    const failures: unknown[] = [];
    const priority = (): never => {
      throw left;
    };
    withBackpressure<number>({ priority })(numbers).subscribe({ error: (error) => failures.push(error) });
    expect([failures, state]).toEqual([[left], { asked: 1, returned: 1 }]);
  });

  it('asks for no more while a value waits for the one before it of its key', () => {
    const { state, numbers } = iterable([gives(1), gives(1), gives(1), gives(1)]);
    const options = { credit: 9, order: 'key', key: (n: number) => `${n}` } as const;
    withBackpressure<number>(options)(numbers).subscribe();
    expect(state.asked).toBe(2);
  });
});

import fc from 'fast-check';
import { Subject } from 'rxjs';
import { rateLimit, type RateLimitStreamOptions } from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';

type Options = Omit<RateLimitStreamOptions<string>, 'clock'>;

/** A source to feed by hand, and what passes when. */
function feed(options: Options) {
  const clock = createVirtualClock({ now: 0 });
  const source = new Subject<string>();
  const passed: { readonly value: string; readonly at: number }[] = [];
  let ended: unknown = 'no';
  const subscription = source.pipe(rateLimit({ ...options, clock })).subscribe({
    next: (value) => passed.push({ value, at: clock.monotonic() }),
    error: (error: unknown) => (ended = error),
    complete: () => (ended = 'completed'),
  });
  const values = (): string => passed.map(({ value }) => value).join(' ');
  return { clock, source, passed, values, subscription, ended: () => ended };
}

const steps = fc.array(
  fc.oneof(
    fc.record({ push: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ wait: fc.integer({ min: 1, max: 2_000 }) }),
  ),
  { maxLength: 80, size: 'max' },
);

describe('rateLimit', () => {
  it('never lets more than burst + rate · t of a key pass in any t, loses nothing, keeps order', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (taken, ratePerSecond, burst) => {
          const { clock, source, passed, ended } = feed({ ratePerSecond, burst, key: (value) => value[0] });
          const pushed: string[] = [];
          for (const step of taken) {
            if ('wait' in step) clock.advanceBySync(step.wait);
            else {
              pushed.push(`${step.push}${pushed.length}`);
              source.next(pushed.at(-1) ?? '');
            }
          }
          source.complete();
          clock.advanceBySync(100_000);
          expect(ended()).toBe('completed');
          expect(clock.pendingTimers).toBe(0);
          for (const key of ['a', 'b', 'c']) {
            const own = passed.filter(({ value }) => value[0] === key);
            expect(own.map(({ value }) => value)).toEqual(pushed.filter((value) => value[0] === key));
            for (const [first, { at: start }] of own.entries()) {
              for (const [last, { at: end }] of own.entries()) {
                if (last < first) continue;
                expect(last - first + 1).toBeLessThanOrEqual(
                  burst + ((end - start) * ratePerSecond) / 1000 + 1e-6,
                );
              }
            }
          }
        },
      ),
    );
  });

  it('lets a value pass as soon as its token is there', () => {
    const { clock, source, passed } = feed({ ratePerSecond: 10, burst: 1 });
    for (const value of ['a', 'b', 'c']) source.next(value);
    clock.advanceBySync(1_000);
    expect(passed).toEqual([
      { value: 'a', at: 0 },
      { value: 'b', at: 100 },
      { value: 'c', at: 200 },
    ]);
  });

  it('lets no value overtake those that wait, though its token is due before the timer fires', () => {
    const { clock, source, values } = feed({ ratePerSecond: 10, burst: 1 });
    clock.setTimeout(() => source.next('c'), 100);
    for (const value of ['a', 'b']) source.next(value);
    clock.advanceBySync(1_000);
    expect(values()).toBe('a b c');
  });

  it('gives each key a rate of its own', () => {
    const { clock, source, values } = feed({ ratePerSecond: 1, key: (value) => value[0] });
    for (const value of ['a1', 'a2', 'b1', 'b2']) source.next(value);
    expect(values()).toBe('a1 b1');
    clock.advanceBySync(1_000);
    expect(values()).toBe('a1 b1 a2 b2');
  });

  it('follows new rates, for what waits too', () => {
    const rates = new Subject<number>();
    const { clock, source, values } = feed({ ratePerSecond: 1, burst: 1, rates });
    for (const value of ['a', 'b', 'c', 'd']) source.next(value);
    clock.advanceBySync(500);
    rates.next(10);
    clock.advanceBySync(49);
    expect(values()).toBe('a');
    clock.advanceBySync(1);
    expect(values()).toBe('a b');
    clock.advanceBySync(100);
    expect(values()).toBe('a b c');
    rates.next(0.1);
    clock.advanceBySync(9_999);
    expect(values()).toBe('a b c');
    clock.advanceBySync(1);
    expect(values()).toBe('a b c d');
  });

  it('lets the burst follow the rate, unless it is given', () => {
    const rates = new Subject<number>();
    const { clock, source, values } = feed({ ratePerSecond: 1, rates });
    source.next('a');
    rates.next(3);
    clock.advanceBySync(1_000);
    for (const value of ['b', 'c', 'd', 'e']) source.next(value);
    expect(values()).toBe('a b c d');
  });

  it('keeps to the burst that was given, whatever the new rate', () => {
    const rates = new Subject<number>();
    const { clock, source, passed } = feed({ ratePerSecond: 1, burst: 1, rates });
    rates.next(10);
    clock.advanceBySync(1_000);
    for (const value of ['a', 'b', 'c']) source.next(value);
    clock.advanceBySync(1_000);
    expect(passed.map(({ at }) => at)).toEqual([1_000, 1_100, 1_200]);
  });

  it('does not forget a key at the moment when its token is there for a value that waits', () => {
    const { clock, source, passed } = feed({ ratePerSecond: 10, burst: 1, key: (value) => value[0] });
    clock.setTimeout(() => {
      for (const value of ['b1', 'a3']) source.next(value);
    }, 100);
    for (const value of ['a1', 'a2']) source.next(value);
    clock.advanceBySync(1_000);
    expect(passed.map(({ value, at }) => `${value} ${at}`).toSorted()).toEqual([
      'a1 0',
      'a2 100',
      'a3 200',
      'b1 100',
    ]);
  });

  it('fails for a new rate that is none, and with the source of rates; its completion changes nothing', () => {
    const [bad, broken, over] = [new Subject<number>(), new Subject<number>(), new Subject<number>()];
    const all = [bad, broken, over].map((rates) => feed({ ratePerSecond: 1, rates }));
    bad.next(0);
    broken.error('lost');
    over.complete();
    expect(all[0]?.ended()).toMatchObject({
      message: 'ratePerSecond must be a finite number above 0, got 0',
    });
    expect(all.slice(1).map(({ ended }) => ended())).toEqual(['lost', 'no']);
    expect(bad.observed).toBe(false);
  });

  it('drops what comes too early, where asked', () => {
    const dropped: string[] = [];
    const { clock, source, values } = feed({
      ratePerSecond: 1,
      whenLimited: 'drop',
      dropped: { next: (value) => dropped.push(value) },
    });
    source.next('a');
    source.next('b');
    clock.advanceBySync(1_000);
    source.next('c');
    expect([values(), dropped]).toEqual(['a c', ['b']]);
  });

  it('fails when more than capacity values wait, or drops them where that has a place', () => {
    const failing = feed({ ratePerSecond: 1, capacity: 1 });
    for (const value of ['a', 'b', 'c']) failing.source.next(value);
    expect(failing.ended()).toMatchObject({
      code: 'ERR_QUEUE_FULL',
      message: expect.stringMatching(/capacity = 1/),
    });
    expect(failing.clock.pendingTimers).toBe(0);
    const lost: string[] = [];
    const dropping = feed({ ratePerSecond: 1, capacity: 1, dropped: { next: (value) => lost.push(value) } });
    for (const value of ['a', 'b', 'c']) dropping.source.next(value);
    expect([lost, dropping.ended()]).toEqual([['c'], 'no']);
  });

  it('forgets keys whose bucket is full again, and no others', () => {
    const { clock, source, values, ended } = feed({ ratePerSecond: 1, maxKeys: 2, key: (value) => value[0] });
    source.next('a1');
    clock.advanceBySync(500);
    source.next('b1');
    source.next('b2');
    clock.advanceBySync(500);
    source.next('c1');
    expect(values()).toBe('a1 b1 c1');
    clock.advanceBySync(499);
    source.next('b3');
    expect(ended()).toBe('no');
    source.next('d1');
    expect(ended()).toMatchObject({ message: expect.stringMatching(/maxKeys = 2 keys/) });
    expect(values()).toBe('a1 b1 c1');
  });

  it('completes when nothing waits any more, and stops at once when it fails or is left', () => {
    const completing = feed({ ratePerSecond: 1 });
    completing.source.next('a');
    completing.source.next('b');
    completing.source.complete();
    expect(completing.ended()).toBe('no');
    completing.clock.advanceBySync(1_000);
    expect([completing.values(), completing.ended()]).toEqual(['a b', 'completed']);
    const [left, failed] = [feed({ ratePerSecond: 1 }), feed({ ratePerSecond: 1 })];
    for (const { source } of [left, failed]) for (const value of ['a', 'b']) source.next(value);
    left.subscription.unsubscribe();
    failed.source.error('broken');
    expect([left, failed].map(({ clock }) => clock.pendingTimers)).toEqual([0, 0]);
    expect(failed.ended()).toBe('broken');
  });

  it('lets each value pass once that its own consumer sends while others pass', () => {
    const { clock, source, values, subscription } = feed({ ratePerSecond: 2, burst: 2 });
    const feeding = source.subscribe((value) => value.length < 4 && source.next(`${value}+`));
    source.next('a');
    clock.advanceBySync(10_000);
    feeding.unsubscribe();
    subscription.unsubscribe();
    expect(values().split(' ').toSorted()).toEqual(['a', 'a+', 'a++', 'a+++']);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    [{ ratePerSecond: 0 }, /ratePerSecond must be a finite number above 0/],
    [{ ratePerSecond: 1, burst: 0 }, /burst must be a finite number of at least 1/],
    [{ ratePerSecond: 1, capacity: -1 }, /capacity must be/],
    [{ ratePerSecond: 1, maxKeys: 0 }, /maxKeys must be/],
    [{ ratePerSecond: 1, whenLimited: 'drop' as const }, /whenLimited 'drop' needs a dropped output/],
    [{ ratePerSecond: 1, whenLimited: 'no' as 'drop' }, /whenLimited must be wait or drop, got "no"/],
  ])('refuses %j', (options, message) => {
    expect(() => feed(options)).toThrow(message);
  });
});

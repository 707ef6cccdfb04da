import fc from 'fast-check';
import { from, map, NEVER, of, Subject } from 'rxjs';
import {
  Credit,
  withBackpressure,
  type BackpressureOptions,
  type Delivery,
  type Held,
  type PriorityInput,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { aMillion } from '../../support/a-million.ts';

/** What a source with credit emits, and how it ended. */
function collect<T>(
  source: Parameters<ReturnType<typeof withBackpressure<T>>>[0],
  options: BackpressureOptions<T>,
) {
  const seen: Held<T>[] = [];
  let ended: unknown = 'no';
  const subscription = withBackpressure<T>(options)(source).subscribe({
    next: (held) => seen.push(held as Held<T>),
    error: (error: unknown) => (ended = error),
    complete: () => (ended = 'completed'),
  });
  return { seen, subscription, ended: () => ended, values: () => seen.map(({ value }) => value) };
}

/** Numbers that say when they are asked for, and when nobody wants them any more. */
function askable(count: number) {
  const log: (number | 'returned')[] = [];
  function* numbers() {
    try {
      for (let n = 1; n <= count; n += 1) {
        log.push(n);
        yield n;
      }
    } finally {
      log.push('returned');
    }
  }
  async function* later() {
    for (const n of numbers()) yield n;
  }
  return { log, numbers, later };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function deliver(n: number, log: string[]): Delivery {
  return {
    event: { data: n } as Delivery['event'],
    attempt: 1,
    ack: () => void log.push(`ack ${n}`),
    nak: (delayMs) => void log.push(`nak ${n} ${delayMs}`),
    term: (reason) => void log.push(`term ${n} ${reason}`),
  };
}

describe('withBackpressure', () => {
  it('has no more than credit values out, and goes on as they are acknowledged, once each', () => {
    const { seen, values, ended } = collect(of(1, 2, 3, 4), { credit: 2 });
    expect(values()).toEqual([1, 2]);
    seen[0]?.ack();
    seen[0]?.ack();
    expect(values()).toEqual([1, 2, 3]);
    expect(ended()).toBe('no');
    seen[2]?.ack();
    expect([values(), ended()]).toEqual([[1, 2, 3, 4], 'completed']);
  });

  it('never has more out than its credit, nor changes the order, whatever is acknowledged when', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 4 }),
        (steps, credit) => {
          const source = new Subject<number>();
          const { seen, values } = collect(source, { credit });
          const out = (): number => seen.length - acknowledged.size;
          const acknowledged = new Set<number>();
          let pushed = 0;
          for (const step of steps) {
            if (step >= 0) {
              source.next(pushed);
              pushed += 1;
            } else {
              const at = seen.findIndex((_held, index) => !acknowledged.has(index));
              if (at >= 0) {
                acknowledged.add(at);
                seen[at]?.ack();
              }
            }
            expect(out()).toBeLessThanOrEqual(credit);
            expect(out()).toBe(Math.min(credit, pushed - acknowledged.size));
          }
          expect(values()).toEqual(seen.map((_held, index) => index));
        },
      ),
    );
  });

  it('asks an iterable for a value only when there is credit', () => {
    const { log, numbers } = askable(3);
    const { seen, ended } = collect(numbers(), { credit: 1 });
    expect(log).toEqual([1]);
    seen[0]?.ack();
    expect(log).toEqual([1, 2]);
    seen[1]?.ack();
    seen[2]?.ack();
    expect([log, ended()]).toEqual([[1, 2, 3, 'returned'], 'completed']);
  });

  it('asks an asynchronous iterable for one value at a time', async () => {
    const { log, later } = askable(4);
    const { seen, ended } = collect(later(), { credit: 2 });
    await settle();
    expect(log).toEqual([1, 2]);
    seen[0]?.ack();
    await settle();
    expect(log).toEqual([1, 2, 3]);
    for (const held of seen) held.ack();
    await settle();
    for (const held of seen) held.ack();
    await settle();
    expect([log, ended()]).toEqual([[1, 2, 3, 4, 'returned'], 'completed']);
  });

  it('lets an iterable go when it is left', () => {
    const { log, numbers } = askable(3);
    collect(numbers(), { credit: 1 }).subscription.unsubscribe();
    expect(log).toEqual([1, 'returned']);
  });

  it('takes a million values of an iterable that are acknowledged at once', () => {
    const { numbers } = askable(aMillion);
    let count = 0;
    withBackpressure<number>({ credit: 1 })(numbers())
      .pipe(map((held) => held.ack()))
      .subscribe(() => (count += 1));
    expect(count).toBe(aMillion);
  });

  it('fails when the iterable throws, at once or later, and with what is no iterable', async () => {
    const error = new Error('broken');
    const broken = {
      [Symbol.iterator]: () => ({
        next: () => {
          throw error;
        },
      }),
    };
    const rejecting = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
    expect(collect(broken, {}).ended()).toBe(error);
    const { ended } = collect(rejecting, {});
    await settle();
    expect(ended()).toBe(error);
    expect(collect(3 as unknown as number[], {}).ended()).toMatchObject({
      message: 'withBackpressure takes an observable or an iterable, got 3',
    });
  });

  it('settles a delivery and its credit together', () => {
    const log: string[] = [];
    const source = of(1, 2, 3, 4).pipe(map((n) => deliver(n, log)));
    const seen: Delivery[] = [];
    source.pipe(withBackpressure<Delivery>({ credit: 1 })).subscribe((delivery) => seen.push(delivery));
    seen[0]?.ack();
    seen[0]?.nak();
    seen[1]?.nak(50);
    seen[2]?.term('broken');
    expect(log).toEqual(['ack 1', 'nak 2 50', 'term 3 broken']);
    expect(seen.map(({ event }) => event.data)).toEqual([1, 2, 3, 4]);
  });

  it.each(['event', 'ack', 'nak', 'term'] as const)(
    'holds what is a delivery but for its %s as the value that it is',
    (part) => {
      const log: string[] = [];
      const lacking = { ...deliver(1, log), [part]: undefined };
      const { seen, subscription } = collect(of(lacking, lacking), { credit: 1 });
      expect(seen[0]?.value).toBe(lacking);
      // Nor is one that waits given back.
      subscription.unsubscribe();
      expect(log).toEqual([]);
    },
  );

  it('holds what is no object, or nothing', () => {
    const all = [null, undefined, 5, 'text', true];
    expect(collect(from(all), { credit: 9 }).values()).toEqual(all);
    collect(from(all), { credit: 1 }).subscription.unsubscribe();
  });

  it('gives deliveries that wait back when it is left', () => {
    const log: string[] = [];
    const source = of(1, 2, 3).pipe(map((n) => deliver(n, log)));
    source
      .pipe(withBackpressure<Delivery>({ credit: 1 }))
      .subscribe()
      .unsubscribe();
    expect(log.toSorted()).toEqual(['nak 2 undefined', 'nak 3 undefined']);
  });

  it('holds back a key until its last value is acknowledged', () => {
    const { seen, values } = collect(of('a1', 'a2', 'b1'), {
      credit: 9,
      order: 'key',
      key: (name) => name[0],
    });
    expect(values()).toEqual(['a1', 'b1']);
    seen[0]?.ack();
    expect(values()).toEqual(['a1', 'b1', 'a2']);
  });

  it('lets urgent values go first', () => {
    const { seen, values } = collect(of(3, 2, 1), {
      credit: 1,
      priority: (n) => (n === 1 ? 'critical' : 'low'),
    });
    seen[0]?.ack();
    expect(values()).toEqual([3, 1]);
  });

  it('lets what has waited go before what is more urgent, but not above the ceiling', () => {
    const clock = createVirtualClock();
    const orderOf = (ceiling: 'high' | 'normal'): readonly unknown[] => {
      const source = new Subject<PriorityInput>();
      const aged = { strategy: 'aged', agingMs: 10, ceiling, clock } as const;
      const { seen, values } = collect(source, { credit: 1, priority: (urgency) => urgency, ...aged });
      for (const urgency of ['critical', 'low'] as const) source.next(urgency);
      clock.advanceBySync(1_000);
      source.next('high');
      for (const at of [0, 1]) seen[at]?.ack();
      return values();
    };
    expect(orderOf('high')).toEqual(['critical', 'low', 'high']);
    expect(orderOf('normal')).toEqual(['critical', 'high', 'low']);
  });

  it('ends where a selector gives no priority', () => {
    const { ended } = collect(of(1), { priority: () => undefined as unknown as PriorityInput });
    expect(ended()).toBeInstanceOf(TypeError);
  });

  it('follows a credit that is widened and held from outside', () => {
    const credit = new Credit(0);
    const { values } = collect(of(1, 2, 3), { credit: () => credit });
    expect(values()).toEqual([]);
    credit.grant(2, Infinity);
    expect(values()).toEqual([1, 2]);
    credit.grant(3, 0);
    expect(values()).toEqual([1, 2]);
  });

  it('fails at once with its source, and when too many values wait', () => {
    const source = new Subject<number>();
    const { ended } = collect(source, { credit: 1 });
    source.next(1);
    source.error('broken');
    expect(ended()).toBe('broken');
    expect(collect(of(1, 2, 3, 4), { credit: 1, capacity: 2 }).ended()).toMatchObject({
      code: 'ERR_QUEUE_FULL',
      message:
        'withBackpressure already holds capacity = 2 values; ' +
        'raise it, slow the source, or choose an overflow policy',
    });
  });

  it('waits with a silent source, and leaves it when it is left', () => {
    const { ended, subscription } = collect(NEVER, {});
    expect(ended()).toBe('no');
    subscription.unsubscribe();
  });

  it('refuses a credit that is no number', () => {
    expect(() => withBackpressure({ credit: 0 })).toThrow('credit must be a whole number of at least 1');
  });
});

import {
  bufferTime,
  debounceTime,
  delay,
  interval,
  of,
  range,
  Subject,
  take,
  timeout,
  timer,
  type SchedulerAction,
} from 'rxjs';
import { clockScheduler } from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';

function world() {
  const clock = createVirtualClock({ now: 5_000 });
  return { clock, scheduler: clockScheduler(clock) };
}

describe('clockScheduler', () => {
  it('runs RxJS operators by the clock', () => {
    const { clock, scheduler } = world();
    const log: string[] = [];
    const note = (name: string) => (value: unknown) =>
      void log.push(`${name} ${JSON.stringify(value)} ${clock.monotonic()}`);
    interval(100, scheduler).pipe(take(3)).subscribe(note('interval'));
    timer(50, scheduler).subscribe(note('timer'));
    of('x').pipe(delay(70, scheduler)).subscribe(note('delay'));
    interval(40, scheduler)
      .pipe(bufferTime(100, null, Infinity, scheduler), take(1))
      .subscribe(note('buffer'));
    new Subject().pipe(timeout({ each: 120, scheduler, with: () => of('late') })).subscribe(note('timeout'));
    clock.advanceBySync(1_000);
    expect(log.toSorted()).toEqual([
      'buffer [0,1] 100',
      'delay "x" 70',
      'interval 0 100',
      'interval 1 200',
      'interval 2 300',
      'timeout "late" 120',
      'timer 0 50',
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps measuring durations when the wall clock is set back', () => {
    const { clock, scheduler } = world();
    const source = new Subject<number>();
    const seen: number[] = [];
    source.pipe(debounceTime(100, scheduler)).subscribe((n) => seen.push(n));
    source.next(1);
    clock.advanceBySync(60);
    source.next(2);
    clock.setWallClock(0);
    clock.advanceBySync(100);
    expect(seen).toEqual([2]);
    expect(scheduler.now()).toBe(5_160);
  });

  it('runs work without delay later, in order, and does not recurse', () => {
    const { clock, scheduler } = world();
    const order: number[] = [];
    for (const n of [1, 2, 3]) scheduler.schedule((state) => void order.push(state ?? 0), 0, n);
    expect(order).toEqual([]);
    clock.flushSync();
    expect(order).toEqual([1, 2, 3]);
    let count = 0;
    range(0, 100_000, scheduler).subscribe(() => (count += 1));
    clock.flushSync();
    expect(count).toBe(100_000);
  });

  it('schedules an action again from within, moves one that waits, and forgets one that is left', () => {
    const { clock, scheduler } = world();
    const ran: number[] = [];
    scheduler.schedule(
      function (this: SchedulerAction<number>, state?: number) {
        ran.push(clock.monotonic());
        if ((state ?? 0) < 3) {
          this.schedule((state ?? 0) + 1, 500);
          this.schedule((state ?? 0) + 1, 10);
        }
      },
      10,
      1,
    );
    const left = scheduler.schedule(() => ran.push(-1), 15);
    left.unsubscribe();
    left.unsubscribe();
    clock.advanceBySync(1_000);
    expect(ran).toEqual([10, 20, 30]);
  });

  it('starts at the time of day, however long the clock has run', () => {
    const clock = createVirtualClock({ now: 5_000 });
    clock.advanceBySync(300);
    expect(clockScheduler(clock).now()).toBe(5_300);
  });

  it('is done with work that has run, and does not take up what was left', () => {
    const { clock, scheduler } = world();
    let ran = 0;
    const once = scheduler.schedule(() => (ran += 1), 10) as SchedulerAction<unknown>;
    const left = scheduler.schedule(() => (ran += 1), 10) as SchedulerAction<unknown>;
    left.unsubscribe();
    left.schedule(undefined, 20);
    expect(clock.pendingTimers).toBe(1);
    clock.advanceBySync(100);
    expect([ran, once.closed, clock.pendingTimers]).toEqual([1, true, 0]);
    once.schedule();
    clock.advanceBySync(100);
    expect([ran, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('gives up an action whose work throws', () => {
    const { clock, scheduler } = world();
    const action = scheduler.schedule(function (this: SchedulerAction<unknown>) {
      this.schedule(undefined, 10);
      throw new Error('broken');
    });
    expect(() => clock.flushSync()).toThrow('broken');
    expect([action.closed, clock.pendingTimers]).toEqual([true, 0]);
  });
});

import { describe, expect, it } from 'vitest';
import { breakerWith, fail, grants } from '../support/breaker.ts';

describe('the snapshots of a breaker', () => {
  it('start with the current one, then show every change in order', async () => {
    const { breaker, clock } = breakerWith();
    const seen: string[] = [];
    breaker.snapshot$.subscribe(({ state, epoch }) => seen.push(`${state} ${epoch}`));
    fail(breaker, 2);
    await clock.advanceBy(1_000);
    for (const permit of grants(breaker)) permit.ok();

    expect(seen).toEqual(['closed 1', 'open 2', 'halfOpen 3', 'closed 4']);
  });

  it('obey what an observer signals at once, and show it to all in order', () => {
    const { breaker } = breakerWith();
    const states: string[] = [];
    const seen: string[] = [];
    breaker.snapshot$.subscribe(({ state }) => {
      if (state !== 'open') return;
      breaker.isolate();
      states.push(breaker.state);
    });
    breaker.snapshot$.subscribe(({ state }) => seen.push(state));
    fail(breaker, 2);

    expect(states).toEqual(['isolated']);
    expect(seen).toEqual(['closed', 'open', 'isolated']);
  });

  it('let an observer fail calls that take effect at once', async () => {
    const { breaker, clock } = breakerWith();
    const started: number[] = [];
    fail(breaker, 2);
    await clock.advanceBy(1_000);
    breaker.snapshot$.subscribe(({ state, epoch }) => {
      if (state !== 'closed' || epoch < 4) return;
      for (let index = 0; index < 10; index += 1) {
        const permit = breaker.tryAcquire();
        if (permit !== undefined) started.push(index);
        permit?.failed();
      }
    });
    for (const permit of grants(breaker)) permit.ok();

    expect(started).toEqual([0, 1]);
    expect(breaker.state).toBe('open');
  });
});

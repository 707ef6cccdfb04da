import { describe, expect, it } from 'vitest';
import { breakerWorld, leaseMs, Line, openMs, pollMs, states, three } from '../support/breaker-world.ts';

const encoder = new TextEncoder();

describe('a shared breaker whose store is away', () => {
  it('makes its own trials, says so once, and says when it is shared again', async () => {
    const { clock, a, b } = await three();
    a.line.cut = true;
    a.trip();
    await clock.advanceBy(openMs + 50);
    expect(a.state).toBe('halfOpen');
    expect(b.state).toBe('closed');
    a.call(true);
    await clock.advanceBy(4 * pollMs);
    expect(a.state).toBe('closed');
    expect(a.lines).toEqual([expect.stringContaining('the breaker of billing acts alone')]);
    a.line.cut = false;
    await clock.advanceBy(2 * pollMs);

    expect(a.lines.at(-1)).toBe('the breaker of billing is shared again');
  });

  it('acts alone too when the store does not answer', async () => {
    const world = breakerWorld();
    const a = world.join('a', new Line(() => 3_600_000));
    await world.clock.advanceBy(3 * pollMs);
    a.trip();
    await world.clock.advanceBy(openMs + 10);

    expect(a.state).toBe('halfOpen');
  });

  it('writes what has happened meanwhile when it is back', async () => {
    const { clock, a, b, c } = await three();
    a.line.cut = true;
    a.trip();
    await clock.advanceBy(100);
    a.line.cut = false;
    await clock.advanceBy(2 * pollMs + 50);

    expect(states([a, b, c])).toEqual(['open', 'open', 'open']);
  });

  it('follows what the others have done meanwhile when it is back', async () => {
    const { clock, a, b } = await three();
    b.trip();
    await clock.advanceBy(pollMs + 10);
    a.line.cut = true;
    await clock.advanceBy(openMs + 50);
    expect(a.state).toBe('halfOpen');
    b.actor.send({ type: 'reset' });
    await clock.advanceBy(50);
    a.call(false);
    expect(a.state).toBe('open');
    a.line.cut = false;
    await clock.advanceBy(2 * pollMs);

    expect(states([a, b])).toEqual(['closed', 'closed']);
  });

  it('opens nothing anew for an opening that others were through with when it came back', async () => {
    const { clock, a, b, all } = await three();
    a.line.cut = true;
    a.trip();
    await clock.advanceBy(pollMs + 10);
    b.trip();
    await clock.advanceBy(20);
    b.actor.send({ type: 'reset' });
    await clock.advanceBy(20);
    a.line.cut = false;
    await clock.advanceBy(3 * pollMs);

    expect(states(all)).toEqual(['closed', 'closed', 'closed']);
  });

  it('does not open anew for the others when the answer to its write was lost', async () => {
    const { clock, store, join } = breakerWorld();
    let ways = -Infinity;
    const a = join('a', new Line(() => ((ways += 1) === 4 ? -20 : 1)));
    const b = join('b');
    await clock.advanceBy(pollMs + 20);
    // There and back for the look, and there for the write.
    ways = 0;
    a.trip();
    await clock.advanceBy(pollMs + 10);
    expect(b.state).toBe('open');
    const [until, written] = [b.actor.snapshot.until, await store.read('breakers', 'billing')];
    await clock.advanceBy(3 * pollMs - 50);

    expect(b.actor.snapshot.until).toBe(until);
    expect(await store.read('breakers', 'billing')).toEqual(written);
  });

  it('makes no trials of its own any more when another one does', async () => {
    const { clock, a, b, c } = await three();
    a.trip();
    await clock.advanceBy(pollMs + 10);
    a.line.cut = true;
    await clock.advanceBy(openMs);
    expect(a.state).toBe('halfOpen');
    a.line.cut = false;
    await clock.advanceBy(2 * pollMs);

    expect(states([a, b, c]).filter((state) => state === 'halfOpen')).toHaveLength(1);
  });
});

describe('a shared breaker whose record somebody else has written', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['no object', '[]'],
    ['half of one', '{"state":"open"}'],
    ['an odd state', '{"state":"odd","by":"x","forMs":1,"opens":1}'],
    ['no number', '{"state":"open","by":"x","forMs":"1","opens":1}'],
    ['a number below 0', '{"state":"open","by":"x","forMs":-1,"opens":1}'],
    ['half an opening', '{"state":"open","by":"x","forMs":1,"opens":0.5}'],
    ['nobody', '{"state":"open","by":"","forMs":1,"opens":1}'],
    ['far too much', `{"state":"open","by":"x","forMs":1,"opens":1${' '.repeat(2000)}}`],
  ])('ignores what is no record, says so once, and writes over it: %s', async (_what, text) => {
    const { clock, store, a, b, c, record } = await three();
    await store.write({ bucket: 'breakers', key: 'billing', value: encoder.encode(text) });
    await clock.advanceBy(4 * pollMs);
    expect(states([a, b, c])).toEqual(['closed', 'closed', 'closed']);
    expect(b.lines).toEqual([expect.stringContaining('is no such state; it is ignored')]);
    a.trip();
    await clock.advanceBy(pollMs + 10);

    expect(states([a, b, c])).toEqual(['open', 'open', 'open']);
    expect(await record()).toMatchObject({ state: 'open', by: 'a' });
  });

  it.each([
    { state: 'open', forMs: 1e300, opens: Number.MAX_SAFE_INTEGER },
    { state: 'probing', forMs: 1e300, opens: 1 },
  ])('is stopped by it for no longer than its own bounds: %j', async (forged) => {
    const { clock, store, all } = await three();
    const value = encoder.encode(JSON.stringify({ ...forged, by: 'mallory' }));
    await store.write({ bucket: 'breakers', key: 'billing', value });
    await clock.advanceBy(pollMs + 10);
    expect(states(all)).toEqual(['open', 'open', 'open']);
    await clock.advanceBy(10 * leaseMs * 1.25 + 2 * pollMs);
    for (const member of all) member.call(true);
    await clock.advanceBy(10 * leaseMs);
    for (const member of all) member.call(true);
    await clock.advanceBy(2 * pollMs);

    expect(states(all)).toEqual(['closed', 'closed', 'closed']);
  });
});

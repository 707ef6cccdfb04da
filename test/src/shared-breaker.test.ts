import { describe, expect, it } from 'vitest';
import { breakerWorld, leaseMs, Line, openMs, pollMs, states, three } from '../support/breaker-world.ts';

describe('a breaker that processes share', () => {
  it('opens in all of them within a look', async () => {
    const { clock, a, all } = await three();
    a.trip();
    await clock.advanceBy(pollMs + 10);

    expect(states(all)).toEqual(['open', 'open', 'open']);
    expect(all.map(({ actor }) => actor.snapshot.opens)).toEqual([1, 1, 1]);
  });

  it('knows why it opened only where it did', async () => {
    const { clock, a, b } = await three();
    b.trip();
    await clock.advanceBy(pollMs + 10);
    b.actor.send({ type: 'reset' });
    await clock.advanceBy(pollMs + 10);
    a.trip();
    await clock.advanceBy(pollMs + 10);

    expect(a.actor.snapshot.lastTrip).toBeDefined();
    expect(b.actor.snapshot).toMatchObject({ breaker: 'open' });
    expect(b.actor.snapshot.lastTrip).toBeUndefined();
  });

  it('lets one of them make the trials, and closes in all when they succeed', async () => {
    const { clock, a, all } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    expect(states(all).toSorted()).toEqual(['halfOpen', 'open', 'open']);

    expect(all.map((member) => member.call(true)).filter(Boolean)).toHaveLength(1);
    await clock.advanceBy(pollMs + 10);

    expect(states(all)).toEqual(['closed', 'closed', 'closed']);
  });

  it('stays open in all for twice as long when the trials fail', async () => {
    const { clock, a, all, record } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    for (const member of all) member.call(false);
    await clock.advanceBy(pollMs + 10);

    expect(await record()).toMatchObject({ state: 'open', forMs: 2 * openMs, opens: 2 });
    expect(all.map(({ actor }) => actor.snapshot.opens)).toEqual([2, 2, 2]);
    await clock.advanceBy(2 * openMs - 2 * pollMs);
    expect(states(all)).toEqual(['open', 'open', 'open']);
  });

  it('leaves the trials to another when one has nothing to try with', async () => {
    const { clock, a, all } = await three();
    a.trip();
    const probers = new Set<string>();
    for (let waitedMs = 0; waitedMs < openMs + 4 * leaseMs; waitedMs += 10) {
      await clock.advanceBy(10);
      const trying = all.filter(({ state }) => state === 'halfOpen');
      expect(trying.length).toBeLessThanOrEqual(1);
      for (const { name } of trying) probers.add(name);
    }

    expect(probers.size).toBeGreaterThan(1);
  });

  it('leaves no trials to one that is paused', async () => {
    const { clock, a, b, c, all } = await three();
    a.trip();
    a.actor.send({ type: 'pause' });
    b.actor.send({ type: 'pause' });
    await clock.advanceBy(openMs + pollMs + 20);

    expect(states(all)).toEqual(['open', 'open', 'halfOpen']);
    expect(c.call(true)).toBe(true);
  });

  it('takes the trials over from one that died, after its lease and not before', async () => {
    const { clock, a, b } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    const { state } = a;
    const [dead, ...others] = state === 'halfOpen' ? [a, b] : [b, a];
    expect(dead.state).toBe('halfOpen');
    dead.process.stop();
    await clock.advanceBy(leaseMs - pollMs);
    expect(others.every((other) => other.state === 'open')).toBe(true);
    await clock.advanceBy(leaseMs);

    expect(others[0]?.state).toBe('halfOpen');
    dead.process.goOn();
    expect(dead.state).toBe('open');
  });

  it('closes nothing by trials that end after their lease, when another one makes them', async () => {
    const { clock, a, b, all } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    const late = a.state === 'halfOpen' ? a : b;
    expect(late.state).toBe('halfOpen');
    late.process.stop();
    await clock.advanceBy(1.25 * leaseMs + pollMs);
    // Its result is there before its timers are.
    late.call(true);
    late.process.goOn();
    await clock.advanceBy(50);

    expect(states(all).toSorted()).toEqual(['halfOpen', 'open', 'open']);
    expect(late.state).toBe('open');
  });

  it('lets one whose way to the store is longer have its turn', async () => {
    const { clock, join } = breakerWorld();
    const [near, far] = [join('near'), join('far', new Line(() => 75))];
    await clock.advanceBy(pollMs);
    near.trip();
    const probers = new Set<string>();
    for (let waitedMs = 0; waitedMs < openMs + 20 * leaseMs; waitedMs += 10) {
      await clock.advanceBy(10);
      for (const { name, state } of [near, far]) if (state === 'halfOpen') probers.add(name);
    }

    expect([...probers].toSorted()).toEqual(['far', 'near']);
  });

  it('leaves the trials at once when its subscriber stops', async () => {
    const world = breakerWorld();
    const a = world.join('a');
    await world.clock.advanceBy(pollMs);
    a.trip();
    await world.clock.advanceBy(openMs + 10);
    expect(a.state).toBe('halfOpen');
    a.actor.send({ type: 'stop' });
    await world.clock.advanceBy(10);

    expect(await world.record()).toMatchObject({ state: 'open', forMs: 0 });
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('is open for one that joins while it is open', async () => {
    const { clock, a, join } = await three();
    a.trip();
    await clock.advanceBy(10);
    const d = join('d');
    await clock.advanceBy(10);

    expect(d.state).toBe('open');
    expect(d.call(true)).toBe(false);
  });

  it('is open for one that joins while another makes the trials', async () => {
    const { clock, a, all, join } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    const d = join('d');
    await clock.advanceBy(20);

    expect(d.state).toBe('open');
    expect(states(all)).toContain('halfOpen');
  });

  it('closes in all when one is reset, whatever the others do', async () => {
    const { clock, a, b, all } = await three();
    a.trip();
    await clock.advanceBy(pollMs + 10);
    b.actor.send({ type: 'reset' });
    await clock.advanceBy(pollMs + 10);

    expect(states(all)).toEqual(['closed', 'closed', 'closed']);
  });

  it('is isolated in one process alone, and stays so', async () => {
    const { clock, a, b, all } = await three();
    b.actor.send({ type: 'isolate' });
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    for (const member of all) member.call(true);
    await clock.advanceBy(pollMs + 10);

    expect(states(all)).toEqual(['closed', 'isolated', 'closed']);
  });

  it('gives the trials away when its prober is isolated', async () => {
    const { clock, a, all } = await three();
    a.trip();
    await clock.advanceBy(openMs + pollMs + 20);
    const prober = all.find(({ state }) => state === 'halfOpen');
    prober?.actor.send({ type: 'isolate' });
    await clock.advanceBy(pollMs + 50);

    expect(states(all).toSorted()).toEqual(['halfOpen', 'isolated', 'open']);
  });

  it('keeps a trip that comes at the same time as a close from elsewhere', async () => {
    const { clock, a, b, c } = await three();
    a.trip();
    await clock.advanceBy(20);
    a.actor.send({ type: 'reset' });
    await clock.advanceBy(20);
    // It has seen neither: its look is still to come.
    expect(c.state).toBe('closed');
    c.trip();
    await clock.advanceBy(pollMs + 10);

    expect(states([a, b, c])).toEqual(['open', 'open', 'open']);
  });
});

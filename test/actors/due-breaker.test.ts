import { describe, expect, it } from 'vitest';
import { createSubscriberActor } from '../../actors/create-subscriber-actor.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { Credit } from '../../streams/queue/credit.ts';
import { quick } from '../support/breaker.ts';

function due(whileOpen: 'wait' | 'call' = 'wait') {
  const clock = createVirtualClock({ now: 0 });
  const credit = new Credit(0);
  const actor = createSubscriberActor(
    { breaker: quick, shared: true, whileOpen },
    { clock, random: () => 0.5, credit },
  );
  const states: string[] = [];
  actor.snapshot$.subscribe(({ breaker, due: isDue }) =>
    states.push(isDue === true ? `${breaker}, due` : breaker),
  );
  return { clock, credit, actor, states };
}

async function opened(whileOpen: 'wait' | 'call' = 'wait') {
  const world = due(whileOpen);
  world.actor.send({ type: 'opened', openMs: 100, opens: 3 });
  await world.clock.advanceBy(100);
  return world;
}

describe('the breaker of a subscriber that shares it', () => {
  it('opens for as long as it is told, with the count of openings that it is told', async () => {
    const { clock, actor } = due();
    actor.send({ type: 'opened', openMs: 700, opens: 3 });

    expect(actor.snapshot).toMatchObject({ breaker: 'open', since: 0, until: 700, opens: 3 });
    await clock.advanceBy(699);
    expect(actor.snapshot.due).toBeUndefined();
    await clock.advanceBy(1);
    expect(actor.snapshot).toMatchObject({ breaker: 'open', due: true, since: 0, permits: 0 });
    expect(actor.snapshot.until).toBeUndefined();
  });

  it('makes no trials when its open time is over until it is told to', async () => {
    const { clock, credit, actor } = await opened();
    await clock.advanceBy(100_000);
    expect(credit.available).toBe(false);
    actor.send({ type: 'probe' });

    expect(actor.snapshot).toMatchObject({ breaker: 'halfOpen', permits: quick.halfOpenCalls });
    expect(credit.available).toBe(true);
  });

  it('goes on calling the fallback while its trials are due', async () => {
    const { credit, actor } = await opened('call');

    expect(credit.available).toBe(true);
    expect(actor.admitting).toBe(false);
  });

  it('gives its trials up when another is to make them, and their results are void', async () => {
    const { clock, credit, actor } = await opened();
    actor.send({ type: 'probe' });
    const epoch = actor.begin();
    await clock.advanceBy(10);
    actor.send({ type: 'yield' });
    actor.end(true, 1, epoch);
    actor.end(true, 1, epoch);

    expect(actor.snapshot).toMatchObject({ breaker: 'open', due: true, since: 110, opens: 3, permits: 0 });
    expect(credit.available).toBe(false);
  });

  it('opens for the next longer time when its trials fail', async () => {
    const { actor } = await opened();
    actor.send({ type: 'probe' });
    for (let calls = 0; calls < 3; calls += 1) actor.end(true, 1, actor.begin());

    expect(actor.snapshot).toMatchObject({ breaker: 'open', since: 100, until: 4100, opens: 4 });
  });

  it.each(['open', 'due', 'halfOpen'])('closes and opens with the others while %s', async (state) => {
    for (const signal of [{ type: 'closed' }, { type: 'opened', openMs: 50, opens: 7 }] as const) {
      const { actor } = state === 'open' ? due() : await opened();
      if (state === 'open') actor.send({ type: 'opened', openMs: 900, opens: 1 });
      if (state === 'halfOpen') actor.send({ type: 'probe' });
      const { epoch } = actor.snapshot;
      actor.send(signal);

      expect(actor.snapshot.epoch).toBe(epoch + 1);
      if (signal.type === 'closed') expect(actor.snapshot).toMatchObject({ breaker: 'closed', opens: 0 });
      else expect(actor.snapshot).toMatchObject({ breaker: 'open', opens: 7 });
    }
  });

  it('stays as it is when it is closed already, or isolated by hand', () => {
    const { actor, states } = due();
    actor.send({ type: 'closed' });
    actor.send({ type: 'probe' });
    actor.send({ type: 'yield' });
    actor.send({ type: 'isolate' });
    actor.send({ type: 'opened', openMs: 50, opens: 1 });
    actor.send({ type: 'closed' });

    expect(states).toEqual(['closed', 'isolated']);
  });

  it('makes its trials by itself when it is not shared', async () => {
    const { clock, actor } = (() => {
      const own = createVirtualClock({ now: 0 });
      const ports = { clock: own, random: () => 0.5, credit: new Credit(0) };
      return { clock: own, actor: createSubscriberActor({ breaker: quick }, ports) };
    })();
    actor.send({ type: 'opened', openMs: 100, opens: 1 });
    await clock.advanceBy(100);

    expect(actor.snapshot.breaker).toBe('halfOpen');
  });
});

import { describe, expect, it } from 'vitest';
import {
  createSubscriberActor,
  type SubscriberActorOptions,
  type SubscriberSnapshot,
} from '../../actors/create-subscriber-actor.ts';
import type { SubscriberSignal } from '../../actors/subscriber.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { Credit } from '../../streams/queue/credit.ts';

const breaker = { windowSize: 4, minimumCalls: 2, resetTimeoutMs: 1_000, halfOpenTimeoutMs: 500, jitter: 0 };

function actorWith(options: SubscriberActorOptions = { breaker, concurrency: 4 }) {
  const clock = createVirtualClock({ now: 0 });
  const credit = new Credit(0, 0);
  const actor = createSubscriberActor(options, { clock, random: () => 0.5, credit });

  /** Does what a source and a dispatcher do for one call; undefined when none may start. */
  function start(): number | undefined {
    if (!credit.available) return undefined;
    credit.spend();
    return actor.begin();
  }
  function end(failed: boolean, epoch = start()): void {
    if (epoch === undefined) throw new Error('no call may start');
    credit.repay();
    actor.end(failed, 0, epoch);
  }
  return { actor, clock, credit, start, end };
}

function send(actor: { send(signal: SubscriberSignal): void }, ...types: SubscriberSignal['type'][]): void {
  for (const type of types) actor.send({ type, error: new Error('crashed') } as SubscriberSignal);
}

describe('the flow of a subscriber', () => {
  it('runs from the start, with all its concurrency', () => {
    const { actor, credit } = actorWith({});

    expect(actor.snapshot).toMatchObject({ flow: 'running', breaker: 'closed', accepting: true, epoch: 1 });
    expect([credit.limit, credit.permits]).toEqual([16, Infinity]);
  });

  it.each<[SubscriberSignal['type'][], SubscriberSnapshot['flow'], boolean]>([
    [['pause'], 'paused', true],
    [['resume'], 'running', true],
    [['pause', 'resume'], 'running', true],
    [['drain'], 'draining', false],
    [['pause', 'drain'], 'draining', false],
    [['drain', 'pause'], 'draining', false],
    [['drain', 'resume'], 'draining', false],
    [['drained'], 'running', true],
    [['drain', 'drained'], 'stopped', false],
    [['stop'], 'stopped', false],
    [['stop', 'resume', 'restart', 'crash', 'drain'], 'stopped', false],
    [['crash'], 'failed', true],
    [['crash', 'crash'], 'failed', true],
    [['crash', 'resume'], 'failed', true],
    [['crash', 'stop'], 'stopped', false],
    [['restart'], 'running', true],
    [['crash', 'restart'], 'running', true],
    [['pause', 'crash', 'restart'], 'paused', true],
    [['drain', 'crash'], 'failed', false],
    [['drain', 'crash', 'restart'], 'draining', false],
    [['crash', 'pause', 'restart'], 'paused', true],
    [['crash', 'pause', 'resume', 'restart'], 'running', true],
    [['crash', 'drain'], 'failed', false],
    [['crash', 'drain', 'resume', 'pause', 'restart'], 'draining', false],
    [['crash', 'giveUp'], 'failed', false],
    [['giveUp'], 'running', true],
    [['crash', 'giveUp', 'restart'], 'running', true],
    [['pause', 'crash', 'giveUp', 'restart'], 'paused', true],
    [['drain', 'crash', 'giveUp', 'restart'], 'draining', false],
  ])('after %j is %s, accepting: %s', (signals, flow, accepting) => {
    const { actor, credit } = actorWith();
    send(actor, ...signals);

    expect(actor.snapshot).toMatchObject({
      flow,
      accepting,
      givenUp: signals.at(-1) === 'giveUp' && flow === 'failed',
    });
    expect(credit.limit).toBe(flow === 'running' || flow === 'draining' ? 4 : 0);
  });

  it('says what it crashed with while it is failed, and no longer', () => {
    const { actor } = actorWith();
    const error = new Error('lost its socket');
    actor.send({ type: 'crash', error });
    expect(actor.snapshot).toMatchObject({ error, givenUp: false });
    send(actor, 'giveUp');
    expect(actor.snapshot).toMatchObject({ error, givenUp: true });
    send(actor, 'restart');

    expect(actor.snapshot).not.toHaveProperty('error');
    expect(actor.snapshot.givenUp).toBe(false);
  });

  it('pokes the source whenever calls may start again, after the snapshot was shown', () => {
    const { actor, credit } = actorWith();
    const seen: string[] = [];
    actor.snapshot$.subscribe(({ flow }) => seen.push(flow));
    credit.attach(() => seen.push('poke'));
    send(actor, 'pause', 'pause', 'resume', 'drain');

    expect(seen).toEqual(['running', 'paused', 'running', 'poke', 'draining', 'poke']);
  });

  it('obeys a call that pauses it from inside a poke before another starts', () => {
    const { actor, credit, start } = actorWith();
    send(actor, 'pause');
    let started = 0;
    credit.attach(() => {
      while (start() !== undefined) {
        started += 1;
        send(actor, 'pause');
      }
    });
    send(actor, 'resume');

    expect(started).toBe(1);
  });

  it('completes its snapshots and keeps no timer once it has stopped', () => {
    const { actor, clock, end } = actorWith();
    const seen: string[] = [];
    actor.snapshot$.subscribe({ next: ({ flow }) => seen.push(flow), complete: () => seen.push('complete') });
    end(true);
    end(true);
    expect(clock.pendingTimers).toBe(1);
    send(actor, 'stop', 'stop', 'reset');

    expect(seen).toEqual(['running', 'running', 'stopped', 'complete']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes a concurrency of 1', () => {
    expect(actorWith({ concurrency: 1 }).credit.limit).toBe(1);
  });

  it('refuses a concurrency below 1', () => {
    expect(() => actorWith({ concurrency: 0 })).toThrow('concurrency must be at least 1, got 0');
  });
});

describe('the breaker of a subscriber', () => {
  it('withdraws all permits in the step that opens it, and grants exactly halfOpenCalls after its wait', async () => {
    const { actor, clock, credit, start, end } = actorWith({ breaker, concurrency: 16 });
    end(true);
    expect(credit.permits).toBe(Infinity);
    end(true);
    expect(actor.snapshot).toMatchObject({ breaker: 'open', permits: 0, epoch: 2 });
    expect(start()).toBeUndefined();

    await clock.advanceBy(1_000);

    expect([start(), start(), start(), start()]).toEqual([3, 3, 3, undefined]);
  });

  it('pokes the source when it half-opens and when it closes', async () => {
    const { clock, credit, start, end } = actorWith();
    end(true);
    end(true);
    const epochs: (number | undefined)[] = [];
    credit.attach(() => {
      while (epochs.length < 5) {
        const epoch = start();
        if (epoch === undefined) return;
        epochs.push(epoch);
        end(false, epoch);
      }
    });
    await clock.advanceBy(1_000);

    expect(epochs).toEqual([3, 3, 4, 4, 4]);
  });

  it('keeps the permits that are left through a pause, and through a crash', async () => {
    const { actor, clock, credit, start, end } = actorWith();
    end(true);
    end(true);
    await clock.advanceBy(1_000);
    start();
    send(actor, 'pause', 'resume', 'crash', 'restart');

    expect(credit.permits).toBe(2);
  });

  it('gives the permit of a call that was not made to another, and pokes the source', async () => {
    const { actor, clock, credit, start, end } = actorWith({
      breaker: { ...breaker, halfOpenCalls: 1 },
      concurrency: 4,
    });
    const stale = start();
    end(true);
    end(true);
    await clock.advanceBy(1_000);
    const epoch = start();
    expect(start()).toBeUndefined();
    let poked = 0;
    credit.attach(() => (poked += 1));

    actor.release(stale ?? 0);
    expect([credit.permits, poked]).toEqual([0, 0]);
    actor.release(epoch ?? 0);

    expect([credit.permits, poked]).toEqual([1, 1]);
  });

  it('opens again when its trials hang', async () => {
    const { actor, clock, start, end } = actorWith();
    end(true);
    end(true);
    await clock.advanceBy(1_000);
    start();
    await clock.advanceBy(500);

    expect(actor.snapshot).toMatchObject({ breaker: 'open', opens: 2 });
  });

  it('takes results as they are recorded, and only those of its own epoch', () => {
    const { actor } = actorWith();
    actor.record('failed', 0);
    actor.record('failed', 2);
    actor.record('failed', 1);
    expect(actor.snapshot.breaker).toBe('closed');
    actor.record('failed', 1);

    expect(actor.snapshot.breaker).toBe('open');
  });

  it('does not disturb the flow, nor the flow the breaker', async () => {
    const { actor, clock, end } = actorWith();
    end(true);
    end(true);
    send(actor, 'pause');
    await clock.advanceBy(1_000);
    expect(actor.snapshot).toMatchObject({ flow: 'paused', breaker: 'halfOpen' });
    send(actor, 'isolate', 'crash');

    expect(actor.snapshot).toMatchObject({ flow: 'failed', breaker: 'isolated' });
  });

  it('lets calls start while open when there is a fallback, and says that they are not for the handler', async () => {
    const { actor, clock, credit, end } = actorWith({ breaker, concurrency: 4, whileOpen: 'call' });
    expect(actor.admitting).toBe(true);
    end(true);
    end(true);
    expect(actor.admitting).toBe(false);
    expect(credit.permits).toBe(Infinity);
    for (let index = 0; index < 10; index += 1) end(true);
    expect(actor.snapshot).toMatchObject({ breaker: 'open', permits: 0, opens: 1 });

    await clock.advanceBy(1_000);
    expect(actor.admitting).toBe(true);
    expect(credit.permits).toBe(3);
    send(actor, 'isolate');

    expect([actor.admitting, credit.permits]).toEqual([false, Infinity]);
  });

  it('never opens by itself when it is switched off, but still by hand', () => {
    const { actor, credit, end } = actorWith({ breaker: false });
    for (let index = 0; index < 1_000; index += 1) end(true);
    expect(actor.snapshot).toMatchObject({ breaker: 'closed', epoch: 1 });
    send(actor, 'isolate');
    expect(credit.permits).toBe(0);
    send(actor, 'reset');

    expect(credit.permits).toBe(Infinity);
  });
});

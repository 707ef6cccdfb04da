import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { breakerMachine, breakerSettings } from '../../actors/breaker.ts';
import { subscriberMachine, type SubscriberSignal } from '../../actors/subscriber.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import type { CallResult } from '../../streams/event/outcome.ts';

const trip = { kind: 'failure-rate', failureRate: 1, slowRate: 0, calls: 2, consecutive: 2 } as const;

function inputWith() {
  const clock = createVirtualClock({ now: 0 });
  const results = new Subject<CallResult>();
  const settings = breakerSettings({ windowSize: 2, resetTimeoutMs: 1_000, jitter: 0 }, clock);
  return { clock, results, input: { settings, results, clock, random: () => 0 } };
}

function started() {
  const { clock, results, input } = inputWith();
  const actor = createActor(subscriberMachine, { input, clock }).start();
  return { clock, results, actor };
}

describe('subscriberMachine', () => {
  it('has two regions, and starts running and closed', () => {
    expect(started().actor.getSnapshot().value).toEqual({ flow: 'running', breaker: 'closed' });
  });

  it('obeys no trip, trial or verdict of another epoch', () => {
    const { actor, clock } = started();
    const send = (signal: SubscriberSignal) => {
      actor.send(signal);
      return actor.getSnapshot().value.breaker;
    };
    const verdict = { verdict: 'close', failureRate: 0, slowRate: 0 } as const;

    expect(send({ type: 'trip', trip, epoch: 0 })).toBe('closed');
    expect(send({ type: 'trip', trip, epoch: 2 })).toBe('closed');
    expect(send({ type: 'trip', trip, epoch: 1 })).toBe('open');
    clock.advanceBySync(1_000);
    expect(send({ type: 'trial', epoch: 2 })).toEqual({ halfOpen: 'waiting' });
    expect(send({ type: 'verdict', verdict, epoch: 1 })).toEqual({ halfOpen: 'waiting' });
    expect(send({ type: 'verdict', verdict: { ...verdict, verdict: 'open' }, epoch: 2 })).toEqual({
      halfOpen: 'waiting',
    });
    expect(send({ type: 'trial', epoch: 3 })).toEqual({ halfOpen: 'judging' });
    expect(send({ type: 'verdict', verdict, epoch: 3 })).toBe('closed');
  });

  it('listens to results only while it is closed or half-open', () => {
    const { actor, clock, results } = started();
    expect(results.observed).toBe(true);
    results.next('failed');
    results.next('failed');
    expect([actor.getSnapshot().value.breaker, results.observed]).toEqual(['open', false]);
    clock.advanceBySync(1_000);
    expect(results.observed).toBe(true);
    actor.send({ type: 'isolate' });

    expect(results.observed).toBe(false);
  });

  it('stays stopped, whatever it is sent', () => {
    const { actor } = started();
    actor.send({ type: 'stop' });
    const { epoch } = actor.getSnapshot().context;
    for (const type of ['pause', 'resume', 'drain', 'drained', 'restart', 'giveUp', 'stop'] as const) {
      actor.send({ type });
    }
    actor.send({ type: 'crash', error: new Error('late') });

    expect(actor.getSnapshot().value.flow).toBe('stopped');
    expect(actor.getSnapshot().context).toMatchObject({ epoch, error: undefined });
  });

  it('keeps the first of several crashes', () => {
    const { actor } = started();
    actor.send({ type: 'crash', error: 'first' });
    actor.send({ type: 'crash', error: 'second' });

    expect(actor.getSnapshot().context.error).toBe('first');
  });
});

describe('breakerMachine', () => {
  it('is the same states alone', () => {
    const { clock, results, input } = inputWith();
    const actor = createActor(breakerMachine, { input, clock }).start();
    results.next('failed');
    results.next('failed');
    expect(actor.getSnapshot().value).toBe('open');
    clock.advanceBySync(1_000);

    expect(actor.getSnapshot().value).toEqual({ halfOpen: 'waiting' });
  });
});

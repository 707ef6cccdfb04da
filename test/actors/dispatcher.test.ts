import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../../actors/dispatcher.ts';
import type { Handler } from '../../actors/handler.ts';
import type { Delivery } from '../../streams/event/delivery.ts';

const delivery = (id: string): Delivery => ({
  event: { id, type: 't', source: 's', time: 0, priority: 'normal', schemaVersion: 1, data: undefined },
  attempt: 1,
  ack() {},
  nak() {},
  term() {},
});

function dispatching(handler: Handler, timeoutMs = 100) {
  const clock = createVirtualClock();
  const ended: string[] = [];
  const dispatcher = new Dispatcher(
    { name: 'one', timeoutMs },
    {
      clock,
      handler: () => handler,
      epoch: () => 0,
      publish: () => () => Promise.reject(new Error('not here')),
      succeeded: ({ delivery: { event } }, ms) => ended.push(`${event.id} ok ${ms}`),
      failed: ({ delivery: { event } }, ms, _error, timedOut) =>
        ended.push(`${event.id} ${timedOut ? 'timed out' : 'failed'} ${ms}`),
    },
  );
  return { clock, ended, dispatcher };
}

describe('Dispatcher', () => {
  it('reports the end of a synchronous call at once', () => {
    const { dispatcher, ended } = dispatching(() => 1);

    dispatcher.dispatch(delivery('a'));

    expect(ended).toEqual(['a ok 0']);
  });

  it('times each call out by its own start, with one timer', async () => {
    const { dispatcher, ended, clock } = dispatching(() => new Promise(() => {}));
    dispatcher.dispatch(delivery('a'));
    await clock.advanceBy(60);
    dispatcher.dispatch(delivery('b'));

    expect(clock.pendingTimers).toBe(1);
    await clock.advanceBy(40);
    expect(ended).toEqual(['a timed out 100']);
    await clock.advanceBy(60);

    expect(ended).toEqual(['a timed out 100', 'b timed out 100']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('times a call out although its start is a fraction that rounds down', async () => {
    const { dispatcher, ended, clock } = dispatching(() => new Promise(() => {}), 400);
    await clock.advanceBy(0.1);
    dispatcher.dispatch(delivery('first'));
    for (let n = 0; n < 200; n += 1) {
      await clock.advanceBy(1 / 3 + n / 7);
      dispatcher.dispatch(delivery(String(n)));
    }

    await clock.advanceBy(1000);

    expect(ended.length).toBe(201);
  });

  it('keeps nothing of calls that were given up', async () => {
    const { dispatcher, clock } = dispatching(() => new Promise(() => {}));
    for (let n = 0; n < 5; n += 1) dispatcher.dispatch(delivery(String(n)));
    expect(dispatcher.running).toBe(5);

    await clock.advanceBy(100);

    expect(dispatcher.running).toBe(0);
  });

  it('ignores a late result, whatever runs meanwhile', async () => {
    const settle: ((error?: unknown) => void)[] = [];
    const { dispatcher, ended, clock } = dispatching(
      () =>
        new Promise<void>((resolve, reject) =>
          settle.push((error) => (error === undefined ? resolve() : reject(error))),
        ),
    );
    dispatcher.dispatch(delivery('a'));
    await clock.advanceBy(100);
    dispatcher.dispatch(delivery('b'));

    settle[0]?.(new Error('late'));
    await clock.flush();
    expect(ended).toEqual(['a timed out 100']);
    settle[1]?.();
    await clock.flush();

    expect(ended).toEqual(['a timed out 100', 'b ok 0']);
  });

  it('aborts the signal of a call that has timed out, also for one who asks later', async () => {
    let context: Parameters<Handler>[1] | undefined;
    const { dispatcher, clock } = dispatching((_event, given) => {
      context = given;
      return new Promise(() => {});
    });
    dispatcher.dispatch(delivery('a'));

    await clock.advanceBy(100);

    expect(context?.signal.aborted).toBe(true);
    expect(context?.signal.reason).toMatchObject({ code: 'ERR_HANDLER_TIMEOUT' });
  });

  it('takes a thenable that settles twice, or throws, at its first word', async () => {
    const twice: object = Object.defineProperty({}, 'then', {
      value: (ok: () => void, no: (error: unknown) => void) => {
        ok();
        ok();
        no(new Error('no'));
      },
    });
    const throwing: object = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('a getter threw');
      },
    });
    const results: unknown[] = [twice, throwing];
    const { dispatcher, ended, clock } = dispatching(() => results.shift());
    dispatcher.dispatch(delivery('a'));
    dispatcher.dispatch(delivery('b'));

    await clock.flush();

    expect(ended).toEqual(['b failed 0', 'a ok 0']);
  });

  it('says nothing of calls that were disposed of', async () => {
    const { dispatcher, ended, clock } = dispatching(() => new Promise(() => {}));
    dispatcher.dispatch(delivery('a'));

    expect(dispatcher.dispose().map((call) => call.delivery.event.id)).toEqual(['a']);
    await clock.advanceBy(1000);

    expect(ended).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('starts a call at the instant at which another ended only if it is started by that end', async () => {
    const { dispatcher, ended, clock } = dispatching(() => {});
    dispatcher.dispatch(delivery('a'));
    await clock.advanceBy(40);

    dispatcher.dispatch(delivery('b'));

    expect(ended).toEqual(['a ok 0', 'b ok 0']);
  });

  it('reads the clock again for the second call that the end of one starts', () => {
    let reading = 0;
    const started: number[] = [];
    const waiting = [delivery('b'), delivery('c')];
    const dispatcher = new Dispatcher(
      { name: 'one', timeoutMs: Infinity },
      {
        clock: Object.assign(createVirtualClock(), { monotonic: () => (reading += 1) }),
        handler: () => (event) => (event.id === 'a' ? undefined : new Promise(() => {})),
        epoch: () => 0,
        publish: () => () => Promise.reject(new Error('not here')),
        succeeded: () => {
          for (const next of waiting.splice(0)) dispatcher.dispatch(next);
        },
        failed: () => {},
      },
    );

    dispatcher.dispatch(delivery('a'));
    for (const call of dispatcher.dispose()) started.push(call.startedAt);

    expect(started).toEqual([2, 3]);
  });
});

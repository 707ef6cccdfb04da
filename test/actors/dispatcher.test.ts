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

  it('tells how many calls run, not how many have run', async () => {
    const settle: (() => void)[] = [];
    const { dispatcher, clock } = dispatching(() => new Promise<void>((resolve) => settle.push(resolve)));
    const running = [dispatcher.running];
    for (const id of ['a', 'b', 'c']) dispatcher.dispatch(delivery(id));
    running.push(dispatcher.running);
    settle[1]?.();
    await clock.flush();
    running.push(dispatcher.running);

    expect(running).toEqual([0, 3, 2]);
    expect(dispatcher.dispose().map((call) => call.delivery.event.id)).toEqual(['a', 'c']);
    expect(dispatcher.running).toBe(0);
  });

  it('tells the handlers of revoked deliveries to give up, and no others', () => {
    const signals: Record<string, AbortSignal> = {};
    const { dispatcher } = dispatching((event, { signal }) => {
      signals[event.id] = signal;
      return new Promise(() => {});
    });
    dispatcher.dispatch(delivery('kept'));
    dispatcher.dispatch({ ...delivery('lost'), revoked: true });
    const reason = new Error('another process has it');
    dispatcher.abortRevoked(reason);

    expect(Object.entries(signals).map(([id, { aborted }]) => [id, aborted])).toEqual([
      ['kept', false],
      ['lost', true],
    ]);
    expect(signals['lost']?.reason).toBe(reason);
  });

  it('has nobody to tell once all calls have ended', async () => {
    const { dispatcher, clock, ended } = dispatching(() => Promise.resolve());
    dispatcher.dispatch({ ...delivery('a'), revoked: true });
    await clock.flush();
    dispatcher.abortRevoked(new Error('too late'));

    expect(ended).toEqual(['a ok 0']);
  });

  it('publishes on behalf of the call that asks', () => {
    const asked: string[] = [];
    const dispatcher = new Dispatcher(
      { name: 'one', timeoutMs: Infinity },
      {
        clock: createVirtualClock(),
        handler:
          () =>
          (_event, { publish }) =>
            void publish,
        epoch: () => 0,
        publish: ({ delivery: { event } }) => {
          asked.push(event.id);
          return () => Promise.reject(new Error('not here'));
        },
        succeeded: () => {},
        failed: () => {},
      },
    );
    dispatcher.dispatch(delivery('a'));

    expect(asked).toEqual(['a']);
  });

  it('reports what a promise was rejected with, and what a call timed out by', async () => {
    const errors: unknown[] = [];
    const clock = createVirtualClock();
    const refusal = new Error('refused');
    const dispatcher = new Dispatcher(
      { name: 'billing', timeoutMs: 100 },
      {
        clock,
        handler: () => (event) => (event.id === 'a' ? Promise.reject(refusal) : new Promise(() => {})),
        epoch: () => 0,
        publish: () => () => Promise.reject(new Error('not here')),
        succeeded: () => {},
        failed: (_call, _ms, error) => errors.push(error),
      },
    );
    dispatcher.dispatch(delivery('a'));
    dispatcher.dispatch(delivery('b'));
    await clock.advanceBy(100);

    expect(errors[0]).toBe(refusal);
    expect(String(errors[1])).toContain('handler of billing did not settle event b within 100 ms');
  });

  it('waits for whatever has a then, functions among it, and for nothing else', async () => {
    const then = (resolve: () => void): void => resolve();
    const callable = Object.assign(() => {}, { then });
    const results: unknown[] = [callable, null, { then: 1 }, 'text', () => {}, undefined];
    const { dispatcher, ended, clock } = dispatching(() => results.shift());
    for (const id of ['callable', 'null', 'data', 'text', 'function', 'nothing']) {
      dispatcher.dispatch(delivery(id));
    }
    const atOnce = [...ended];
    await clock.flush();

    expect(atOnce).toEqual(['null ok 0', 'data ok 0', 'text ok 0', 'function ok 0', 'nothing ok 0']);
    expect(ended.slice(5)).toEqual(['callable ok 0']);
  });
});

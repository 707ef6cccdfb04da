import { defineEvent, FatalError, RetryableError, scoped, type Handler } from 'breakwater';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('do not look');
    },
    getPrototypeOf() {
      throw new Error('do not ask');
    },
    ownKeys() {
      throw new Error('do not count');
    },
  },
);

type Then = (done: () => void, reject: (error: unknown) => void) => unknown;

const error = new Error('round');

function fail(thrown: unknown): never {
  throw thrown;
}

/** What is no promise, but can be awaited: foreign libraries give such things. */
function thenable(then: Then): object {
  return withGetter({}, 'then', () => then);
}

function withGetter(target: object, name: string, get: () => unknown = () => fail('unreadable')): object {
  return Object.defineProperty(target, name, { get });
}

describe('a handler', () => {
  it('may be synchronous or not, several of both for one event', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe(placed, () => void seen.push('sync'));
    bus.subscribe(placed, async () => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5));
      seen.push('async');
    });
    bus.subscribe(placed, ({ data }) => (data.n > 1 ? Promise.resolve(seen.push('either')) : 7));

    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await clock.advanceBy(5);

    expect(seen).toEqual(['sync', 'sync', 'either', 'async', 'async']);
    expect(bus.stats().subscribers.map(({ succeeded }) => succeeded)).toEqual([2, 2, 2]);
  });

  it.each<[string, () => unknown]>([
    ['throws undefined', () => fail(undefined)],
    ['throws null', () => fail(null)],
    ['throws text', () => fail('text')],
    ['throws a function', () => fail(() => 'no')],
    ['throws a frozen error', () => fail(Object.freeze(new Error('frozen')))],
    ['throws an error whose message cannot be read', () => fail(withGetter(new Error('x'), 'message'))],
    ['throws a proxy that throws at everything', () => fail(hostile)],
    ['throws an error that is its own cause', () => fail(Object.assign(error, { cause: error }))],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['rejects with a proxy that throws at everything', () => Promise.reject(hostile)],
    ['gives a thenable that rejects', () => thenable((_done, reject) => reject('no'))],
    ['gives a thenable that throws', () => thenable(() => fail('then'))],
    ['gives an object whose then cannot be read', () => withGetter({}, 'then')],
  ])('that %s has failed, is retried and harms no other', async (_what, handle) => {
    const { bus, clock } = createBusWorld();
    const seen: number[] = [];
    const failing = bus.subscribe(placed, handle, { name: 'failing', breaker: false });
    bus.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'sound' });

    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await clock.advanceBy(60_000);

    expect(seen).toEqual([1, 2]);
    expect(failing.stats()).toMatchObject({ calls: 6, failed: 6, retried: 4, deadLettered: 2, running: 0 });
    expect(bus.deadLetters.list().map(({ reason, attempts }) => [reason, attempts])).toEqual([
      ['exhausted', 3],
      ['exhausted', 3],
    ]);
  });

  it.each<[string, Then]>([
    ['calls back twice', (done) => [done(), done()]],
    ['calls back, then throws', (done) => [done(), fail('late')]],
    ['fulfils, then rejects', (done, reject) => [done(), reject('late')]],
  ])('that gives a thenable which %s has ended once, by its first word', async (_what, then) => {
    const { bus, clock } = createBusWorld();
    const subscription = bus.subscribe(placed, () => thenable(then), { concurrency: 1 });

    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await clock.advanceBy(60_000);

    expect(subscription.stats()).toMatchObject({ calls: 2, succeeded: 2, failed: 0, running: 0 });
  });

  it('that calls back after its timeout finds nobody: the next try counts alone', async () => {
    const { bus, clock } = createBusWorld();
    const late: (() => void)[] = [];
    const aborted: boolean[] = [];
    const subscription = bus.subscribe(
      placed,
      (_event, { attempt, signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.aborted));
        return attempt === 1 ? new Promise<void>((resolve) => late.push(resolve)) : undefined;
      },
      { timeoutMs: 100, retry: { baseMs: 10, jitter: 'none' } },
    );
    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(110);
    for (const resolve of late) resolve();
    await clock.flush();

    expect(aborted).toEqual([true]);
    expect(subscription.stats()).toMatchObject({
      calls: 2,
      succeeded: 1,
      failed: 1,
      timedOut: 1,
      running: 0,
    });
  });

  it('is given the same idempotency key at each attempt, another at another subscriber', async () => {
    const { bus, clock } = createBusWorld();
    const keys: string[] = [];
    const failing: Handler = (_event, { idempotencyKey }) => {
      keys.push(idempotencyKey);
      throw new Error('again');
    };
    bus.subscribe(placed, failing, { name: 'a', retry: { maxAttempts: 2 } });
    bus.subscribe(placed, failing, { name: 'b', retry: false });

    const { id } = await bus.publish(placed, { n: 1 });
    await clock.advanceBy(10_000);

    expect(keys).toEqual([`a:${id}`, `b:${id}`, `a:${id}`]);
  });

  it('that throws a RetryableError is tried again when it says so; a FatalError is not', async () => {
    const { bus, clock } = createBusWorld();
    const starts: number[] = [];
    bus.subscribe(placed, () => {
      starts.push(clock.monotonic());
      if (starts.length === 1) throw new RetryableError('busy', { retryAfterMs: 700 });
      throw new FatalError('closed for good');
    });

    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(60_000);

    expect(starts).toEqual([0, 700]);
    expect(bus.deadLetters.list()).toMatchObject([{ reason: 'fatal', attempts: 2 }]);
  });

  it('is logged when it gives an event up, by name and type', async () => {
    const warnings: string[] = [];
    const { bus, clock } = createBusWorld({
      logger: { debug() {}, info() {}, error() {}, warn: (_fields, message) => warnings.push(message) },
    });
    bus.subscribe(placed, () => Promise.reject(new FatalError('no')), { name: 'billing' });

    const { id } = await bus.publish(placed, { n: 1 });
    await clock.flush();

    expect(warnings).toEqual([
      `billing gave up event ${id} of type order.placed after 1 attempts (fatal): FatalError: no`,
    ]);
  });

  it('may be given a resource of its own for each call, taken back however it ends', async () => {
    const { bus, clock } = createBusWorld();
    const log: string[] = [];
    let sessions = 0;
    bus.subscribe(
      placed,
      scoped(
        () => {
          sessions += 1;
          log.push(`open ${sessions}`);
          return sessions;
        },
        (session, error) => log.push(`close ${session}${error === undefined ? '' : ' after an error'}`),
        ({ data }, _context, session) => {
          log.push(`use ${session}`);
          if (data.n === 2) throw new FatalError('no');
        },
      ),
    );

    await bus.publish(placed, { n: 1 });
    await bus.publish(placed, { n: 2 });
    await clock.flush();

    expect(log.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'close 1',
      'close 2 after an error',
      'open 1',
      'open 2',
      'use 1',
      'use 2',
    ]);
  });
});

describe('whatever handlers do', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  afterEach(() => void process.off('unhandledRejection', note));

  it('no rejection is left unhandled', async () => {
    const { bus, clock } = createBusWorld();
    bus.subscribe(
      placed,
      () => new Promise((_, reject) => void clock.setTimeout(() => reject(new Error('late')), 200)),
      {
        timeoutMs: 100,
        retry: false,
      },
    );
    bus.subscribe(placed, (_event, { publish }) => void publish('order..wrong', 1).catch(() => {}));
    bus.emit('order..wrong', 1);

    await bus.publish(placed, { n: 1 });
    await clock.advanceBy(1_000);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });

    expect(unhandled).toEqual([]);
  });
});

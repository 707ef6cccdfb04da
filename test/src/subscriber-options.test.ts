import { createBus, glob, type Subscribable, type SubscriberOptions } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { createBusWorld, silentLogger } from '../support/bus-world.ts';
import { thrownText } from '../support/thrown-text.ts';

/** As callers without types may call it. */
function subscribe(options: unknown, handler: unknown = () => {}): unknown {
  const bus = createBus({ logger: silentLogger });
  return bus.subscribe('order.placed', handler as () => void, options as SubscriberOptions);
}

describe('subscribe', () => {
  it.each<[SubscriberOptions, string | RegExp]>([
    [{ concurrency: 0 }, 'RangeError: concurrency must be a number at least 1, got 0'],
    [{ concurrency: 1.5 }, 'RangeError: concurrency must be a whole number, got 1.5'],
    [{ timeoutMs: 0 }, 'RangeError: timeoutMs must be a number at least 1, got 0'],
    [{ timeoutMs: Number.NaN }, 'RangeError: timeoutMs must be a number at least 1, got NaN'],
    [{ sample: 2 }, 'RangeError: sample must be a number from 0 to 1, got 2'],
    [{ sample: Number.NaN }, 'RangeError: sample must be a number from 0 to 1, got NaN'],
    [
      { mailbox: { capacity: 0 } },
      'RangeError: capacity must be an integer of at least 1, or Infinity, got 0',
    ],
    [
      { mailbox: { maxBlocked: -1 } },
      'RangeError: maxBlocked must be an integer of at least 0, or Infinity, got -1',
    ],
    [{ mailbox: { weights: [8, 4, 2, 0] } }, 'RangeError: weights must be integers of at least 1, got 0'],
    [
      { mailbox: { strategy: 'aged', agingMs: 0 } },
      'RangeError: agingMs must be a finite number above 0, got 0',
    ],
    [{ breaker: { windowSize: 0 } }, 'RangeError: windowSize must be an integer from 1 to 1e9, got 0'],
    [{ breaker: { minimumCalls: 0 } }, 'RangeError: minimumCalls must be an integer of at least 1, got 0'],
    [{ breaker: { failureRateThreshold: 50 } }, /^RangeError: failureRateThreshold must be .*, got 50$/u],
    [{ breaker: { slowCallDurationMs: -1 } }, 'RangeError: slowCallDurationMs must be at least 0, got -1'],
    [{ breaker: { resetTimeoutMs: -1 } }, /^RangeError: resetTimeoutMs must be .*, got -1$/u],
    [
      { breaker: { resetTimeoutMs: 10, maxResetTimeoutMs: 5 } },
      /^RangeError: maxResetTimeoutMs must be a number of milliseconds from 10 .*, got 5$/u,
    ],
    [{ breaker: { jitter: 2 } }, 'RangeError: jitter must be from 0 to 1, got 2'],
    [{ breaker: { halfOpenCalls: 0 } }, 'RangeError: halfOpenCalls must be an integer of at least 1, got 0'],
    [{ breaker: { consecutiveFailures: 0 } }, 'RangeError: consecutiveFailures must be at least 1, got 0'],
    [{ retry: { maxAttempts: 0 } }, 'RangeError: maxAttempts must be an integer of at least 1, got 0'],
    [{ retry: { baseMs: -1 } }, /^RangeError: baseMs must be .*, got -1$/u],
    [{ retry: { factor: 0 } }, 'RangeError: factor must be a finite number of at least 1, got 0'],
    [{ retry: { budgetRatio: -1 } }, /^RangeError: budgetRatio must be .*, got -1$/u],
    [{ retry: { minRetriesPerSecond: -1 } }, /^RangeError: minRetriesPerSecond must be .*, got -1$/u],
    [{ dedupe: { windowMs: 0 } }, 'RangeError: windowMs must be above 0, got 0'],
    [
      { rateLimit: { eventsPerSecond: 0 } },
      'RangeError: rateLimit.eventsPerSecond must be a finite number above 0, got 0',
    ],
  ])('refuses the out-of-range %j', (options, message) => {
    expect(thrownText(() => subscribe(options))).toMatch(message);
  });

  it.each([
    [{ order: 'size' }, 'TypeError: order must be one of none, key, total; got "size"'],
    [{ mailbox: 5 }, 'TypeError: mailbox must be an object of options, got 5'],
    [{ mailbox: { overflow: 'grow' } }, /^TypeError: overflow must be one of block, .*; got "grow"$/u],
    [{ mailbox: { strategy: 'lottery' } }, /^TypeError: strategy must be one of weighted, .*"lottery"$/u],
    [{ breaker: true }, 'TypeError: breaker must be an object of options, got true'],
    [{ breaker: { windowMs: 10, windowSize: 3 } }, 'TypeError: windowSize and windowMs exclude each other'],
    [{ retry: null }, 'TypeError: retry must be an object of options, got null'],
    [{ fallback: 5 }, 'TypeError: fallback must be a function of an event and a context, got 5'],
    [{ filter: 5 }, 'TypeError: filter must be a function, a rule or an array of them, got 5'],
    [{ minPriority: 9 }, /^TypeError: minPriority must be one of critical, .*; got 9$/u],
    [{ dedupe: 'yes' }, 'TypeError: dedupe must be an object of options, got "yes"'],
    [{ deadLetterDropped: 1 }, 'TypeError: deadLetterDropped must be true or false, got 1'],
    [{ name: 'a b' }, /^TypeError: name of a subscriber must be 1 to 128 letters, .*, got "a b"$/u],
    [null, 'TypeError: subscribe must be an object of options, got null'],
  ])('refuses %j, which is of another kind', (options, message) => {
    expect(thrownText(() => subscribe(options))).toMatch(message);
  });

  it.each([
    [{ colour: 1 }, /^TypeError: "colour" is not an option of subscribe; there are name, mailbox, /u],
    [{ mailbox: { size: 1 } }, /^TypeError: "size" is not an option of mailbox; /u],
    [{ breaker: { threshold: 1 } }, /^TypeError: "threshold" is not an option of breaker; /u],
    [{ retry: { attempts: 1 } }, /^TypeError: "attempts" is not an option of retry; /u],
    [{ dedupe: { ms: 1 } }, /^TypeError: "ms" is not an option of dedupe; /u],
    [{ rateLimit: { perSecond: 1 } }, /^TypeError: "perSecond" is not an option of rateLimit; /u],
  ])('refuses the unknown option of %j by its name', (options, message) => {
    expect(thrownText(() => subscribe(options))).toMatch(message);
  });

  it.each([
    [5, 'TypeError: subscribe takes a definition, a pattern or a glob, got 5'],
    [[], 'TypeError: subscribe takes at least one definition or pattern, got none'],
    ['', 'TypeError: pattern "" must not be empty'],
    ['order..placed', /^TypeError: pattern "order\.\.placed" must not have an empty token/u],
    [['order.placed', 'a.>.b'], /^TypeError: pattern "a\.>\.b" must have '>' in the last place/u],
    [{ kind: 'glob', source: '..' }, /^TypeError: glob "\.\." can match no event/u],
  ])('refuses the subject %j, and nothing is left of it', (subject, message) => {
    const bus = createBus({ logger: silentLogger });

    expect(thrownText(() => bus.subscribe(subject as Subscribable, () => {}))).toMatch(message);
    expect(bus.publishSync('order.placed', 1).subscribers).toBe(0);
    expect(bus.handlerCount()).toBe(0);
  });

  it.each([[undefined], [null], [5], [{}]])('refuses %j as a handler', (handler) => {
    expect(thrownText(() => subscribe({}, handler ?? null))).toMatch(
      /^TypeError: handler must be a function of an event and a context, got /u,
    );
  });

  it('refuses a name that is taken, until its subscriber is gone', async () => {
    const bus = createBus({ logger: silentLogger });
    const first = bus.subscribe('order.*', () => {}, { name: 'billing' });

    expect(thrownText(() => bus.subscribe(glob('*'), () => {}, { name: 'billing' }))).toBe(
      'TypeError: a subscriber named billing exists already; names are unique',
    );
    await first.unsubscribe();
    expect(bus.subscribe(glob('*'), () => {}, { name: 'billing' }).name).toBe('billing');
  });

  it('takes the defaults of the bus for options that are absent or undefined', async () => {
    const { bus, clock } = createBusWorld({ subscriberDefaults: { timeoutMs: 50, retry: false } });
    const options = { timeoutMs: undefined, name: 'slow' } as unknown as SubscriberOptions;
    const slow = bus.subscribe('order.*', () => new Promise(() => {}), options);

    await bus.publish('order.placed', 1);
    await clock.advanceBy(50);

    expect(slow.stats()).toMatchObject({ timedOut: 1, deadLettered: 1 });
  });

  it('names a subscriber after its handler and a number', () => {
    const bus = createBus({ logger: silentLogger, clock: createVirtualClock() });
    const names = [bus.subscribe('a', function sendMail() {}).name, bus.subscribe('a', () => {}).name];

    expect(names).toEqual(['sendMail-1', 'handler-2']);
  });
});

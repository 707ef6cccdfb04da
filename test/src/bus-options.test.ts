import { createBus, type BusOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../support/bus-world.ts';
import { thrownText } from '../support/thrown-text.ts';

/** As callers without types may call it. */
const create = (options: unknown): unknown => createBus(options as BusOptions);

describe('createBus', () => {
  it.each([
    [{ maxClockSkewMs: -1 }, 'RangeError: maxClockSkewMs must be a number at least 0, got -1'],
    [{ maxClockSkewMs: Number.NaN }, 'RangeError: maxClockSkewMs must be a number at least 0, got NaN'],
    [{ maxCausationDepth: 0 }, 'RangeError: maxCausationDepth must be a number at least 1, got 0'],
    [{ maxCausationDepth: 1.5 }, 'RangeError: maxCausationDepth must be a whole number, got 1.5'],
    [{ maxSubscribers: 0 }, 'RangeError: maxSubscribers must be a number at least 1, got 0'],
    [{ heartbeatMs: 0 }, 'RangeError: heartbeatMs must be a number at least 1, got 0'],
    [{ dedupe: { windowMs: 0 } }, 'RangeError: windowMs must be above 0, got 0'],
    [{ dedupe: { maxIds: 0 } }, 'RangeError: maxIds must be an integer of at least 1, or Infinity, got 0'],
    [
      { rateLimit: { eventsPerSecond: 0 } },
      'RangeError: rateLimit.eventsPerSecond must be a finite number above 0, got 0',
    ],
    [
      { rateLimit: { eventsPerSecond: 1, burst: 0.5 } },
      /^RangeError: rateLimit\.burst must be a number from 1 /u,
    ],
    [{ supervisor: { maxRestarts: -1 } }, 'RangeError: maxRestarts must be at least 0, got -1'],
    [{ supervisor: { withinMs: 0 } }, 'RangeError: withinMs must be above 0, got 0'],
    [{ deadLetters: { capacity: 0 } }, 'RangeError: deadLetters.capacity must be a number at least 1, got 0'],
    [
      { deadLetters: { capacity: '5' } },
      'RangeError: deadLetters.capacity must be a number at least 1, got "5"',
    ],
  ])('refuses the out-of-range %j', (options, message) => {
    expect(thrownText(() => create(options))).toMatch(message);
  });

  it.each([
    [{ source: '' }, 'TypeError: source must be a text that is not empty, got ""'],
    [
      { transport: {} },
      'TypeError: transport must be what memoryTransport() or its kin gives, got an object',
    ],
    [{ unknownTypes: 'maybe' }, 'TypeError: unknownTypes must be one of accept, reject; got "maybe"'],
    [{ enrich: () => undefined }, 'TypeError: enrich must be an array of functions, got a function'],
    [{ middleware: [1] }, 'TypeError: middleware[0] must be a function, got 1'],
    [{ events: [1] }, 'TypeError: events must be an array of what defineEvent gives, got an array of 1'],
    [{ dedupe: 'yes' }, 'TypeError: dedupe must be an object of options, got "yes"'],
    [{ rateLimit: 5 }, 'TypeError: rateLimit must be an object of options, got 5'],
    [
      { rateLimit: { eventsPerSecond: 1, onLimit: 'drop' } },
      'TypeError: rateLimit.onLimit must be one of wait, reject; got "drop"',
    ],
    [
      { deadLetters: { overflow: 'block' } },
      'TypeError: deadLetters.overflow must be one of hold, drop-oldest; got "block"',
    ],
    [{ logger: {} }, 'TypeError: logger.debug must be a function, got undefined'],
    [{ clock: {} }, 'TypeError: clock.now must be a function, got undefined'],
    [{ random: 4 }, 'TypeError: random must be a function, got 4'],
    [null, 'TypeError: createBus must be an object of options, got null'],
  ])('refuses %j, which is of another kind', (options, message) => {
    expect(thrownText(() => create(options))).toBe(message);
  });

  it.each([
    [{ colour: 1 }, /^TypeError: "colour" is not an option of createBus; there are source, transport, /u],
    [{ dedupe: { window: 1 } }, 'TypeError: "window" is not an option of dedupe; there are windowMs, maxIds'],
    [{ rateLimit: { perSecond: 1 } }, /^TypeError: "perSecond" is not an option of rateLimit; /u],
    [{ supervisor: { restarts: 1 } }, /^TypeError: "restarts" is not an option of supervisor; /u],
    [{ deadLetters: { size: 1 } }, /^TypeError: "size" is not an option of deadLetters; /u],
    [{ subscriberDefaults: { name: 'all' } }, /^TypeError: "name" is not an option of subscriberDefaults; /u],
  ])('refuses the unknown option of %j by its name', (options, message) => {
    expect(thrownText(() => create(options))).toMatch(message);
  });

  it('takes an option that is undefined for one that was not given', async () => {
    const bus = create({ source: undefined, clock: undefined, logger: undefined, random: undefined });

    await expect((bus as ReturnType<typeof createBus>).publish('order.placed', 1)).resolves.toMatchObject({
      level: 'accepted',
    });
  });

  it('lets a rate below one event a second keep a burst of one', async () => {
    const bus = createBus({
      rateLimit: { eventsPerSecond: 0.5, onLimit: 'reject' },
      logger: silentLogger,
    });

    await bus.publish('order.placed', 1);
    await expect(bus.publish('order.placed', 2)).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' });
  });
});

import fc from 'fast-check';
import { createBus, defineEvent, memoryTransport } from 'breakwater';
import {
  anyData,
  anyEvent,
  anyEventStream,
  anyFaultPlan,
  anyHandlerScript,
  createTestBus,
  scriptedHandler,
  withFaults,
  type EventStream,
} from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const rich = defineEvent(
  'rich.made',
  z.object({
    text: z.string().min(2).max(5),
    word: z.string().regex(/^[A-Z]{3}\d$/),
    whole: z.int().min(-3).max(7),
    even: z.number().multipleOf(2),
    share: z.number().gt(0).lt(1),
    maybe: z.boolean().optional(),
    kind: z.enum(['one', 'two']),
    either: z.union([z.literal(1), z.null(), z.string()]),
    ids: z.array(z.uuid()).min(1).max(3),
    counts: z.record(z.string(), z.int()),
    pair: z.tuple([z.number(), z.string()]),
    deep: z.object({ at: z.iso.datetime(), day: z.iso.date(), mail: z.email(), link: z.url() }),
  }),
);

const order = defineEvent('order.placed', z.object({ total: z.number().min(0) }));
const smallest = <T>(arbitrary: fc.Arbitrary<T>, fails: (value: T) => boolean): T | undefined =>
  fc.check(
    fc.property(arbitrary, (value) => !fails(value)),
    { numRuns: 1_000 },
  ).counterexample?.[0];

describe('anyData', () => {
  it('draws what the schema accepts, of every kind', () => {
    for (const data of fc.sample(anyData(rich), 200)) {
      expect(rich.schema['~standard'].validate(data)).not.toHaveProperty('issues');
    }
  });

  it('leaves out what a refinement refuses', () => {
    const odd = defineEvent('odd.made', z.object({ n: z.int().refine((n) => n % 2 !== 0) }));
    fc.assert(fc.property(anyData(odd), ({ n }) => n % 2 !== 0));
  });

  it('shrinks to short texts and small numbers', () => {
    expect(smallest(anyData(order), ({ total }) => total > 9)).toEqual({ total: 10 });
    expect(smallest(anyData(rich), ({ ids }) => ids.length > 1)?.ids).toHaveLength(2);
  });

  it.each([
    ['a date', z.object({ at: z.date() }), /has no JSON Schema/u],
    ['a check of its own', z.custom<string>(), /has no JSON Schema/u],
    [
      'a refinement that is hardly ever met',
      z.string().refine((text) => text === 'a secret'),
      /refuses nearly all/u,
    ],
  ])('asks for an arbitrary where the schema has %s', (_what, schema, message) => {
    expect(() => anyData(defineEvent('bad.made', schema))).toThrow(message);
    expect(() => anyData(defineEvent('bad.made', schema))).toThrow('give an arbitrary as the option data');
  });

  it('asks for an arbitrary where a schema tells no JSON Schema', () => {
    const bare = {
      '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }) },
    } as const;
    expect(() => anyData(defineEvent('bare.made', bare))).toThrow(
      'the schema of bare.made (mine) tells no JSON',
    );
  });

  it('draws from the arbitrary that is given', () => {
    const dated = defineEvent('dated.made', z.object({ at: z.date() }));
    const data = fc.record({ at: fc.date({ noInvalidDate: true }) });
    fc.assert(fc.property(anyData(dated, { data }), ({ at }) => at instanceof Date));
  });
});

describe('anyEvent', () => {
  it('draws what a bus publishes', () =>
    fc.assert(
      fc.asyncProperty(anyEvent(rich, { keys: ['k'], priorities: 'all' }), async (event) => {
        const bus = createTestBus();
        await bus.publish(event);
        expect(bus.publishedEvents()).toMatchObject([{ type: 'rich.made', key: 'k', data: event.data }]);
      }),
      { numRuns: 30 },
    ));

  it('prints an event as the call that makes it', () => {
    const [event] = fc.sample(anyEvent(order, { data: fc.constant({ total: 3 }), keys: ['a'] }), 1);
    expect(fc.stringify(event)).toBe('order.placed({"total":3}, {"key":"a"})');
  });
});

describe('anyEventStream', () => {
  const streams = anyEventStream(order, {
    keys: ['a', 'b'],
    priorities: 'all',
    boundMs: 500,
    maxSilenceMs: 9_000,
  });
  const timesOf = (stream: EventStream): { readonly at: number; readonly time: number }[] => {
    let at = 0;
    return stream.map(({ afterMs, lateByMs = 0 }) => ({ at: (at += afterMs), time: at - lateByMs }));
  };

  it('keeps event times within the bound', () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const times = timesOf(stream);
        for (const [index, { time }] of times.entries()) {
          const latest = Math.max(...times.slice(0, index + 1).map((other) => other.time));
          expect(latest - time).toBeLessThanOrEqual(500);
        }
      }),
    );
  });

  it('has bursts, silences, disorder, keys and priorities', () => {
    const drawn = fc.sample(streams, 300);
    const events = drawn.flat();
    const gaps = events.map(({ afterMs }) => afterMs);
    expect(gaps.filter((ms) => ms === 0).length).toBeGreaterThan(events.length / 3);
    expect(gaps.filter((ms) => ms > 1_000).length).toBeGreaterThan(events.length / 100);
    expect(new Set(events.map(({ key }) => key))).toEqual(new Set(['a', 'b']));
    expect(new Set(events.map(({ priority }) => priority)).size).toBe(4);
    const disordered = drawn.filter((stream) =>
      timesOf(stream).some(({ time }, index, all) => time < (all[index - 1]?.time ?? 0)),
    );
    expect(disordered.length).toBeGreaterThan(drawn.length / 2);
  });

  it('shrinks to few events, at once and on time', () => {
    expect(smallest(streams, (stream) => stream.length > 1)).toEqual([
      { afterMs: 0, type: 'order.placed', data: { total: 0 }, key: 'a', priority: 'normal', lateByMs: 0 },
      { afterMs: 0, type: 'order.placed', data: { total: 0 }, key: 'a', priority: 'normal', lateByMs: 0 },
    ]);
  });
});

describe('anyHandlerScript', () => {
  it('draws handlers that do all that handlers do, and a bus outlives them', () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyHandlerScript(), { maxLength: 8 }), async (scripts) => {
        const bus = createTestBus({ heartbeatMs: 3_600_000 });
        const handlers = scripts.map((script) => scriptedHandler(script, bus.clock));
        bus.subscribe('a.b', (event, context) => handlers[event.data as number]?.(event, context), {
          timeoutMs: 100,
          breaker: false,
        });
        for (const n of scripts.keys()) await bus.publish('a.b', n);
        await bus.settle();
        const [worker] = bus.stats().subscribers;
        expect((worker?.succeeded ?? 0) + bus.deadLetters.size).toBe(scripts.length);
      }),
      { numRuns: 50 },
    ));

  it('shrinks to one that succeeds', () => {
    expect(smallest(anyHandlerScript(), () => true)).toEqual({ deeds: ['ok'], takesMs: 0 });
    const hanging = smallest(anyHandlerScript(), ({ deeds }) => deeds.includes('hang'));
    expect(hanging?.deeds.filter((deed) => deed !== 'ok')).toEqual(['hang']);
    expect(hanging?.takesMs).toBe(0);
  });
});

describe('withFaults', () => {
  const publishAt = async (fault: 'refuse' | 'unknown' | 'slow' | 'duplicate', atMs: number) => {
    const transport = withFaults(memoryTransport(), [{ fault, fromMs: 100, lastsMs: 50, delayMs: 30 }]);
    const bus = createTestBus({ transport });
    const seen: unknown[] = [];
    bus.subscribe('a.b', (event) => seen.push(event.data));
    await bus.advanceBy(atMs);
    const result = await bus.until(bus.tryPublish('a.b', 1));
    await bus.settle();
    return { ok: result.ok, seen: seen.length, tookMs: bus.clock.monotonic() - atMs };
  };

  it.each([
    ['refuse', { ok: false, seen: 0, tookMs: 0 }],
    ['unknown', { ok: false, seen: 1, tookMs: 0 }],
    ['slow', { ok: true, seen: 1, tookMs: 30 }],
    ['duplicate', { ok: true, seen: 2, tookMs: 0 }],
  ] as const)('makes publishes fail as planned: %s', async (fault, expected) => {
    expect(await publishAt(fault, 99)).toEqual({ ok: true, seen: 1, tookMs: 0 });
    expect(await publishAt(fault, 100)).toEqual(expected);
    expect(await publishAt(fault, 150)).toEqual({ ok: true, seen: 1, tookMs: 0 });
  });

  it('leaves the transport what it is', async () => {
    const bus = createBus({ transport: withFaults(memoryTransport(), []) });
    expect(await bus.publishAndWait('a.b', 1)).toMatchObject({ level: 'accepted', outcomes: [] });
    await bus.close();
  });

  it('takes drawn plans, which shrink to none', () => {
    expect(smallest(anyFaultPlan(), () => true)).toEqual([]);
    expect(smallest(anyFaultPlan(), (plan) => plan.some(({ fault }) => fault === 'refuse'))).toEqual([
      { fault: 'refuse', fromMs: 0, lastsMs: 1, delayMs: 0 },
    ]);
  });
});

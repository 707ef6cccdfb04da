import { defineEvent, hasCode, type EventFields, type ValidationError } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const noted = defineEvent('note.taken', z.object({ n: z.int() }));
const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const now = 1_700_000_000_000;

/** Publishes with fields that callers without types may give; the error, if it was refused. */
async function refusal(fields: Record<string, unknown>): Promise<unknown> {
  const { bus } = createBusWorld();
  const result = await bus.tryPublish(noted, { n: 1 }, fields as EventFields);
  return result.ok ? undefined : result.error;
}

describe('publish', () => {
  it.each([
    '$JS.API.STREAM.PURGE.ORDERS',
    '$SYS.REQ.SERVER.PING',
    '_INBOX.xyz',
    'breakwater.subscriber.failed',
    'order.*',
    'order.>',
    'order placed\r\nPUB x 0',
    'order.\u202Eplaced',
    '__proto__.',
    'a.'.repeat(1_025),
  ])('H5: refuses the type %j, and no subscriber of everything sees it', async (type) => {
    const { bus, clock } = createBusWorld();
    const seen: unknown[] = [];
    bus.subscribe('>', (event) => seen.push(event));

    await expect(bus.publish(type, {})).rejects.toMatchObject({ code: 'ERR_VALIDATION' });
    await expect(bus.publish({ type, id, source: 'a', data: 1 } as never)).rejects.toMatchObject({
      issues: [{ field: 'type' }],
    });
    await clock.flush();
    expect(seen).toEqual([]);
  });

  it('H6: counts an event under an id that was published before, and says that it went nowhere', async () => {
    const { bus, clock } = createBusWorld({ dedupe: { windowMs: 1_000 } });
    const seen: number[] = [];
    bus.subscribe(noted, ({ data }) => seen.push(data.n));

    await expect(bus.publish(noted, { n: 1 }, { id })).resolves.toMatchObject({ id, level: 'accepted' });
    await expect(bus.publish(noted, { n: 2 }, { id })).resolves.toMatchObject({ id, level: 'none' });
    await clock.advanceBy(1_000);
    await bus.publish(noted, { n: 3 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 3]);
    expect(bus.stats()).toMatchObject({ published: 2, duplicates: 1 });
  });

  it('H6: gives both events of one id to subscribers where nobody asked for deduplication', async () => {
    const { bus, clock } = createBusWorld();
    const seen: number[] = [];
    bus.subscribe(noted, ({ data }) => seen.push(data.n));

    await bus.publish(noted, { n: 1 }, { id });
    await bus.publish(noted, { n: 2 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 2]);
  });

  it('H6: takes an id again whose event was refused for want of room', async () => {
    const { bus, clock } = createBusWorld({ dedupe: true });
    const seen: number[] = [];
    const tight = bus.subscribe(noted, ({ data }) => seen.push(data.n), {
      mailbox: { capacity: 1, overflow: 'reject' },
    });
    tight.pause();
    await bus.publish(noted, { n: 1 });

    await expect(bus.publish(noted, { n: 2 }, { id })).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
    tight.resume();
    await clock.flush();
    await bus.publish(noted, { n: 2 }, { id });
    await clock.flush();

    expect(seen).toEqual([1, 2]);
  });

  it.each([
    [now + 60_001, /^event time lies 60001 ms in the future, more than the 60000 ms that clocks may differ/u],
    [now + 315_576_000_000, /lies 315576000000 ms in the future/u],
    [-1, /^event time must be whole milliseconds since the Unix epoch, 0 or more, got -1/u],
    [Number.NaN, /got NaN/u],
    [1e308, /got 1e\+308/u],
    ['2024-01-01', /got "2024-01-01"/u],
    [new Date(now), /Use date\.getTime\(\)/u],
  ])('H8: refuses the time %s', async (time, message) => {
    expect(await refusal({ time })).toMatchObject({
      code: 'ERR_VALIDATION',
      message: expect.stringMatching(message),
      issues: [{ field: 'time' }],
    });
  });

  it('H8: takes a time that lies as far ahead as clocks may differ', async () => {
    expect(await refusal({ time: now + 60_000 })).toBeUndefined();
  });

  it.each([99, -1, 'URGENT', { valueOf: () => 0 }, ['high'], null])(
    'H9: refuses the priority %j',
    async (priority) => {
      expect(await refusal({ priority })).toMatchObject({
        code: 'ERR_VALIDATION',
        issues: [{ field: 'priority' }],
      });
    },
  );

  it('H9: takes urgent for critical', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    bus.subscribe(noted, ({ priority }) => seen.push(priority));

    await bus.publish(noted, { n: 1 }, { priority: 'urgent' });
    await clock.flush();

    expect(seen).toEqual(['critical']);
  });

  it('H10: ends a chain of causes that says it is 10 000 long, and one that says it caused itself', async () => {
    const { bus, clock } = createBusWorld();
    const errors: unknown[] = [];
    bus.subscribe('chain.*', (_event, { publish }) =>
      publish(noted, { n: 1 }).catch((error: unknown) => errors.push(error)),
    );

    await bus.publish({ type: 'chain.long', data: 1, causationDepth: 10_000 } as never);
    await bus.publish({ type: 'chain.cyclic', data: 1, id, causationId: id, correlationId: id } as never);
    await clock.flush();

    expect(errors).toMatchObject([{ code: 'ERR_CAUSATION_DEPTH' }]);
    expect(bus.stats().published).toBe(3);
  });

  it.each(['breakwater.fake', 'breakwater.breaker.opened'])(
    'H13: lets nobody publish %s in the name of the bus',
    async (type) => {
      const { bus, clock } = createBusWorld();
      const seen: unknown[] = [];
      bus.subscribe('breakwater.>', (event) => seen.push(event));

      await expect(bus.publish(type, {}, { source: 'breakwater' })).rejects.toMatchObject({
        message: expect.stringContaining("reserved for Breakwater's own events"),
      });
      await clock.flush();
      expect(seen).toEqual([]);
    },
  );

  it('refuses fields that only the bus may set', async () => {
    for (const fields of [{ type: 'other.type' }, { data: 2 }, { schemaVersion: 2 }]) {
      expect(await refusal(fields)).toMatchObject({ code: 'ERR_VALIDATION' });
    }
  });
});

describe('publish, with a schema of zod', () => {
  const schemas = {
    H43: [z.object({ items: z.array(z.number()) }), { items: Array.from({ length: 1_000_000 }, () => 'x') }],
    H44: [
      z.object({ items: z.array(z.string().min(10)) }),
      { items: Array.from({ length: 100_000 }, () => 'x') },
    ],
    H45: [nestedUnion(12), nestedValue(12)],
    H47: [
      z.object({
        email: z.email(),
        url: z.url(),
        uuid: z.uuid(),
        at: z.iso.datetime(),
        ip: z.ipv6(),
        text: z.base64(),
        token: z.jwt(),
      }),
      Object.fromEntries(
        ['email', 'url', 'uuid', 'at', 'ip', 'text', 'token'].map((name) => [
          name,
          `${'a@'.repeat(500_000)}!`,
        ]),
      ),
    ],
  } as const;

  it.each(Object.entries(schemas))(
    '%s: gives an error of at most 20 issues and a short message, whatever is wrong',
    { timeout: 60_000 },
    async (_what, [schema, data]) => {
      const { bus } = createBusWorld();
      const hostile = defineEvent('hostile.payload', schema as z.ZodType);

      const result = await bus.tryPublish(hostile, data);

      expect(result).toMatchObject({ ok: false, error: { code: 'ERR_VALIDATION' } });
      const { message, issues } = (result as unknown as { error: ValidationError }).error;
      expect(message.length).toBeLessThan(600);
      expect(issues.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(issues).length).toBeLessThan(12_000);
    },
  );

  it('H43: says how many issues there were', async () => {
    const { bus } = createBusWorld();
    const list = defineEvent('list.sent', z.object({ items: z.array(z.number()) }));
    const items = Array.from({ length: 1_000 }, () => 'x' as unknown as number);

    await expect(bus.publish(list, { items })).rejects.toMatchObject({
      issueCount: 1_000,
      message: expect.stringContaining('(and 999 more)'),
    });
  });

  it('H46: refuses a payload so deep that the schema itself gives up', async () => {
    interface Tree {
      readonly child?: Tree | undefined;
    }
    const tree: z.ZodType<Tree> = z.object({
      get child() {
        return tree.optional();
      },
    });
    const { bus, clock } = createBusWorld();
    const grown = defineEvent('tree.grown', tree);
    let deep: Tree = {};
    for (let depth = 0; depth < 20_000; depth += 1) deep = { child: deep };
    const seen: unknown[] = [];
    bus.subscribe(grown, ({ id }) => seen.push(id));

    await expect(bus.publish(grown, deep)).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
      message: expect.stringMatching(/^tree\.grown could not be validated: its schema threw RangeError/u),
    });
    await bus.publish(grown, { child: {} });
    await clock.flush();
    expect(seen).toHaveLength(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['says no, later', () => Promise.resolve(false)],
  ])(
    'H48: refuses a payload whose refinement %s, though it runs beside a failed check',
    async (_what, refine) => {
      const { bus } = createBusWorld();
      const checked = defineEvent(
        'note.checked',
        z.object({ n: z.number().max(1) }).refine(refine as () => boolean | Promise<boolean>),
      );

      for (const n of [0, 2]) {
        const result = await bus.tryPublish(checked, { n });
        expect(result.ok ? undefined : hasCode(result.error, 'ERR_VALIDATION')).toBe(true);
      }
    },
  );
});

/** Each level may be one of two; validation looks at both: 2^depth ways in all. */
function nestedUnion(depth: number): z.ZodType {
  if (depth === 0) return z.object({ leaf: z.number() });
  const inner = nestedUnion(depth - 1);
  return z.union([z.object({ a: inner }), z.object({ a: inner, b: z.string().optional() })]);
}

function nestedValue(depth: number): unknown {
  return depth === 0 ? { leaf: 'wrong' } : { a: nestedValue(depth - 1) };
}

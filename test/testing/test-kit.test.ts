import { defineEvent } from 'breakwater';
import {
  collectEvents,
  createTestBus,
  duplicator,
  expectEvents,
  lawNoLoss,
  LawViolation,
  marblesOf,
  marbleStream,
  type ExpectedEvent,
} from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { leaky } from './planted/transports.ts';

const letters = {
  a: { type: 'x.a', data: 1 },
  b: { type: 'x.b', data: { n: 2, deep: [1] } },
  c: { type: 'x.c', data: 3 },
};

async function published(
  diagram: string,
): Promise<ReturnType<ReturnType<typeof createTestBus>['publishedEvents']>> {
  const bus = createTestBus({ now: 0 });
  await bus.play(marbleStream(diagram, letters));
  return bus.publishedEvents();
}

const difference = async (diagram: string, expected: readonly ExpectedEvent[]): Promise<string> => {
  const events = await published(diagram);
  try {
    expectEvents(events, expected);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('expectEvents', () => {
  it('accepts events that are as expected, and more than that', async () => {
    expect(await difference('abc', [{ type: 'x.a' }, { data: { n: 2 } }, { data: 3, time: 2 }])).toBe('none');
    expect(await difference('', [])).toBe('none');
  });

  it('shows what is missing, too many and different, each in its place', async () => {
    expect(
      await difference('acbb', [{ type: 'x.a' }, { type: 'x.b', data: { n: 3 } }, { type: 'x.d' }]),
    ).toBe(
      [
        'the events are not those expected: 3 wanted, 4 got',
        '    x.a 1',
        '  ~ x.c 3',
        '        type: wanted "x.b", got "x.c"',
        '        data: wanted {"n":3}, got 3',
        '  ~ x.b {"n":2,"deep":[1]}',
        '        type: wanted "x.d", got "x.b"',
        '  + x.b {"n":2,"deep":[1]}',
      ].join('\n'),
    );
  });

  it('lets one missing event not spoil the comparison of the others', async () => {
    expect(await difference('ac', [{ type: 'x.a' }, { type: 'x.b' }, { type: 'x.c' }])).toBe(
      ['the events are not those expected: 3 wanted, 2 got', '    x.a 1', '  - x.b', '    x.c 3'].join('\n'),
    );
    expect(await difference('abc', [{ type: 'x.a' }, { type: 'x.c' }])).toContain(
      '  + x.b {"n":2,"deep":[1]}',
    );
  });

  it('compares arrays whole', async () => {
    expect(await difference('b', [{ data: { deep: [1, 2] } }])).toContain(
      'data.deep[1]: wanted 2, got undefined',
    );
  });
});

describe('collectEvents', () => {
  it('collects from now on, in order, typed by the definition', async () => {
    const placed = defineEvent('order.placed', z.object({ total: z.number() }));
    const bus = createTestBus({ events: [placed] });
    await bus.publish(placed, { total: 0 });
    const orders = collectEvents(bus, placed);
    await bus.publish(placed, { total: 1 });
    await bus.publish('other.thing', {});
    await bus.publish(placed, { total: 2 }, { priority: 'critical' });
    await bus.settle();

    expect(orders.map(({ data }) => data.total)).toEqual([1, 2]);
  });
});

describe('marbles', () => {
  it.each(['a', 'a--b', '--(ab)-c', '(abc)', 'a(bc)-'])('draw %s as it is played', async (diagram) => {
    const events = await published(diagram);
    expect(marblesOf(events, ({ type }) => type.at(-1), { from: 0 })).toBe(diagram.replace(/-$/u, ''));
  });

  it('have frames of any length, and spaces', async () => {
    const bus = createTestBus({ now: 0 });
    await bus.play(marbleStream('a - b', letters, { frameMs: 50 }));
    expect(bus.publishedEvents().map(({ time }) => time)).toEqual([0, 100]);
    expect(marblesOf(bus.publishedEvents(), ({ type }) => type.at(-1), { from: 0, frameMs: 50 })).toBe('a-b');
  });

  it('refuse what they cannot show', async () => {
    expect(() => marbleStream('z', letters)).toThrow('no event is given for the marble "z"');
    const events = await published('-a');
    expect(() => marblesOf(events, () => 'ab', { from: 0 })).toThrow(
      'a marble is one character, got "ab" for x.a',
    );
    expect(() => marblesOf(events, () => 'a', { from: 5 })).toThrow('from is 5, and an event has the time 1');
  });
});

describe('duplicator', () => {
  it('runs each handler twice, and counts the second run', async () => {
    const bus = createTestBus({ middleware: [duplicator()] });
    let calls = 0;
    bus.subscribe(
      'a.b',
      () => {
        calls += 1;
        if (calls === 2) throw new Error('second');
      },
      { retry: false },
    );
    await bus.publish('a.b', 1);
    await bus.settle();

    expect([calls, bus.deadLetters.size]).toEqual([2, 1]);
  });
});

describe('a law that does not hold', () => {
  const broken = { transport: leaky['loses what is to be tried again'] ?? expect.fail() };
  const violationOf = async (law: Promise<void>): Promise<LawViolation> => {
    const error: unknown = await law.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof LawViolation) return error;
    throw new Error('the law holds');
  };

  it('says what happened, with the seed and a test to paste', async () => {
    const { message } = await violationOf(lawNoLoss(broken, { seed: 5 }));

    expect(message.replace(/case \d+, shrunk \d+ times/u, 'case N, shrunk N times')).toMatch(
      /^lawNoLoss does not hold: event #1 was published, and neither handled, dead-lettered nor dropped\nfound in case N, shrunk N times; seed 5\n\nwhat happened\n {6}0 ms {2}published {5}#1 law\.probe.*\n {6}0 ms {2}started/u,
    );
    expect(message).toMatch(
      /to run this case alone\n {2}it\('loses no event that it has accepted', \(\) =>\n {4}lawNoLoss\(bus, \{ only: \{.*\} \}\)\);$/u,
    );
  });

  it('finds the same again by its seed, and by its case alone', async () => {
    const first = await violationOf(lawNoLoss(broken, { seed: 5 }));
    const again = await violationOf(lawNoLoss(broken, { seed: 5 }));
    const only = first.counterexample as NonNullable<Parameters<typeof lawNoLoss>[1]>['only'] & object;
    const alone = await violationOf(lawNoLoss(broken, { only }));

    expect(again.message).toBe(first.message);
    expect(alone.reason).toBe(first.reason);
    await expect(lawNoLoss({}, { only })).resolves.toBeUndefined();
  });
});

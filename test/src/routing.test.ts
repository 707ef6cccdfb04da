import { defineEvent, glob, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';
import { thrownText } from '../support/thrown-text.ts';

const orderPlaced = defineEvent('order.placed', z.object({ country: z.string() }));
const orderPaid = defineEvent('order.paid', z.object({ country: z.string() }));

/** A bus with two desks, and what each was given. */
function withDesks() {
  const world = createBusWorld();
  const seen: string[] = [];
  const note = (desk: string) => (event: EventEnvelope) => void seen.push(`${desk} ${event.type}`);
  world.bus.subscribe(orderPlaced, note('east'), { name: 'east' });
  world.bus.subscribe('order.*', note('west'), { name: 'west' });
  return { ...world, seen };
}

describe('subscriptions', () => {
  it('that overlap each get the event, and one that matches by several patterns gets it once', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    for (const [name, subject] of [
      ['all-of-validation', glob('validation.*')],
      ['phases', 'validation.phase.*'],
      ['errors', glob('*.error.*')],
      ['exact', 'validation.phase.completed'],
      ['several', ['validation.>', 'validation.phase.*', glob('*')]],
    ] as const) {
      bus.subscribe(subject as string, () => void seen.push(name), { name });
    }

    await bus.publish('validation.phase.completed', {});
    await clock.flush();
    expect(seen).toEqual(['all-of-validation', 'phases', 'exact', 'several']);

    seen.length = 0;
    await bus.publish('validation.error.occurred', {});
    await clock.flush();
    expect(seen).toEqual(['all-of-validation', 'errors', 'several']);
  });

  it('are counted in all and by type, and their types are listed', async () => {
    const { bus } = createBusWorld({ events: [orderPaid] });
    const first = bus.subscribe(orderPlaced, () => {});
    bus.subscribe(['order.placed', 'order.*', glob('order*')], () => {});
    bus.subscribe('mail.sent', () => {});
    bus.subscribe('>', () => {});

    expect(bus.handlerCount()).toBe(4);
    expect(bus.handlerCount('order.placed')).toBe(3);
    expect(bus.handlerCount('mail.sent')).toBe(2);
    expect(bus.handlerCount('anything')).toBe(1);
    expect(bus.eventTypes()).toEqual(['mail.sent', 'order.paid', 'order.placed']);

    await first.unsubscribe();
    expect([bus.handlerCount(), bus.handlerCount('order.placed')]).toEqual([3, 2]);
    expect(bus.subscription(first.name)).toBeUndefined();
  });
});

describe('addRoutingRule', () => {
  it('sends what matches to the subscribers that it names alone, until it is taken away', async () => {
    const { bus, clock, seen } = withDesks();
    const remove = bus.addRoutingRule({ name: 'east-only', pattern: 'order.placed', to: ['east'] });

    await bus.publish(orderPlaced, { country: 'NO' });
    await bus.publish(orderPaid, { country: 'NO' });
    await clock.flush();
    expect(seen).toEqual(['east order.placed', 'west order.paid']);

    seen.length = 0;
    remove();
    remove();
    await bus.publish(orderPlaced, { country: 'NO' });
    await clock.flush();
    expect(seen).toEqual(['east order.placed', 'west order.placed']);
  });

  it('looks at the event where it says when, and lets all who are named by any rule have it', async () => {
    const { bus, clock, seen } = withDesks();
    bus.addRoutingRule({
      name: 'norway',
      pattern: glob('order*'),
      when: { exact: { 'data.country': 'NO' } },
      to: ['east'],
    });
    bus.addRoutingRule({ name: 'audit', pattern: 'order.placed', when: () => true, to: ['west'] });

    await bus.publish(orderPlaced, { country: 'NO' });
    await bus.publish(orderPlaced, { country: 'SE' });
    await clock.flush();

    expect(seen).toEqual(['east order.placed', 'west order.placed', 'west order.placed']);
  });

  it('is asked before the filters that a subscriber has of its own', async () => {
    const { bus, clock } = createBusWorld();
    const asked: string[] = [];
    for (const name of ['east', 'west']) {
      bus.subscribe(orderPlaced, () => {}, {
        name,
        minPriority: 'normal',
        filter: () => asked.push(name) > 0,
      });
    }
    bus.addRoutingRule({ name: 'east-only', pattern: 'order.*', to: ['east'] });

    await bus.publish(orderPlaced, { country: 'NO' });
    await clock.flush();

    expect(asked).toEqual(['east']);
  });

  it('replaces the rule of that name; the remover of the old one does nothing then', async () => {
    const { bus, clock, seen } = withDesks();
    const removeOld = bus.addRoutingRule({ name: 'desk', pattern: 'order.*', to: ['east'] });
    bus.addRoutingRule({ name: 'desk', pattern: 'order.*', to: [] });
    removeOld();

    await bus.publish(orderPlaced, { country: 'NO' });
    await clock.flush();

    expect(seen).toEqual([]);
    expect(bus.subscription('east')?.stats().filtered).toBe(1);
  });

  it('dead-letters an event at each subscriber for which a condition throws', async () => {
    const { bus, clock } = withDesks();
    bus.addRoutingRule({
      name: 'broken',
      pattern: 'order.placed',
      when: () => {
        throw new Error('no map');
      },
      to: ['east'],
    });

    await bus.publish(orderPlaced, { country: 'NO' });
    await clock.flush();

    expect(bus.deadLetters.list().map(({ subscriber, reason }) => [subscriber, reason])).toEqual([
      ['east', 'filter-failed'],
      ['west', 'filter-failed'],
    ]);
  });

  it.each([
    [undefined, /^TypeError: addRoutingRule must be an object of options, got undefined/u],
    [{ pattern: 'a', to: [] }, /^TypeError: name of a routing rule must be a text, got undefined/u],
    [{ name: 'r', pattern: 'a..b', to: [] }, /^TypeError: pattern "a\.\.b" must not have an empty token/u],
    [{ name: 'r', pattern: 'a', to: 'east' }, /^TypeError: to of routing rule r must be an array of names/u],
    [
      { name: 'r', pattern: 'a', to: [], where: 1 },
      /^TypeError: "where" is not an option of addRoutingRule/u,
    ],
    [{ name: 'r', pattern: 'a', to: [], when: 1 }, /^TypeError: filter must be a function, a rule or /u],
  ])('refuses %j, and nothing is ruled then', async (rule, message) => {
    const { bus, clock, seen } = withDesks();

    expect(thrownText(() => bus.addRoutingRule(rule as never))).toMatch(message);
    await bus.publish(orderPaid, { country: 'NO' });
    await clock.flush();
    expect(seen).toEqual(['west order.paid']);
  });
});

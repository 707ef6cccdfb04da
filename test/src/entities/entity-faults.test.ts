import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { defineEntity } from '../../../actors/define-entity.ts';
import type { EventOf } from '../../../streams/event/define-event.ts';
import { entityWorld, noted, notes } from '../../support/entity-world.ts';
import { orders, paid, placed, spoilt } from '../../support/order-entity.ts';

describe('what cannot be handled', () => {
  it('goes on behind the event that was given up, in order, also after a restart and a requeue that fails', async () => {
    const { clock, lives: life, start, settle } = entityWorld();
    let broken = true;
    const machine = setup({
      types: { context: {} as { readonly texts: readonly string[] }, events: {} as EventOf<typeof noted> },
    }).createMachine({
      context: { texts: [] },
      on: {
        'note.added': {
          actions: assign(({ context, event }) => {
            if (broken && event.data.text === 'two') throw new Error('broken');
            return { texts: [...context.texts, event.data.text] };
          }),
        },
      },
    });
    const listed = defineEntity('listed', machine, { on: [noted], key: (event) => event.data.id });
    const first = start();
    first.host(listed, { retry: false });
    for (const text of ['one', 'two', 'three']) void first.publish(noted, { id: 'n', text });
    await settle(first);
    const failing = first.deadLetters.requeue();
    await settle(first);
    await failing;
    life.kill();

    const second = start();
    const host = second.host(listed, { retry: false });
    void second.publish(noted, { id: 'n', text: 'four' });
    await settle(second);
    const parked = host.parked();
    broken = false;
    const requeued = second.deadLetters.requeue();
    await settle(second);
    const answer = second.entity(listed, 'n').ask(({ context }) => context.texts);
    await clock.advanceBy(100);

    expect(parked).toEqual([{ key: 'n', events: 3 }]);
    expect(await requeued).toBe(1);
    expect(host.parked()).toEqual([]);
    expect(await answer).toEqual(['one', 'two', 'three', 'four']);
    expect(second.deadLetters.size).toBe(0);
  });

  it('is kept up to maxParked, then goes to the dead letters in order', async () => {
    const { start, settle } = entityWorld();
    const bus = start();
    const host = bus.host(orders, { retry: false, maxParked: 2 });
    void bus.publish(spoilt, { orderId: 'a', amount: 0 });
    for (const amount of [1, 2, 3]) void bus.publish(paid, { orderId: 'a', amount });
    await settle(bus);

    expect(host.parked()).toEqual([{ key: 'a', events: 2 }]);
    expect(bus.deadLetters.list().map(({ reason, event }) => [reason, event.data])).toEqual([
      ['exhausted', { orderId: 'a', amount: 0 }],
      ['parked', { orderId: 'a', amount: 2 }],
      ['parked', { orderId: 'a', amount: 3 }],
    ]);
  });

  it('stays, and is tried on, when no more keys can be parked', async () => {
    const { clock, start, settle } = entityWorld();
    const bus = start();
    let broken = true;
    const fragile = defineEntity(
      'fragile',
      {
        initial: 0,
        fold: (count) => {
          if (broken) throw new Error('broken');
          return count + 1;
        },
      },
      { on: [noted], key: (event) => event.data.id },
    );
    const host = bus.host(fragile, { retry: false, maxParked: 2 });
    for (const id of ['a', 'b', 'c', 'd']) void bus.publish(noted, { id, text: 'x' });
    await clock.advanceBy(1_000);
    const { retrying, parkedKeys, position } = host.stats();
    broken = false;
    await clock.advanceBy(60_000);
    await settle(bus);

    expect({ retrying, parkedKeys, position }).toEqual({ retrying: 2, parkedKeys: 2, position: 2 });
    expect(host.stats()).toMatchObject({ retrying: 0, handled: 2, parkedKeys: 2, position: 4 });
    expect(bus.deadLetters.size).toBe(2);
  });

  it('parks an event that makes a state which cannot be kept, and says what and where', async () => {
    const { start, settle } = entityWorld();
    const strange = defineEntity(
      'strange',
      {
        initial: { last: undefined as unknown },
        fold: (_state, event) => ({ last: event.data.text === 'bad' ? new Map() : event.data.text }),
      },
      { on: [noted], key: (event) => event.data.id },
    );
    const bus = start();
    bus.host(strange);
    for (const text of ['one', 'bad']) void bus.publish(noted, { id: 'n', text });
    void bus.publish(noted, { id: 'm', text: 'fine' });
    await settle(bus);
    const [letter] = bus.deadLetters.list();
    const other = bus.entity(strange, 'm').ask(({ last }) => last);
    await settle(bus);

    expect(letter).toMatchObject({ reason: 'fatal', event: { data: { text: 'bad' } } });
    expect(String(letter?.error)).toMatch(/state\.last cannot be kept: it is neither plain object/);
    expect(await other).toBe('fine');
  });

  it('leaves an event without a key, or with none that can be told, to the dead letters alone', async () => {
    const { start, settle } = entityWorld();
    const bus = start();
    const keyed = defineEntity(
      'keyed',
      { initial: 0, fold: (count) => count + 1 },
      {
        on: ['note.>'],
        key: ({ data }) => {
          if (data['id'] === 'throws') throw new Error('no key');
          return data['id'];
        },
      },
    );
    const host = bus.host(keyed);
    for (const id of [undefined, 7, '', 'x'.repeat(441), 'half \ud800', 'throws', 'fine']) {
      void bus.publish('note.any', { id });
    }
    await settle(bus);

    expect(host.stats().handled).toBe(1);
    expect(bus.deadLetters.list().map(({ error }) => String(error).slice(0, 40))).toHaveLength(5);
  });
});

describe('an entity', () => {
  it('refuses what is not for it, and what is no question', async () => {
    const { clock, start, settle } = entityWorld();
    const bus = start();
    expect(() => bus.entity(orders, 'a')).toThrow(/not hosted on this bus; call bus.host first/);
    bus.host(orders);
    expect(() => bus.host(orders)).toThrow(/hosted already/);
    expect(() => bus.host({} as typeof orders)).toThrow(/host takes what defineEntity gives/);
    expect(() => bus.host(notes(1), { maxActive: 0 })).toThrow(/maxActive must be/);
    expect(() => bus.entity(orders, '')).toThrow(/the key of order must be text/);
    const order = bus.entity(orders, 'a');
    await settle(bus);

    await expect(order.send(placed, { orderId: 'b', amount: 1 })).rejects.toThrow(
      /the event is for order "b", by the key of its definition, not for "a"/,
    );
    await expect(order.send(noted, { id: 'a', text: 'x' })).rejects.toThrow(
      /order does not listen to note.added/,
    );
    await expect(order.send(placed, { orderId: 'a' } as never)).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
    });
    await expect(order.ask('due' as never)).rejects.toThrow(/ask takes a function/);
    const thrown = order.ask(() => {
      throw new Error('mine');
    });
    thrown.catch(() => {});
    await settle(bus);
    await expect(thrown).rejects.toThrow('mine');
    const { records } = await bus.query({});
    expect(records).toHaveLength(0);
    expect(clock.now()).toBeGreaterThan(0);
  });

  it('says that it is late, and why', async () => {
    const { clock, start, settle } = entityWorld();
    const bus = start();
    const host = bus.host(orders);
    await settle(bus);
    host.pause();
    void bus.publish(placed, { orderId: 'a', amount: 1 });
    await clock.advanceBy(10);
    const asked = bus.entity(orders, 'a').ask(({ value }) => value, { timeoutMs: 50 });
    asked.catch(() => {});
    await clock.advanceBy(100);

    await expect(asked).rejects.toMatchObject({ code: 'ERR_ENTITY', reason: 'timeout', retryable: true });
    await expect(asked).rejects.toThrow(/order a did not answer within 50 ms: its host is paused/);
    host.resume();
    const again = bus.entity(orders, 'a').ask(({ value }) => value);
    await clock.advanceBy(100);
    expect(await again).toBe('placed');
  });
});

import { describe, expect, it } from 'vitest';
import { assign, emit, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { defineEntity } from '../../../actors/define-entity.ts';
import { defineEvent, type EventOf } from '../../../streams/event/define-event.ts';
import { entityWorld, noted, notes, type EntityWorld } from '../../support/entity-world.ts';
import { orders, paid, patienceMs, placed } from '../../support/order-entity.ts';

const chargedEvent = defineEvent('note.charged', z.object({ amount: z.number() }));

describe('a delay', () => {
  it('ends at its moment after a restart, and at once when that has passed, without any event', async () => {
    const { clock, lives: life, start, settle } = entityWorld();
    const first = start();
    first.host(orders);
    void first.publish(placed, { orderId: 'a', amount: 1 });
    await settle(first);
    life.kill();
    await clock.advanceBy(patienceMs / 2);

    const second = start();
    second.host(orders);
    await settle(second);
    const before = await second.query({ patterns: ['order.expired'] });
    await clock.advanceBy(patienceMs / 2);
    const after = await second.query({ patterns: ['order.expired'] });
    void second.publish(placed, { orderId: 'b', amount: 1 });
    await settle(second);
    life.kill();
    await clock.advanceBy(patienceMs * 3);

    const third = start();
    const host = third.host(orders);
    await settle(third);
    const late = await third.query({ patterns: ['order.expired'] });

    expect(before.records).toHaveLength(0);
    expect(after.records.map(({ event }) => event.data)).toEqual([{ orderId: 'a' }]);
    expect(late.records.map(({ event }) => event.data)).toEqual([{ orderId: 'a' }, { orderId: 'b' }]);
    expect(host.stats().timersFired).toBe(1);
  });

  it('ends before the events that were appended after it, and after those before it', async () => {
    const { clock, lives: life, start, settle } = entityWorld();
    const first = start();
    first.host(orders);
    for (const orderId of ['early', 'late']) void first.publish(placed, { orderId, amount: 1 });
    await settle(first);
    life.kill();
    // Nobody hosts orders meanwhile: both payments wait in the log.
    const publisher = start();
    await clock.advanceBy(patienceMs / 2);
    void publisher.publish(paid, { orderId: 'early', amount: 1 });
    await clock.advanceBy(patienceMs);
    void publisher.publish(paid, { orderId: 'late', amount: 1 });
    await settle(publisher);
    publisher.host(orders);
    await settle(publisher);
    const { records } = await publisher.query({ patterns: ['order.expired', 'order.confirmed'] });

    expect(records.map(({ event }) => [event.type, event.data])).toEqual([
      ['order.confirmed', { orderId: 'early', total: 2 }],
      ['order.expired', { orderId: 'late' }],
    ]);
  });
});

/** A world in which a process with that version of the notes has kept one, and was killed. */
async function keptBy(version: number): Promise<EntityWorld> {
  const world = entityWorld();
  const bus = world.start();
  bus.host(notes(version));
  void bus.publish(noted, { id: 'n', text: 'one' });
  await world.settle(bus);
  world.lives.kill();
  return world;
}

describe('a version', () => {
  it('lifts kept states step by step, when they are needed', async () => {
    const { start, settle } = await keptBy(1);
    const second = start();
    const lifted = notes(3, {
      1: (state) => ({ lines: state['texts'] }),
      2: (state) => ({ texts: (state['lines'] as string[]).map((line) => line.toUpperCase()) }),
    });
    second.host(lifted);
    void second.publish(noted, { id: 'n', text: 'two' });
    await settle(second);
    const answer = second.entity(lifted, 'n').ask(({ texts }) => texts);
    await settle(second);

    expect(await answer).toEqual(['ONE', 'two']);
  });

  it('refuses to host what a newer version has kept', async () => {
    const { start, settle } = await keptBy(2);
    const second = start();
    const host = second.host(notes(1));
    await settle(second);

    expect(host.state).toBe('failed');
    await expect(host.ready).rejects.toThrow(/have been kept in version 2, newer than 1/);
  });

  it('parks the key of a state that it cannot lift, and keeps the state', async () => {
    const { lives: life, start, settle } = await keptBy(1);
    const second = start();
    const host = second.host(notes(2));
    void second.publish(noted, { id: 'n', text: 'two' });
    void second.publish(noted, { id: 'm', text: 'other' });
    await settle(second);
    const [letter] = second.deadLetters.list();
    life.kill();

    const third = start();
    const lifted = notes(2, { 1: (state) => state });
    third.host(lifted);
    await settle(third);
    const requeued = third.deadLetters.requeue();
    await settle(third);
    const answer = third.entity(lifted, 'n').ask(({ texts }) => texts);
    await settle(third);

    expect(host.parked()).toEqual([{ key: 'n', events: 1 }]);
    expect(letter).toMatchObject({ reason: 'fatal', event: { data: { text: 'two' } } });
    expect(await requeued).toBe(1);
    expect(await answer).toEqual(['one', 'two']);
  });
});

describe('a child with a name', () => {
  it('is started again after a restart, and its result counts once', async () => {
    const { lives: life, start, settle } = entityWorld();
    let charges = 0;
    let hangs = true;
    const machine = setup({
      types: { context: {} as { readonly charged: number }, events: {} as EventOf<typeof noted> },
      actors: {
        charge: fromPromise(() => {
          charges += 1;
          return hangs ? new Promise<number>(() => {}) : Promise.resolve(5);
        }),
      },
    }).createMachine({
      context: { charged: 0 },
      initial: 'idle',
      states: {
        idle: { on: { 'note.added': 'charging' } },
        charging: {
          invoke: {
            src: 'charge',
            onDone: {
              target: 'idle',
              actions: [
                assign({ charged: ({ context, event }) => context.charged + event.output }),
                emit(() => chargedEvent({ amount: 5 })),
              ],
            },
          },
        },
      },
    });
    const charged = defineEntity('charged', machine, { on: [noted], key: (event) => event.data.id });
    const first = start();
    first.host(charged);
    void first.publish(noted, { id: 'n', text: 'go' });
    await settle(first);
    life.kill();
    hangs = false;

    const second = start();
    second.host(charged);
    await settle(second);
    const answer = second.entity(charged, 'n').ask(({ context, value }) => [value, context.charged]);
    await settle(second);
    const { records } = await second.query({ patterns: ['note.charged'] });

    expect(charges).toBe(2);
    expect(await answer).toEqual(['idle', 5]);
    expect(records).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { defineEntity } from '../../../actors/define-entity.ts';
import { entityEventId } from '../../../src/entities/entity-event-id.ts';
import type { EventOf } from '../../../streams/event/define-event.ts';
import { isEventId, timeOfId } from '../../../streams/event/event-id.ts';
import { entityWorld, noted, notes } from '../../support/entity-world.ts';
import { expired, orders, patienceMs, placed, spoilt } from '../../support/order-entity.ts';

describe('after a kill', () => {
  it('what was handled beyond an event that waits for its retry is not handled again', async () => {
    const { clock, lives: life, start, settle } = entityWorld();
    let broken = true;
    const picky = defineEntity(
      'picky',
      {
        initial: [] as readonly string[],
        fold: (texts, event) => {
          if (broken && event.data.id === 'a') throw new Error('not yet');
          return [...texts, event.data.text];
        },
      },
      { on: [noted], key: (event) => event.data.id },
    );
    const first = start();
    first.host(picky, { retry: { baseMs: 30_000, jitter: 'none' } });
    for (const [id, text] of ['a1', 'b1', 'a2', 'b2'])
      void first.publish(noted, { id: id ?? '', text: text ?? '' });
    await clock.advanceBy(500);
    life.kill();
    broken = false;

    const second = start();
    const host = second.host(picky);
    await settle(second);
    const a = second.entity(picky, 'a').ask((texts) => texts.join(''));
    const b = second.entity(picky, 'b').ask((texts) => texts.join(''));
    await settle(second);

    expect([await a, await b]).toEqual(['12', '12']);
    expect(host.stats()).toMatchObject({ handled: 2, duplicates: 2, position: 4 });
  });

  it('delays of more entities than are looked at at once all end', async () => {
    const { clock, lives: life, start, settle } = entityWorld();
    const count = 2_500;
    const first = start();
    first.host(orders, { maxActive: 100 });
    for (let n = 0; n < count; n += 1) void first.publish(placed, { orderId: `o-${n}`, amount: 1 });
    await settle(first);
    life.kill();
    await clock.advanceBy(patienceMs);

    const second = start();
    const host = second.host(orders, { maxActive: 100 });
    await clock.advanceBy(5_000);
    await settle(second);
    const { records } = await second.query({ patterns: [expired.type], limit: 4_096 });

    expect(new Set(records.map(({ event }) => (event.data as { orderId: string }).orderId)).size).toBe(count);
    expect(host.stats()).toMatchObject({ timersFired: count, active: 100 });
  });

  it('an event that parks its key is in the dead letters, also when that was not written any more', async () => {
    const { lives: life, start, settle } = entityWorld();
    const first = start();
    first.host(orders, { retry: false });
    void first.publish(spoilt, { orderId: 'a', amount: 1 });
    await settle(first);
    first.deadLetters.discard();
    await settle(first);
    life.kill();

    const second = start();
    const host = second.host(orders);
    await settle(second);

    expect(host.parked()).toEqual([{ key: 'a', events: 1 }]);
    expect(second.deadLetters.list()).toMatchObject([
      { subscriber: 'entity:order', event: { type: 'order.spoilt' } },
    ]);
  });

  it('somebody else who wrote a state is noticed: nothing of his is overwritten unseen', async () => {
    const { start, settle } = entityWorld();
    const kind = notes(1);
    const bus = start();
    const host = bus.host(kind);
    void bus.publish(noted, { id: 'n', text: 'one' });
    await settle(bus);
    const store = bus.store;
    const kept = await store?.snapshots.read('entity:notes', 'n');
    const foreign = store?.snapshots.write({ bucket: 'entity:notes', key: 'n', value: kept?.value });
    await settle(bus);
    await foreign;
    void bus.publish(noted, { id: 'n', text: 'two' });
    await settle(bus);
    await settle(bus);
    const answer = bus.entity(kind, 'n').ask(({ texts }) => texts);
    await settle(bus);

    expect(await answer).toEqual(['one', 'two']);
    // The commit that would have overwritten it failed, and its events were handled again.
    expect(host.stats().handled).toBe(3);
  });
});

describe('a delay whose action throws', () => {
  it('is tried again before what comes after it, then parks its key, and goes on when it is requeued', async () => {
    const { clock, start, settle } = entityWorld();
    let broken = true;
    const machine = setup({
      types: { context: {} as { readonly texts: readonly string[] }, events: {} as EventOf<typeof noted> },
    }).createMachine({
      context: { texts: [] },
      initial: 'waiting',
      on: {
        'note.added': {
          actions: assign({ texts: ({ context, event }) => [...context.texts, event.data.text] }),
        },
      },
      states: {
        waiting: {
          after: {
            100: {
              target: 'over',
              actions: [
                () => {
                  if (broken) throw new Error('not yet');
                },
                assign({ texts: ({ context }) => [...context.texts, 'over'] }),
                emit(() => noted({ id: 'elsewhere', text: 'over' })),
              ],
            },
          },
        },
        over: {},
      },
    });
    const delayed = defineEntity('delayed', machine, { on: [noted], key: (event) => event.data.id });
    const bus = start();
    const host = bus.host(delayed, { retry: { maxAttempts: 2, baseMs: 50, jitter: 'none' } });
    void bus.publish(noted, { id: 'n', text: 'one' });
    await clock.advanceBy(120);
    void bus.publish(noted, { id: 'n', text: 'two' });
    await settle(bus);
    const parked = host.parked();
    const letters = bus.deadLetters.list().map(({ event }) => [event.type, event.data]);
    broken = false;
    const requeued = bus.deadLetters.requeue();
    await settle(bus);
    await requeued;
    const answer = bus.entity(delayed, 'n').ask(({ context }) => context.texts);
    await settle(bus);

    expect(parked).toEqual([{ key: 'n', events: 2 }]);
    expect(letters).toEqual([['breakwater.entity.timer', { kind: 'delayed', key: 'n', signal: 'timer' }]]);
    expect(await answer).toEqual(['one', 'over', 'two']);
    expect(host.parked()).toEqual([]);
  });
});

describe('the id of an emitted event', () => {
  it('is a UUIDv7 of its cause in time, the same for the same name', () => {
    const id = entityEventId(1_704_067_200_123.7, 'order 42 0');

    expect(isEventId(id)).toBe(true);
    expect(timeOfId(id)).toBe(1_704_067_200_123);
    expect('89ab').toContain(id[19]);
    expect(entityEventId(1_704_067_200_123.7, 'order 42 0')).toBe(id);
    expect(entityEventId(1_704_067_200_123.7, 'order 42 1')).not.toBe(id);
  });
});

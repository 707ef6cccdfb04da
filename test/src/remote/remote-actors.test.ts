import { defineActor, hasCode, remoteActor, type Bus } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { assign, createActor, fromCallback, fromPromise, sendTo, setup, waitFor } from 'xstate';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { askFailure } from '../../support/ask-failure.ts';
import { createBusPool } from '../../support/bus-pool.ts';
import { dishesOf, kitchen, kitchenMachine } from '../../support/kitchen.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';
import { quote, until as quotedUntil } from '../../support/quote-request.ts';

const { newBus } = createBusPool();
let world: NatsWorld;

beforeAll(async () => {
  world = await createNatsWorld({ jetStream: false });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Two buses that reach each other: one and the same, or two processes as far as the server knows. */
const places: readonly (readonly [string, () => readonly [Bus, Bus]])[] = [
  [
    'in one process',
    () => {
      const bus = newBus();
      return [bus, bus];
    },
  ],
  [
    'over NATS',
    () => {
      const namespace = world.namespace();
      return [world.coreBus({ namespace }), world.coreBus({ namespace })];
    },
  ],
];

describe.each(places)('an actor that is exposed, %s', (_place, newBuses) => {
  async function open() {
    const [here, there] = newBuses();
    const actor = createActor(kitchenMachine).start();
    const exposed = here.expose(kitchen, actor, dishesOf);
    await exposed.ready;
    await here.ready();
    return { actor, exposed, here, there, ref: there.actor(kitchen) };
  }

  it('takes signals in order, and answers of what it is after them', async () => {
    const { actor, ref } = await open();
    const dishes = Array.from({ length: 50 }, (_, n) => `dish ${n}`);
    await Promise.all(dishes.map((dish) => ref.send({ type: 'cook', dish })));

    expect(actor.getSnapshot().context.dishes).toEqual(dishes);
    await expect(ref.ask((view) => view.dishes.length)).resolves.toBe(50);
    expectTypeOf(ref.ask((view) => view.dishes)).toEqualTypeOf<Promise<string[]>>();
  });

  it('shows what it is, then each change, and completes when it is done', async () => {
    const { actor, ref } = await open();
    const seen: number[] = [];
    let completed = false;
    ref.snapshot$.subscribe({
      next: ({ dishes }) => seen.push(dishes.length),
      complete: () => (completed = true),
    });
    await until(() => seen.length === 1);
    actor.send({ type: 'cook', dish: 'soup' });
    await until(() => seen.includes(1));
    await ref.send({ type: 'cook', dish: 'fish' });
    await until(() => seen.includes(2));
    await ref.send({ type: 'close' });

    await until(() => completed);
    expect(new Set(seen)).toEqual(new Set([0, 1, 2]));
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('may be invoked, sent to and watched by a machine, as if it were its own', async () => {
    const { actor, ref } = await open();
    const waiter = setup({
      types: {
        context: {} as { count: number; closed: boolean },
        events: {} as { type: 'order'; dish: string } | { type: 'leave' },
      },
      actors: { kitchen: remoteActor(ref) },
    }).createMachine({
      context: { count: 0, closed: false },
      initial: 'serving',
      states: {
        serving: {
          invoke: {
            src: 'kitchen',
            id: 'kitchen',
            onSnapshot: {
              actions: assign({ count: ({ event }) => event.snapshot.view?.dishes.length ?? 0 }),
            },
            onDone: { actions: assign({ closed: true }) },
          },
          on: {
            order: {
              actions: sendTo('kitchen', ({ event }) => ({ type: 'cook' as const, dish: event.dish })),
            },
            leave: 'home',
          },
        },
        home: {},
      },
    });
    const serving = createActor(waiter).start();
    serving.send({ type: 'order', dish: 'soup' });
    serving.send({ type: 'order', dish: 'fish' });

    await waitFor(serving, ({ context }) => context.count === 2, { timeout: 5000 });
    expect(actor.getSnapshot().context.dishes).toEqual(['soup', 'fish']);
    actor.send({ type: 'close' });
    await waitFor(serving, ({ context }) => context.closed, { timeout: 5000 });
    serving.send({ type: 'leave' });
    expect(serving.getSnapshot().value).toBe('home');
  });

  it('tells a machine by code what went wrong with it', async () => {
    const { ref } = await open();
    const machine = setup({
      types: { context: {} as { error: unknown } },
      actors: { kitchen: remoteActor(ref) },
    }).createMachine({
      context: { error: undefined },
      invoke: {
        src: 'kitchen',
        id: 'kitchen',
        onError: { actions: assign({ error: ({ event }) => event.error }) },
      },
      on: { wrong: { actions: sendTo('kitchen', { type: 'cook', dish: 5 }) } },
    });
    const actor = createActor(machine).start();
    actor.send({ type: 'wrong' });

    await waitFor(actor, ({ context }) => context.error !== undefined, { timeout: 5000 });
    expect(hasCode(actor.getSnapshot().context.error, 'ERR_VALIDATION')).toBe(true);
  });

  it('says that it failed, and nothing of why', async () => {
    const { actor, ref } = await open();
    actor.subscribe({ error: () => {} });
    const error = askFailure(
      new Promise(
        (resolve, reject) => void ref.snapshot$.subscribe({ error: reject, complete: () => resolve('done') }),
      ),
    );
    await ref.send({ type: 'cook', dish: 'stones' });

    expect(await error).toMatchObject({ code: 'ERR_ASK_REFUSED', remote: { code: 'ERR_ACTOR_FAILED' } });
    expect((await error).message).not.toContain('oven');
    expect(await askFailure(ref.send({ type: 'close' }))).toMatchObject({ remote: { code: 'ERR_FATAL' } });
  });

  it('takes no signals of XState itself, nor any that are not defined', async () => {
    const open$ = defineActor('open', { signal: z.looseObject({ type: z.string() }), view: z.unknown() });
    const [here, there] = newBuses();
    const actor = createActor(kitchenMachine).start();
    await here.expose(open$, actor, () => 0).ready;
    await here.ready();

    for (const type of ['xstate.stop', 'xstate.init', 'breakwater.remote.seen']) {
      expect(await askFailure(there.actor(open$).send({ type }))).toMatchObject({
        code: 'ERR_ASK_REFUSED',
        remote: { code: 'ERR_FATAL' },
      });
    }
    expect(actor.getSnapshot().status).toBe('active');
  });

  it('is out of reach when it is stopped, and there again when it is exposed again', async () => {
    const { actor, exposed, here, ref } = await open();
    const seen: number[] = [];
    const watching = ref.snapshot$.subscribe(({ dishes }) => seen.push(dishes.length));
    await until(() => seen.length === 1);
    await exposed.stop();
    await exposed.stop();
    let error = await askFailure(ref.ask((view) => view));
    // Until the server knows, it is told by who has just left.
    while (error.code === 'ERR_ASK_BUSY') error = await askFailure(ref.ask((view) => view));
    expect(error).toMatchObject({ code: 'ERR_ASK_NO_RESPONDER' });

    actor.send({ type: 'cook', dish: 'soup' });
    const again = here.expose(kitchen, actor, dishesOf);
    await again.ready;
    await until(() => seen.at(-1) === 1);
    watching.unsubscribe();
  });

  it('has its name alone', async () => {
    const { here, there, actor } = await open();
    expect(() => here.expose(kitchen, actor, dishesOf)).toThrow('exposed already');
    if (here === there) return;
    const second = there.expose(kitchen, actor, dishesOf);
    expect(await askFailure(second.ready)).toMatchObject({ code: 'ERR_CONFLICT' });
    await expect(here.actor(kitchen).ask(({ dishes }) => dishes)).resolves.toEqual([]);
  });
});

describe('a remote actor', () => {
  it('takes its signals one after the other, however long each takes to be checked', async () => {
    const namespace = world.namespace();
    const [here, there] = [world.coreBus({ namespace }), world.coreBus({ namespace })];
    const dishes: string[] = [];
    const [signal, view] = [z.object({ type: z.string(), dish: z.string() }), z.array(z.string())];
    const slow = signal.refine(async ({ dish }) => {
      if (dish === 'first') await new Promise((resolve) => setTimeout(resolve, 20));
      return true;
    });
    const cook = fromCallback<{ type: string; dish: string }>(({ receive }) =>
      receive(({ dish }) => dishes.push(dish)),
    );
    const names = { signal: slow, view };
    await here.expose(defineActor('slow', names), createActor(cook).start(), () => dishes).ready;
    await here.ready();
    const ref = there.actor(defineActor('slow', { signal, view }));
    await Promise.all(['first', 'second', 'third'].map((dish) => ref.send({ type: 'cook', dish })));

    expect(dishes).toEqual(['first', 'second', 'third']);
  });

  it('fails its watchers when nobody has had it for five seconds', async () => {
    const clock = createVirtualClock();
    const bus = newBus({ clock });
    const errors: unknown[] = [];
    bus.actor(kitchen).snapshot$.subscribe({ error: (error) => errors.push(error) });
    await clock.advanceBy(4900);
    expect(errors).toEqual([]);
    await clock.advanceBy(300);
    expect(errors).toMatchObject([{ code: 'ERR_ASK_NO_RESPONDER' }]);
  });

  it('lets a question be one promise of a machine', async () => {
    const bus = newBus();
    bus.respond(quote, () => ({ cents: 5, until: quotedUntil }));
    const asking = fromPromise(({ input, signal }: { input: { sku: string }; signal: AbortSignal }) =>
      bus.ask(quote, input, { signal }),
    );
    const actor = createActor(asking, { input: { sku: 'tea' } }).start();
    await waitFor(actor, ({ status }) => status === 'done', { timeout: 5000 });
    expect(actor.getSnapshot().output?.cents).toBe(5);
  });

  it.each([
    [(bus: Bus) => bus.actor({} as never), 'defineActor'],
    [(bus: Bus) => bus.expose(kitchen, {} as never, dishesOf as never), 'an actor of XState'],
    [(bus: Bus) => bus.expose(kitchen, createActor(kitchenMachine), 5 as never), 'function'],
    [() => defineActor('a b', { signal: z.any(), view: z.any() }), 'name of an actor'],
  ])('refuses what makes no sense', (wrong, message) => {
    const bus = newBus();
    expect(() => wrong(bus)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import type { AppendListener } from '../../../src/event-log.ts';
import type { StoreFactory } from '../../../src/store.ts';
import { createDurableWorld, faulty, reopened } from '../../support/durable-world.ts';
import { noted, notes } from '../../support/entity-world.ts';

/** A store that can keep silent about appends, as when it does not know what became of them. */
function silenced(): { readonly make: StoreFactory; silent: boolean } {
  const make = reopened();
  const state = { silent: false };
  return Object.assign(state, {
    make: (ports: Parameters<StoreFactory>[0]) => {
      const store = make(ports);
      const watch = (listener: AppendListener): (() => void) =>
        store.log.watch((...told) => {
          if (!state.silent) listener(...told);
        });
      return { ...store, log: { ...store.log, watch } };
    },
  });
}

describe('entities at the end of a log', () => {
  it('handle an event whose append seemed to fail, without waiting for the next one', async () => {
    const store = faulty();
    const { start, clock } = createDurableWorld({ store: store.make });
    const bus = start();
    const kind = notes(1);
    const host = bus.host(kind);
    await bus.publish(noted, { id: 'n', text: 'one' });
    await clock.advanceBy(1_000);
    store.fail('unknown');
    await expect(bus.publish(noted, { id: 'n', text: 'two' })).rejects.toMatchObject({ unknown: true });
    store.recover();
    await clock.advanceBy(60_000);

    expect(host.stats()).toMatchObject({ state: 'running', handled: 2, position: 2, lag: 0 });
    expect(await bus.entity(kind, 'n').ask(({ texts }) => texts)).toEqual(['one', 'two']);
  });

  it('answer after all that is there, also what nobody was told of', async () => {
    const store = silenced();
    const { start, clock } = createDurableWorld({ store: store.make });
    const bus = start();
    const kind = notes(1);
    bus.host(kind);
    await bus.publish(noted, { id: 'n', text: 'one' });
    await clock.advanceBy(1_000);
    store.silent = true;
    await bus.publish(noted, { id: 'n', text: 'two' });
    const answer = bus.entity(kind, 'n').ask(({ texts }) => texts);
    await clock.advanceBy(1_000);

    expect(await answer).toEqual(['one', 'two']);
  });

  it('show in the figures of the bus how far behind they are', async () => {
    const { start, clock } = createDurableWorld();
    const bus = start();
    const host = bus.host(notes(1));
    await clock.advanceBy(1_000);
    host.pause();
    // More than wait in memory.
    const batch = Array.from({ length: 5_000 }, (_, n) => noted({ id: `n${n % 5}`, text: '' }));
    await bus.publishBatch(batch);
    await clock.advanceBy(1_000);
    const behind = bus.stats().entities;
    host.resume();
    await clock.advanceBy(1_000);
    const caughtUp = bus.stats().entities;
    await host.stop();

    expect(behind).toMatchObject([{ kind: 'notes', state: 'paused', lag: 5_000, handled: 0, active: 0 }]);
    expect(caughtUp).toMatchObject([
      {
        kind: 'notes',
        state: 'running',
        lag: 0,
        handled: 5_000,
        active: 5,
        parkedKeys: 0,
        failedAttempts: 0,
      },
    ]);
    expect(bus.stats().entities).toEqual([]);
  });
});

import { createBus } from '../../src/create-bus.ts';
import { defineEntity, type EntityOptions } from '../../actors/define-entity.ts';
import type { Bus } from '../../src/bus.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { durableTransport } from '../../src/transport/durable.ts';
import { defineEvent } from '../../streams/event/define-event.ts';
import { z } from 'zod';
import { lives, type Lives } from './lives.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const noted = defineEvent('note.added', z.object({ id: z.string(), text: z.string() }));

/** Processes that follow each other on one store that is slow, and one clock. */
export interface EntityWorld {
  readonly clock: VirtualClock;
  readonly lives: Lives;
  readonly start: () => Bus;
  /** Lets a bus come to rest, which takes it up to a second. */
  readonly settle: (bus: Bus) => Promise<void>;
}

export function entityWorld(): EntityWorld {
  const clock = createVirtualClock();
  const random = seededRandom(7);
  const store = memoryStore()({ clock, random });
  const life = lives(store, clock, random, 3);
  return {
    clock,
    lives: life,
    start: () =>
      createBus({
        clock,
        random,
        logger: silent,
        transport: durableTransport(life.next),
        heartbeatMs: 600_000,
      }),
    settle: async (bus) => {
      const idle = bus.idle();
      await clock.advanceBy(1_000);
      await idle;
    },
  };
}

/** A kind that keeps the texts of its notes. */
export function notes(version: number, migrate?: EntityOptions['migrate']) {
  return defineEntity(
    'notes',
    {
      initial: { texts: [] as readonly string[] },
      fold: (state, event) => ({ texts: [...state.texts, event.data.text] }),
    },
    { on: [noted], key: (event) => event.data.id, version, ...(migrate === undefined ? {} : { migrate }) },
  );
}

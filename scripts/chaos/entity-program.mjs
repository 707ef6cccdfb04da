// A bus on LMDB that publishes to entities and hosts them, to be killed. Says on its standard output what happened:
// "P id" for an event that was kept, "A id" for one that its entity had handled, when it was told so.
// With --drain it publishes nothing, waits until all is handled and no delay is left, says "E key state n hash" for each
// entity, and closes.
import { writeSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { assign, emit, setup } from 'xstate';
import { silent } from './compiled.mjs';
import { createBus, defineEntity, lmdb } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { path, seed, drain, keys } = options({ path: '', seed: 1, drain: 0, keys: 40 });
const random = seeded(seed);
const say = (line) => writeSync(1, `${line}\n`);

const said = (type) => emit(({ context }) => ({ type, data: { key: context.key, n: context.n } }));

/** Counts, and hashes what it got in its order; says so at each fifth, and when it has rested for a while. */
const ledger = setup({
  guards: { fifth: ({ context }) => context.n % 5 === 4 },
  actions: {
    book: assign({
      n: ({ context }) => context.n + 1,
      hash: ({ context, event }) => (context.hash * 31 + event.data.amount) % 1_000_003,
    }),
  },
}).createMachine({
  context: ({ input }) => ({ key: input.key, n: 0, hash: 7 }),
  initial: 'idle',
  on: {
    'ledger.booked': [
      { guard: 'fifth', target: '.busy', actions: ['book', said('ledger.fifth')] },
      { target: '.busy', actions: 'book' },
    ],
  },
  states: { idle: {}, busy: { after: { 15: { target: 'idle', actions: said('ledger.rested') } } } },
});

const entity = defineEntity('ledger', ledger, { on: ['ledger.booked'], key: ({ data }) => data.key });
const bus = createBus({ transport: lmdb({ path }), logger: silent });
await bus.ready();
const host = bus.host(entity, { maxActive: 8, passivateAfterMs: 60 });
await host.ready;

async function produce(p) {
  for (;;) {
    const key = `k${Math.floor(random() * keys)}`;
    const data = { key, amount: Math.floor(random() * 100) };
    if (random() < 0.3) {
      const { id } = await bus.entity(entity, key).send('ledger.booked', data);
      say(`P ${id}\nA ${id}`);
    } else {
      const size = 1 + Math.floor(random() * 20);
      const events = Array.from({ length: size }, () => ({
        id: crypto.randomUUID(),
        type: 'ledger.booked',
        source: `p${p}`,
        time: Date.now(),
        priority: random() < 0.2 ? 'critical' : 'normal',
        schemaVersion: 1,
        data: { key: `k${Math.floor(random() * keys)}`, amount: Math.floor(random() * 100) },
      }));
      for (const { id } of await bus.publishBatch(events)) say(`P ${id}`);
    }
    await after(random() * 6);
  }
}

say('ready');
if (drain) {
  await bus.idle();
  await after(200);
  await bus.idle();
  for (let n = 0; n < keys; n += 1) {
    const [state, count, hash] = await bus
      .entity(entity, `k${n}`)
      .ask(({ value, context }) => [value, context.n, context.hash]);
    say(`E k${n} ${state} ${count} ${hash}`);
  }
  await bus.close();
} else await Promise.all(Array.from({ length: 6 }, (_, p) => produce(p)));

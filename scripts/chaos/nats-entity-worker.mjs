// One worker of nats-entities.mjs: hosts its share of the entities until SIGTERM.
import { assign, emit, setup } from 'xstate';
import { silent } from './compiled.mjs';
import { createBus, defineEntity, jetStream } from './nats-library.mjs';

const said = (type, n) => emit(({ context }) => ({ type, data: { key: context.key, n: n(context) } }));
const done = said('chaos.done', ({ n }) => n);

/** Counts, hashes what it got in its order, and at each tenth begins a delay at whose end it says so. */
const counter = setup({
  guards: { tenth: ({ context }) => context.n % 10 === 9 },
  actions: {
    book: assign({
      n: ({ context }) => context.n + 1,
      hash: ({ context, event }) => (context.hash * 31 + event.data.n) % 1_000_003,
      wrong: ({ context, event }) => context.wrong + (event.data.n === context.n + 1 ? 0 : 1),
    }),
    arm: assign({ armed: ({ context }) => context.armed + 1 }),
    fire: assign({ fired: ({ context }) => context.fired + 1 }),
  },
}).createMachine({
  context: ({ input }) => ({ key: input.key, n: 0, hash: 7, wrong: 0, armed: 0, fired: 0 }),
  initial: 'idle',
  on: { 'chaos.step': { actions: ['book', done] } },
  states: {
    idle: {
      on: {
        'chaos.step': [
          { guard: 'tenth', target: 'armed', actions: ['book', 'arm', done] },
          { actions: ['book', done] },
        ],
      },
    },
    armed: {
      after: { 150: { target: 'idle', actions: ['fire', said('chaos.fired', ({ fired }) => fired)] } },
    },
  },
});

export const entity = defineEntity('counter', counter, { on: ['chaos.step'], key: ({ data }) => data.key });

if (process.argv[2] !== undefined && process.argv[1] === import.meta.filename) {
  const { url, namespace, leaseMs } = JSON.parse(process.argv[2]);
  const bus = createBus({
    logger: silent,
    transport: jetStream({ servers: url, namespace, consumer: { leaseMs } }),
  });
  const host = bus.host(entity, { maxActive: 40, passivateAfterMs: 200 });
  await host.ready;
  process.on('SIGTERM', () => {
    void bus.close({ deadlineMs: 1000 }).then(() => process.exit(0));
  });
}

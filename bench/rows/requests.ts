import { connect } from '@nats-io/transport-node';
import { createBus, defineRequest, type Bus } from 'breakwater';
import { nats } from 'breakwater/nats';
import { z } from 'zod';
import type { Goal, Row, Subject } from '../harness/row.ts';
import { timesEachPeer } from '../harness/goals.ts';
import { startNats } from '../workload/nats-server.ts';
import { silent } from '../workload/orders.ts';

const questions = 4000;

const quote = defineRequest('price.quote', {
  request: z.object({ sku: z.string(), count: z.number() }),
  reply: z.object({ cents: z.number() }),
});

const text = new TextEncoder();

/** Asks so many questions, `window` of them at once; gives how many were answered a second. */
async function rate(window: number, ask: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < questions) await ask(next++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: window }, lane));
  return (questions * 1000) / (performance.now() - started);
}

function newBus(servers: string): Bus {
  const transport = nats({ servers, namespace: 'bench', oldServers: 'allow' });
  return createBus({ source: 'bench', logger: silent, transport });
}

/** Two connections: whoever asks is elsewhere. */
function asking(window: number): Subject {
  return {
    name: 'breakwater',
    prepare: async () => {
      const servers = await startNats();
      const [responder, bus] = [newBus(servers), newBus(servers)];
      responder.respond(quote, ({ data }) => ({ cents: data.count * 5 }), { concurrency: window });
      await Promise.all([responder.ready(), bus.ready()]);
      return () => rate(window, (n) => bus.ask(quote, { sku: `sku-${n}`, count: n }));
    },
  };
}

/** The official client, with JSON that nobody checks. */
function rawAsking(window: number): Subject {
  return {
    name: 'nats.js',
    prepare: async () => {
      const servers = await startNats();
      const [responder, client] = await Promise.all(
        [1, 2].map(() => connect({ servers, noAsyncTraces: true })),
      );
      if (responder === undefined || client === undefined) throw new Error('no connection');
      responder.subscribe('price.quote', {
        queue: 'responders',
        callback: (_error, message) => {
          const { count } = JSON.parse(message.string()) as { count: number };
          message.respond(text.encode(JSON.stringify({ cents: count * 5 })));
        },
      });
      await responder.flush();
      return () =>
        rate(window, async (n) => {
          const body = text.encode(JSON.stringify({ sku: `sku-${n}`, count: n }));
          const reply = await client.request('price.quote', body, { timeout: 30_000 });
          JSON.parse(reply.string());
        });
    },
  };
}

const goal: Goal = timesEachPeer(0.8);

export const askAlone: Row = {
  id: 'ask-alone',
  what: 'ask and answer over core NATS, one question at a time, two connections',
  unit: 'answers/s',
  better: 'higher',
  goal,
  subject: asking(1),
  peers: [rawAsking(1)],
  runs: 5,
  warmUps: 1,
};

export const askMany: Row = {
  id: 'ask-many',
  what: 'ask and answer over core NATS, 64 questions at once, two connections',
  unit: 'answers/s',
  better: 'higher',
  goal,
  subject: asking(64),
  peers: [rawAsking(64)],
  runs: 5,
  warmUps: 1,
};

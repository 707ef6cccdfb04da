import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createBus, type Bus } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { atMost, noGoal, timesEachPeer } from '../harness/goals.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { startNats } from '../workload/nats-server.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { orderAt, silent } from '../workload/orders.ts';

const program = fileURLToPath(new URL('../workload/nats-share.js', import.meta.url));
/** The keys that repeat: each of 16 partitions has some. */
const lap = 1024;
const events = 20 * lap;

interface Worker {
  readonly child: ChildProcess;
  handled: number;
}

/** Processes that share the partitions of one subscriber, and a bus that publishes to them. */
class Workers {
  readonly all: Worker[] = [];
  readonly #servers: string;
  readonly #bus: Bus;
  readonly #name: string;

  constructor(servers: string, name: string) {
    this.#servers = servers;
    this.#name = name;
    const transport = jetStream({ servers, namespace: 'bench', oldServers: 'allow' });
    this.#bus = createBus({ source: 'bench', logger: silent, transport });
  }

  get handled(): number {
    return this.all.reduce((sum, { handled }) => sum + handled, 0);
  }

  join(): void {
    const child = fork(program, [JSON.stringify({ servers: this.#servers, name: this.#name })]);
    const worker: Worker = { child, handled: 0 };
    child.on('message', (handled) => {
      worker.handled = Number(handled);
    });
    this.all.push(worker);
  }

  /** Publishes so many events, and resolves when all have been handled. */
  async run(count: number): Promise<void> {
    const before = this.handled;
    await Promise.all(Array.from({ length: count }, (_, n) => this.#bus.publish(orderPlaced, orderAt(n))));
    while (this.handled < before + count) await pause(2);
  }

  /** Until each has partitions, or hashing gives one of them none. */
  async settled(): Promise<void> {
    for (let tries = 0; tries < 20; tries += 1) {
      const before = this.all.map(({ handled }) => handled);
      await this.run(lap);
      if (this.all.every(({ handled }, at) => handled > (before[at] ?? 0))) return;
      await pause(200);
    }
  }

  async kill(worker: Worker): Promise<void> {
    const ended = once(worker.child, 'exit');
    worker.child.kill('SIGKILL');
    await ended;
    this.all.splice(this.all.indexOf(worker), 1);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let names = 0;

async function workers(count: number): Promise<Workers> {
  const shared = new Workers(await startNats(), `workers-${(names += 1)}`);
  process.once('exit', () => shared.all.forEach(({ child }) => child.kill('SIGKILL')));
  for (let n = 0; n < count; n += 1) shared.join();
  await pause(1000);
  await shared.settled();
  return shared;
}

function sharing(count: number): Subject {
  return {
    name: count === 1 ? 'one process' : 'breakwater',
    prepare: async (): Promise<Measure> => {
      const shared = await workers(count);
      return async () => {
        const started = performance.now();
        await shared.run(events);
        return (events * 1000) / (performance.now() - started);
      };
    },
  };
}

/** Milliseconds from a `kill -9` of one of two processes until an event of every key has been handled. */
const takeover: Subject = {
  name: 'breakwater',
  prepare: async (): Promise<Measure> => {
    const shared = await workers(2);
    return async () => {
      const [victim] = shared.all;
      if (victim === undefined) throw new Error('no worker is left');
      const killed = performance.now();
      await shared.kill(victim);
      await shared.run(lap);
      const taken = performance.now() - killed;
      shared.join();
      await shared.settled();
      return taken;
    };
  },
};

const shared = { unit: 'events/s', better: 'higher', runs: 3, warmUps: 1 } as const;
const what = (count: number): string =>
  `${count} process${count === 1 ? '' : 'es'} share 16 partitions, handlers that wait 2 ms each, 16 at once in a process`;

export const natsWorkers1: Row = {
  id: 'nats-workers-1',
  what: what(1),
  goal: noGoal,
  subject: { ...sharing(1), name: 'breakwater' },
  peers: [],
  ...shared,
};

export const natsWorkers2: Row = {
  id: 'nats-workers-2',
  what: what(2),
  goal: timesEachPeer(1.6),
  subject: sharing(2),
  peers: [sharing(1)],
  ...shared,
};

export const natsWorkers4: Row = {
  id: 'nats-workers-4',
  what: what(4),
  goal: timesEachPeer(2.5),
  subject: sharing(4),
  peers: [sharing(1)],
  ...shared,
};

export const natsTakeover: Row = {
  id: 'nats-takeover',
  what: 'from a kill -9 of one of two processes until its partitions are handled by the other, leases of 1.5 s',
  unit: 'ms',
  better: 'lower',
  goal: atMost(3000, 'ms'),
  subject: takeover,
  peers: [],
  runs: 5,
  warmUps: 1,
};

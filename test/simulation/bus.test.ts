import { describe, expect, it } from 'vitest';
import { createBus, defineEntity, defineEvent, durableTransport, type Bus } from 'breakwater';
import {
  describeSimulation,
  NodeClock,
  simulate,
  SimulatedDisk,
  simulatedStore,
  type SimulationProgram,
  type SimulationWorld,
} from 'breakwater/testing';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const paid = defineEvent('account.paid', z.object({ account: z.string(), n: z.int() }));
const noted = defineEvent('account.noted', z.object({ account: z.string(), n: z.int() }));

const fold = (sum: number, n: number): number => (sum * 31 + n) % 1_000_003;
const accounts = defineEntity(
  'account',
  {
    initial: { count: 0, sum: 0 },
    fold: (state: { readonly count: number; readonly sum: number }, event: { data: { n: number } }) => ({
      count: state.count + 1,
      sum: fold(state.sum, event.data.n),
    }),
  },
  { on: [paid], key: (event) => event.data.account },
);

/** A whole bus, killed and started again on a disk that takes its time: entities and a subscriber that publishes. */
class BusRun {
  readonly #world: SimulationWorld;
  readonly #disk: SimulatedDisk;
  readonly #handled = new Set<number>();
  readonly #acknowledged = new Set<number>();
  /** Payments in the order of the log, by account. */
  readonly #log = new Map<string, number[]>();
  #clock: NodeClock;
  #bus: Bus;
  #life = 0;

  constructor(world: SimulationWorld) {
    this.#world = world;
    const { clock, random } = world;
    this.#disk = new SimulatedDisk({
      clock,
      random,
      syncMs: () => 0.1 + world.faults.syncMs * random(),
      writeError: () => world.faults.writeError,
      unknownOutcome: () => world.faults.unknownOutcome,
      pageLoss: () => world.faults.pageLoss,
      onApplied: (_first, events) => {
        for (const { type, data } of events) {
          if (type !== 'account.paid') continue;
          const { account, n } = data as { readonly account: string; readonly n: number };
          this.#log.set(account, [...(this.#log.get(account) ?? []), n]);
        }
      },
    });
    [this.#clock, this.#bus] = this.#start();
  }

  async run(): Promise<void> {
    const world = this.#world;
    const { clock } = world;
    for (let n = 1; n <= world.events; n += 1) {
      if (world.happens(world.faults.crash)) await this.#crash();
      void this.#pay(`a${Math.floor(world.random() * 3)}`, n);
      const until = clock.monotonic() + world.random() * 30;
      clock.setTimeout(() => {}, until - clock.monotonic());
      while (clock.nextAt <= until) await clock.advanceToNext();
      world.check();
    }
    world.heal();
    await this.#crash();
    await this.#drain();
  }

  async #pay(account: string, n: number): Promise<void> {
    try {
      await this.#bus.publish(paid, { account, n });
      this.#acknowledged.add(n);
    } catch {
      this.#world.note('payment $a is refused', n);
    }
  }

  async #drain(): Promise<void> {
    const world = this.#world;
    let done = false;
    void this.#bus.idle().then(() => (done = true));
    for (let steps = 0; !done; steps += 1) {
      if (steps > 20_000) world.violated('all comes to rest', 'the bus is not idle');
      await world.clock.advanceToNext();
    }
    const all = [...this.#log.values()].flat();
    for (const n of this.#acknowledged)
      if (!all.includes(n)) world.violated('nothing acknowledged is lost', `payment ${n} is gone`);
    for (const n of all)
      if (!this.#handled.has(n)) world.violated('each event is handled', `payment ${n} was not`);
    for (const [account, log] of this.#log) await this.#checkEntity(account, log);
  }

  async #checkEntity(account: string, log: readonly number[]): Promise<void> {
    const world = this.#world;
    let state: { readonly count: number; readonly sum: number } | undefined;
    void this.#bus
      .entity(accounts, account)
      .ask((view) => view)
      .then((view) => (state = view));
    for (let steps = 0; state === undefined && steps < 1_000; steps += 1) await world.clock.advanceToNext();
    const sum = log.reduce(fold, 0);
    if (state?.sum !== sum || state.count !== log.length)
      world.violated(
        'an entity is the fold of its events',
        `${account} is ${JSON.stringify(state)}, not ${sum}`,
      );
  }

  async #crash(): Promise<void> {
    const world = this.#world;
    world.note('the process ends', this.#life);
    this.#clock.kill();
    this.#disk.crash(world.happens(world.faults.powerCut) ? 'power' : 'kill');
    [this.#clock, this.#bus] = this.#start();
    await world.clock.settle();
  }

  #start(): [NodeClock, Bus] {
    const world = this.#world;
    this.#life += 1;
    const life = this.#life;
    const clock = new NodeClock(world.clock, 1);
    const bus = createBus({
      clock,
      random: world.random,
      logger: silentLogger,
      heartbeatMs: 86_400_000,
      transport: durableTransport(simulatedStore(this.#disk)),
    });
    bus.subscribe(
      paid,
      async ({ data: { account, n } }, { attempt, publish }) => {
        if (life !== this.#life) return;
        world.note('payment $a is handled, attempt $b', n, attempt);
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, world.random() * 20);
        });
        if (attempt < 3 && world.happens(world.faults.handlerFailure)) throw new Error('as drawn');
        await publish(noted, { account, n });
        if (life === this.#life) this.#handled.add(n);
      },
      {
        name: 'notes',
        order: 'key',
        from: 'start',
        breaker: false,
        retry: { maxAttempts: 1_000, baseMs: 5, maxMs: 50, minRetriesPerSecond: 1_000 },
      },
    );
    bus.host(accounts);
    return [clock, bus];
  }
}

const busProgram: SimulationProgram = { name: 'bus', run: (world) => new BusRun(world).run() };

describe('a whole bus on a simulated disk', () => {
  it('loses nothing, and keeps entities the fold of their events, over kills, power cuts and failed writes', async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const report = await simulate(busProgram, { seed, events: 60 });
      expect(report.violation === undefined ? '' : describeSimulation(report)).toBe('');
    }
    const [once, twice] = [await simulate(busProgram, { seed: 3 }), await simulate(busProgram, { seed: 3 })];
    expect(once.fingerprint).toBe(twice.fingerprint);
  });
});

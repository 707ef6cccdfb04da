import { describe, expect, it } from 'vitest';
import { createBus, durableTransport, hasCode, type Bus } from 'breakwater';
import {
  describeSimulation,
  simulate,
  SimulatedDisk,
  simulatedStore,
  SimulationWorld,
  type SimulationProgram,
} from 'breakwater/testing';
import { silentLogger } from '../support/bus-world.ts';

const maxHeldEvents = 40;

interface Sent {
  readonly n: number;
  readonly key: string;
}

/** A bus that goes on from memory while its disk is full, slow or fails, and writes what it held when it can. */
class FallbackRun {
  readonly #world: SimulationWorld;
  readonly #disk: SimulatedDisk;
  readonly #bus: Bus;
  /** Events of the log, in its order. */
  readonly #log: number[] = [];
  /** Events that were handled, in order, by key. */
  readonly #handled = new Map<string, number[]>();
  /** Events whose publish has resolved, and those that were refused. */
  readonly #taken: Sent[] = [];
  readonly #refused: number[] = [];
  #open = 0;
  #freeAt = Infinity;

  constructor(world: SimulationWorld) {
    this.#world = world;
    const { clock, random } = world;
    this.#disk = new SimulatedDisk({
      clock,
      random,
      syncMs: () => world.faults.syncMs * random(),
      writeError: () => world.faults.writeError,
      unknownOutcome: () => world.faults.unknownOutcome,
      onApplied: (_first, events) => {
        for (const { data } of events) this.#log.push((data as Sent).n);
      },
    });
    this.#bus = createBus({
      clock,
      random,
      logger: silentLogger,
      heartbeatMs: 86_400_000,
      transport: durableTransport(simulatedStore(this.#disk), {
        onStorageFailure: 'memory',
        maxHeldEvents,
        retryIntervalMs: 100,
      }),
    });
    this.#bus.subscribe(
      'sent',
      ({ data }) => {
        const { n, key } = data as Sent;
        world.note('event $a is handled', n);
        this.#handled.set(key, [...(this.#handled.get(key) ?? []), n]);
      },
      { name: 'receiver', order: 'key', from: 'start' },
    );
  }

  async run(): Promise<void> {
    const world = this.#world;
    const { clock } = world;
    for (let n = 1; n <= world.events; n += 1) {
      this.#trouble();
      void this.#send({ n, key: `k${Math.floor(world.random() * 3)}` });
      const until = clock.monotonic() + world.random() * 20;
      clock.setTimeout(() => {}, until - clock.monotonic());
      while (clock.nextAt <= until) await clock.advanceToNext();
      world.check();
    }
    world.heal();
    this.#disk.free();
    await this.#rest();
    this.#checkAll();
  }

  #trouble(): void {
    const world = this.#world;
    const now = world.clock.monotonic();
    if (world.happens(4 * world.faults.fullDisk)) {
      world.note('the disk is full');
      this.#disk.fill();
      this.#freeAt = now + world.random() * 2_000;
    } else if (now >= this.#freeAt) {
      this.#freeAt = Infinity;
      this.#disk.free();
    }
  }

  async #send(sent: Sent): Promise<void> {
    const world = this.#world;
    this.#open += 1;
    try {
      const { level } = await this.#bus.publish('sent', sent, { key: sent.key });
      this.#taken.push(sent);
      if (level === 'disk' && !this.#log.includes(sent.n))
        world.violated('a level is true', `event ${sent.n} is said to be on disk, and is not`);
      if (level !== 'disk' && !this.#log.includes(sent.n) && this.#bus.health().durable)
        world.violated('health is honest', `event ${sent.n} is held in memory, and the bus says durable`);
    } catch (error) {
      if (!hasCode(error, 'ERR_STORAGE') || !String(error).includes('maxHeldEvents')) throw error;
      world.note('event $a is refused', sent.n);
      this.#refused.push(sent.n);
    }
    this.#open -= 1;
  }

  async #rest(): Promise<void> {
    const world = this.#world;
    const resting = (): boolean =>
      this.#open === 0 && this.#log.length === this.#taken.length && this.#bus.health().durable;
    for (let steps = 0; !resting(); steps += 1) {
      if (steps > 5_000)
        world.violated('what was held is written', `${this.#log.length} of ${this.#taken.length} are`);
      await world.clock.advanceToNext();
    }
    for (let steps = 0; steps < 50; steps += 1) await world.clock.advanceToNext();
  }

  #checkAll(): void {
    const world = this.#world;
    const numbers = this.#taken.map(({ n }) => n).toSorted((a, b) => a - b);
    if (this.#log.join() !== numbers.join())
      world.violated('the log has what was taken, once, in order', this.#log.join());
    for (const key of ['k0', 'k1', 'k2']) {
      const taken = this.#taken.filter((sent) => sent.key === key).map(({ n }) => n);
      const ordered = taken.toSorted((a, b) => a - b).join();
      const handled = (this.#handled.get(key) ?? []).join();
      if (handled !== ordered)
        world.violated('each event is handled once, in order', `of ${key}: ${handled}, not ${ordered}`);
    }
    const health = this.#bus.health();
    if (!health.ready || !health.durable) world.violated('health is honest', JSON.stringify(health));
  }
}

const program: SimulationProgram = { name: 'memory-fallback', run: (world) => new FallbackRun(world).run() };

describe('a bus that goes on from memory', () => {
  it('loses, repeats and swaps nothing while its disk is full, slow or fails, and says what is not durable', async () => {
    let refusals = 0;
    for (let seed = 0; seed < 80; seed += 1) {
      const report = await simulate(program, { seed, events: 80 });
      expect(report.violation === undefined ? '' : describeSimulation(report)).toBe('');
      refusals += report.timeline(500).split('is refused').length - 1;
    }
    // The bound of what is held was reached, too.
    expect(refusals).toBeGreaterThan(0);
  });

  it('does the same again for the same seed', async () => {
    const [once, twice] = [await simulate(program, { seed: 5 }), await simulate(program, { seed: 5 })];
    expect(once.fingerprint).toBe(twice.fingerprint);
  });

  it('gives no event from memory before those that were published earlier, and are being written', async () => {
    const world = new SimulationWorld(1, 0);
    const { clock, random } = world;
    const disk = new SimulatedDisk({ clock, random, syncMs: () => 10 });
    const options = { onStorageFailure: 'memory' } as const;
    const bus = createBus({
      clock,
      random,
      heartbeatMs: 86_400_000,
      transport: durableTransport(simulatedStore(disk), options),
    });
    const handled: unknown[] = [];
    bus.subscribe('sent', ({ data }) => void handled.push(data), { order: 'key' });
    const first = bus.publish('sent', 1, { key: 'a' });
    disk.fill();
    const others = [2, 3].map((n) => bus.publish('sent', n, { key: 'a' }));
    await clock.settle();
    const before = [...handled];
    await clock.advanceToNext();

    expect(before).toEqual([]);
    expect((await first).level).toBe('disk');
    expect((await Promise.all(others)).map(({ level }) => level)).toEqual(['accepted', 'accepted']);
    expect(handled).toEqual([1, 2, 3]);
  });
});

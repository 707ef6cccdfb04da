import { NodesModel } from './nodes-model.ts';
import type { SimulationProgram } from './simulate.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedNode, type NodesParts } from './simulated-node.ts';
import { simulatedStore } from './simulated-store.ts';
import type { Store } from '../../store.ts';
import type { SimulationWorld } from './simulation-world.ts';

/**
 * Two to four nodes that share partitions by leases, and fold the events of each into an entity in one store.
 *
 * Real: leases, compare-and-set and commits of the store. Simulated: the network between, the clock of each node,
 * which drifts and jumps, nodes that are stopped, killed, cut off, and join. After every step it checks that each
 * partition has one owner at most, tokens rise, no owner of before writes, each entity is the fold of its events, and
 * each event has emitted one; after all faults have ended, that all events are taken.
 */
export function nodesProgram(parts: Partial<NodesParts> = {}): SimulationProgram {
  const complete: NodesParts = {
    leaseStore: (store) => store,
    workStore: (store) => store,
    leases: (leases) => leases,
    clock: (clock) => clock,
    ...parts,
  };
  return { name: 'nodes', run: (world) => new NodesRun(world, complete).run() };
}

const leaseMs = 2_000;
const healedSteps = 100_000;

class NodesRun {
  readonly #world: SimulationWorld;
  readonly #parts: NodesParts;
  readonly #partitions: number;
  readonly #model: NodesModel;
  readonly #store: Store;
  readonly #nodes: SimulatedNode[] = [];
  #named = 0;

  constructor(world: SimulationWorld, parts: NodesParts) {
    this.#world = world;
    this.#parts = parts;
    this.#partitions = 1 + Math.floor(world.random() * 4);
    this.#model = new NodesModel(world, this.#partitions);
    const { clock, random } = world;
    const disk = new SimulatedDisk({
      clock,
      random,
      syncMs: () => random() * world.faults.syncMs,
      writeError: () => world.faults.writeError,
      unknownOutcome: () => world.faults.unknownOutcome,
      onApplied: (_first, events, writes) => this.#model.applied(events, writes),
    });
    this.#store = simulatedStore(disk)({ clock, random });
  }

  async run(): Promise<void> {
    const world = this.#world;
    const { clock } = world;
    const nodes = 2 + Math.floor(world.random() * 3);
    for (let joined = 0; joined < nodes; joined += 1) this.#join();
    await clock.settle();
    const gapMs = 5 + world.random() * 100;
    for (let made = 1; made <= world.events; made += 1) {
      this.#model.events[Math.floor(world.random() * this.#partitions)]?.push(made);
      world.note('event $a', made);
      this.#trouble();
      await this.#pass(world.random() * gapMs);
    }
    await this.#drain();
  }

  /** Without faults, all must be taken, and every partition owned, after a bounded number of steps. */
  async #drain(): Promise<void> {
    const world = this.#world;
    world.heal();
    for (const { clock, network } of this.#nodes) {
      network.cutOff = false;
      clock.goOn();
    }
    for (let steps = 0; !this.#model.done || this.#owned() < this.#partitions; steps += 1) {
      if (steps >= healedSteps)
        world.violated('all is taken in the end', `${this.#owned()} of ${this.#partitions} have an owner`);
      await world.clock.advanceToNext();
      this.#check();
    }
    this.#model.checkEmitted();
  }

  async #pass(ms: number): Promise<void> {
    const { clock } = this.#world;
    const until = clock.monotonic() + ms;
    clock.setTimeout(() => {}, ms);
    while (clock.nextAt <= until) {
      await clock.advanceToNext();
      this.#check();
    }
  }

  /** After every step. */
  #check(): void {
    this.#world.check();
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      const owners = this.#nodes.filter(({ leases }) => leases.token(partition) > 0);
      if (owners.length < 2) continue;
      const names = owners.map(({ name }) => name).join(' and ');
      this.#world.violated('one owner at most', `partition ${partition} belongs to ${names}`);
    }
  }

  #owned(): number {
    let owned = 0;
    for (let partition = 0; partition < this.#partitions; partition += 1)
      if (this.#nodes.some(({ leases }) => leases.token(partition) > 0)) owned += 1;
    return owned;
  }

  #trouble(): void {
    const world = this.#world;
    const { crash, pause, partition, clockJump } = world.faults;
    const at = Math.floor(world.random() * this.#nodes.length);
    const node = this.#nodes[at];
    if (node === undefined) return;
    const later = (act: () => void): void => {
      world.clock.setTimeout(act, world.random() * 3 * leaseMs);
    };
    if (world.happens(crash)) {
      world.note('node $a is gone, another joins', at);
      if (world.random() < 0.5) node.clock.kill();
      else node.leave();
      if (!node.clock.running) this.#nodes.splice(at, 1);
      this.#join();
    }
    if (world.happens(pause)) {
      world.note('node $a is stopped', at);
      node.clock.stop();
      later(() => node.clock.goOn());
    }
    if (world.happens(partition)) {
      world.note('node $a is cut off', at);
      node.network.cutOff = true;
      later(() => {
        node.network.cutOff = false;
      });
    }
    if (world.happens(clockJump)) node.clock.jump((2 * world.random() - 1) * 3_600_000);
  }

  #join(): void {
    this.#named += 1;
    const options = { partitions: this.#partitions, leaseMs };
    const given = { world: this.#world, store: this.#store, model: this.#model, parts: this.#parts };
    const node = new SimulatedNode(`n${this.#named}`, options, given);
    this.#nodes.push(node);
    node.start();
  }
}

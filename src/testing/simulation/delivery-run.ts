import type { createSubscriberActor } from '../../../actors/create-subscriber-actor.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { StorageError } from '../../../streams/event/errors.ts';
import type { Priority } from '../../../streams/event/priority.ts';
import type { SnapshotWrite } from '../../snapshot-store.ts';
import type { StoreFactory } from '../../store.ts';
import { decodeCursor } from '../../transport/cursor-codec.ts';
import { cursorBucket } from '../../transport/cursor-writer.ts';
import type { CursorRecord } from '../../transport/cursor.ts';
import type { Transport, TransportFactory } from '../../transport/transport.ts';
import { createProcessClock, type ProcessClock } from '../process-clock.ts';
import { DeliverySubscriber, type SubscriberPlan } from './delivery-subscriber.ts';
import { PublishModel } from './publish-model.ts';
import { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.ts';
import { simulatedStore } from './simulated-store.ts';
import type { SimulationWorld } from './simulation-world.ts';
import { SubscriptionModel } from './subscription-model.ts';

/** The parts of a delivery program: others may be put in their place, to be simulated, or to plant a bug. */
export interface DeliveryParts {
  /** Wraps the store that a process opens. */
  readonly store: (store: StoreFactory) => StoreFactory;
  /** Makes the transport on that store. */
  readonly transport: (store: StoreFactory) => TransportFactory;
  readonly actor: typeof createSubscriberActor;
  readonly disk: Partial<SimulatedDiskOptions>;
}

interface Process {
  readonly clock: ProcessClock;
  readonly transport: Transport;
  readonly subscribers: readonly DeliverySubscriber[];
}

/** Priorities, the common one most often. */
const priorities: readonly Priority[] = ['critical', 'high', 'normal', 'normal', 'normal', 'low'];
const healedSteps = 200_000;

/** One run of the delivery program. */
export class DeliveryRun {
  readonly #world: SimulationWorld;
  readonly #parts: DeliveryParts;
  readonly #disk: SimulatedDisk;
  readonly #published: PublishModel;
  readonly #plans: readonly SubscriberPlan[];
  readonly #models: readonly SubscriptionModel[];
  readonly #keys: number;
  readonly #gapMs: number;
  #process: Process | undefined;
  #crashed = false;
  #freeAt = 0;
  #made = 0;

  constructor(world: SimulationWorld, parts: DeliveryParts) {
    this.#world = world;
    this.#parts = parts;
    const { random } = world;
    this.#keys = 1 + Math.floor(random() * 6);
    this.#gapMs = random() < 0.2 ? 0 : random() * 30;
    this.#plans = random() < 0.5 ? [this.#plan()] : [this.#plan(), this.#plan()];
    this.#models = this.#plans.map(
      ({ mailbox: { order = 'none' } }, index) => new SubscriptionModel(world, `s${index + 1}`, order),
    );
    this.#published = new PublishModel(world);
    const { level = random() < 0.8 ? 'durable' : 'buffered' } = parts.disk;
    this.#disk = new SimulatedDisk({
      clock: world.clock,
      random,
      level,
      // Synced within the call, or some time after: either way the call answers at once.
      syncMs: () => (level === 'durable' ? 0 : random() * world.faults.syncMs),
      writeError: () => world.faults.writeError,
      unknownOutcome: () => world.faults.unknownOutcome,
      crashInCommit: () => world.faults.crashInCommit,
      pageLoss: () => world.faults.pageLoss,
      ...parts.disk,
      onApplied: this.#applied,
      onCrash: () => {
        this.#crashed = true;
      },
    });
  }

  run(): void {
    const world = this.#world;
    this.#start();
    this.#check();
    while (this.#made < world.events) {
      this.#trouble();
      this.#publish();
      const until = world.clock.monotonic() + world.random() * this.#gapMs;
      while (world.clock.nextAt <= until) this.#step();
      world.clock.passTo(until);
    }
    world.heal();
    this.#disk.free();
    this.#drain();
  }

  /** Without faults, all must be settled after a bounded number of steps. */
  #drain(): void {
    const world = this.#world;
    for (let steps = 0; this.#models.some(({ open }) => open > 0); steps += 1) {
      if (steps < healedSteps && world.clock.nextAt < Infinity) {
        this.#step();
        continue;
      }
      const open = this.#models.map(({ name, open: count }) => `${count} of ${name}`).join(', ');
      world.violated('all is settled in the end', `after ${steps} steps without faults, ${open} are not`);
    }
    this.#published.checkKept();
    for (const { n, position } of this.#contents())
      if (this.#published.at[position] !== n)
        world.violated('the log keeps what it was given', `at ${position} there is event ${n}`);
  }

  *#contents(): Generator<{ readonly n: number; readonly position: number }> {
    const { records } = this.#disk.records.read({ limit: 4_096 });
    for (const { event, position } of records) yield { n: (event.data as { n: number }).n, position };
  }

  #step(): void {
    this.#world.clock.step();
    this.#check();
  }

  /** After every step. */
  #check(): void {
    const world = this.#world;
    world.check();
    if (this.#crashed) this.#restart();
    for (const subscriber of this.#process?.subscribers ?? []) subscriber.checkConserved();
  }

  #trouble(): void {
    const world = this.#world;
    const { crash, powerCut, fullDisk } = world.faults;
    if (world.happens(crash)) {
      this.#disk.crash(world.happens(powerCut) ? 'power' : 'kill');
      this.#restart();
    }
    if (world.happens(fullDisk)) {
      world.note('the disk is full');
      this.#disk.fill();
      this.#freeAt = world.clock.monotonic() + world.random() * 1_000;
    } else if (this.#freeAt > 0 && world.clock.monotonic() >= this.#freeAt) {
      this.#freeAt = 0;
      this.#disk.free();
    }
  }

  #publish(): void {
    const world = this.#world;
    const of = world.random() < 0.2 ? 2 + Math.floor(world.random() * 4) : 1;
    const events: EventEnvelope[] = [];
    for (let count = 0; count < of; count += 1) events.push(this.#event(of));
    world.note('publish of $b events to event $a', this.#made, of);
    try {
      const published = this.#process?.transport.publish(events);
      if (published instanceof Promise)
        world.violated('publishes answer at once', 'a disk that takes no time gave a promise');
      else if (published !== undefined) this.#published.acknowledged(events, published);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      world.note('it is refused');
    }
    world.clock.runDeferred();
    this.#check();
  }

  #event(of: number): EventEnvelope {
    const { random, clock } = this.#world;
    this.#made += 1;
    const priority = priorities[Math.floor(random() * priorities.length)] ?? 'normal';
    const key = Math.floor(random() * (this.#keys + 1));
    // Filled in, not spread: objects of one shape make the whole run a quarter cheaper.
    const event: EventEnvelope & { key?: string } = {
      id: `event-${this.#made}`,
      type: 'sim.event',
      source: 'simulation',
      time: clock.now(),
      priority,
      schemaVersion: 1,
      data: { n: this.#made, of },
    };
    if (key > 0) event.key = `k${key}`;
    return event;
  }

  #start(): void {
    const world = this.#world;
    const { store, transport: makeTransport, actor } = this.#parts;
    const clock = createProcessClock(world.clock);
    const factory = makeTransport(store(simulatedStore(this.#disk)));
    const transport = factory({ clock, random: world.random });
    const { last } = this.#disk.records.bounds();
    this.#published.truncated(last);
    for (const model of this.#models) model.started(this.#placeOf(model.name), last);
    const subscribers = this.#plans.map((plan, index) => {
      const model = this.#models[index] ?? world.violated('a plan has a model', String(index));
      const published = this.#published;
      return new DeliverySubscriber(plan, { world, clock, transport, model, published, makeActor: actor });
    });
    this.#process = { clock, transport, subscribers };
    world.clock.runDeferred();
  }

  #restart(): void {
    const { last } = this.#disk.records.bounds();
    this.#world.note('the process ends and starts again; the log ends at $a', last);
    this.#process?.clock.kill();
    this.#crashed = false;
    this.#start();
    // The disk may end it again, at its first write.
    if (this.#crashed) this.#restart();
  }

  #placeOf(name: string): CursorRecord | undefined {
    const snapshot = this.#disk.states.read(cursorBucket, name);
    return snapshot === undefined ? undefined : decodeCursor(name, snapshot.value);
  }

  readonly #applied = (
    first: number,
    events: readonly EventEnvelope[],
    writes: readonly SnapshotWrite[],
  ): void => {
    this.#published.applied(first, events);
    for (const { key } of events) for (const model of this.#models) model.applied(key);
    for (const { bucket, key, value } of writes) {
      if (bucket !== cursorBucket || value === undefined) continue;
      const model = this.#models.find(({ name }) => name === key);
      this.#world.note('a place is written');
      model?.placed(decodeCursor(key, value));
    }
  };

  #plan(): SubscriberPlan {
    const { random } = this.#world;
    const pick = <T>(...choices: readonly [T, ...T[]]): T =>
      choices[Math.floor(random() * choices.length)] ?? choices[0];
    return {
      concurrency: 1 + Math.floor(random() * 8),
      breaker: random() < 0.6,
      mailbox: {
        order: pick('none', 'key', 'key', 'total'),
        strategy: pick('weighted', 'weighted', 'strict', 'aged'),
        capacity: pick(1, 4, 16, 256),
        overflow: pick('block', 'block', 'block', 'drop-oldest', 'drop-newest', 'drop-lowest'),
      },
    };
  }
}

import { createSubscriberActor, type SubscriberActor } from '../../actors/create-subscriber-actor.ts';
import { SharedBreaker } from '../../src/subscriptions/shared-breaker.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import type { SnapshotStore } from '../../src/snapshot-store.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { Credit } from '../../streams/queue/credit.ts';
import { distantStore, StoppableProcess, type Network } from './lease-world.ts';

export const openMs = 1000;
export const pollMs = 250;
export const leaseMs = 1000;

/** A way to the store that can be cut. */
export class Line implements Network {
  cut = false;
  readonly #delays: () => number;

  constructor(delays: () => number = () => 1) {
    this.#delays = delays;
  }

  delayMs(): number {
    return this.cut ? -20 : this.#delays();
  }
}

/** A subscriber in a process of its own, and what became of its calls. */
export class BreakerMember {
  readonly name: string;
  readonly process: StoppableProcess;
  readonly line: Line;
  readonly actor: SubscriberActor;
  readonly lines: string[] = [];
  readonly #credit = new Credit(0);

  constructor(name: string, store: SnapshotStore, clock: VirtualClock, line: Line) {
    this.name = name;
    this.line = line;
    this.process = new StoppableProcess(clock);
    const breaker = {
      consecutiveFailures: 2,
      resetTimeoutMs: openMs,
      maxResetTimeoutMs: 4 * openMs,
      halfOpenCalls: 1,
      halfOpenTimeoutMs: 500,
      jitter: 0,
    };
    this.actor = createSubscriberActor(
      { breaker, shared: true },
      { clock: this.process.clock, random: () => 0.5, credit: this.#credit },
    );
    const note = (_fields: object, message: string): void => void this.lines.push(message);
    const logger = { debug: () => {}, info: note, warn: note, error: note };
    const shared = new SharedBreaker(
      { name: 'billing', by: name, pollMs, leaseMs, longestOpenMs: 4 * openMs },
      {
        store: distantStore(store, this.process, clock, line),
        clock: this.process.clock,
        logger,
        actor: this.actor,
      },
    );
    shared.start();
  }

  get state(): string {
    return this.actor.snapshot.breaker;
  }

  /** Makes a call if it may; says whether it did. */
  call(ok: boolean): boolean {
    if (!this.#credit.available) return false;
    this.#credit.spend();
    const epoch = this.actor.begin();
    this.actor.end(!ok, 1, epoch);
    this.#credit.repay();
    return true;
  }

  trip(): void {
    this.call(false);
    this.call(false);
  }
}

export interface BreakerWorld {
  readonly clock: VirtualClock;
  readonly store: SnapshotStore;
  readonly join: (name: string, line?: Line) => BreakerMember;
  /** What the store has now, as text. */
  readonly record: () => Promise<Record<string, unknown> | undefined>;
}

/** A store, a clock, and processes that share a breaker. */
export function breakerWorld(): BreakerWorld {
  const clock = createVirtualClock();
  const store = memoryStore()({ clock, random: () => 0.5 }).snapshots;
  return {
    clock,
    store,
    join: (name, line = new Line()) => new BreakerMember(name, store, clock, line),
    record: async () => {
      const found = await store.read('breakers', 'billing');
      return found && (JSON.parse(new TextDecoder().decode(found.value)) as Record<string, unknown>);
    },
  };
}

export function states(members: readonly BreakerMember[]): string[] {
  return members.map(({ state }) => state);
}

/** Three processes that share a breaker, and know each other. */
export async function three() {
  const world = breakerWorld();
  const [a, b, c] = [world.join('a'), world.join('b'), world.join('c')];
  await world.clock.advanceBy(pollMs);
  return { ...world, a, b, c, all: [a, b, c] };
}

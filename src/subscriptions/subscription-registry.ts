import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { PriorityInput } from '../../streams/event/priority.ts';
import type { Logger } from '../logger.ts';
import type { SnapshotEntry, SnapshotWrite } from '../snapshot-store.ts';
import type { Store } from '../store.ts';
import type { SubscriptionRecord } from './subscription-record.ts';
import { whenCalled } from '../when-done.ts';

const bucket = 'subscriptions';
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** What is kept of a subscription: its record, less what this run alone knows. */
type Kept = Omit<SubscriptionRecord, 'active' | 'durable'>;

/** What a subscription says of itself when it comes. */
export interface Joining {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly filter: unknown;
  readonly minPriority: PriorityInput;
  readonly durable: boolean;
  /** What this run has counted so far. */
  readonly counts: () => {
    readonly deliveries: number;
    readonly errors: number;
    readonly lastDeliveredAt: number | undefined;
  };
}

interface Active {
  readonly joining: Joining;
  /** As it was when it came. */
  kept: Kept;
}

export interface RegistryPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly store: Store | undefined;
  /** Milliseconds between writes of what has changed. */
  readonly intervalMs: number;
}

/** The subscriptions of a bus. Those with a name are kept in the store, where there is one, and outlive the run. */
export class SubscriptionRegistry {
  /** Resolves when those of runs before are known. */
  readonly ready: Promise<void>;
  readonly #ports: RegistryPorts;
  /** Of runs before, and of this run when they are gone. */
  readonly #former = new Map<string, Kept>();
  readonly #active = new Map<string, Active>();
  /** What was written last, by name, to tell whether it has changed. */
  readonly #written = new Map<string, string>();
  #waiting: (() => void)[] = [];
  #loaded: boolean;
  #timer: TimerHandle;

  constructor(ports: RegistryPorts) {
    this.#ports = ports;
    this.#loaded = ports.store === undefined;
    this.ready = ports.store === undefined ? Promise.resolve() : this.#load(ports.store);
    this.ready.catch(() => {});
    if (ports.store !== undefined) this.#arm();
  }

  /** A subscription has come; calls `resume` when it was not paused, `pause` at once where it was or may have been. */
  join(joining: Joining, flow: { readonly pause: () => void; readonly resume: () => void }): void {
    const { name, durable } = joining;
    if (this.#loaded || !durable) {
      this.#enter(joining);
      if (this.#active.get(name)?.kept.paused === true) flow.pause();
      return;
    }
    // Whether it is paused is not known yet: nothing is handled before.
    flow.pause();
    this.#waiting.push(() => {
      this.#enter(joining);
      if (this.#active.get(name)?.kept.paused !== true) flow.resume();
    });
  }

  /** It was paused, or resumed, by hand. */
  paused(name: string, paused: boolean): void {
    const active = this.#active.get(name);
    if (active === undefined) return;
    active.kept = { ...active.kept, paused };
    this.#write();
  }

  leave(name: string): void {
    const active = this.#active.get(name);
    if (active === undefined) return;
    this.#active.delete(name);
    if (active.joining.durable) this.#former.set(name, now(active));
  }

  list(): SubscriptionRecord[] {
    const active = [...this.#active.values()].map((each) => ({
      ...now(each),
      active: true,
      durable: each.joining.durable,
    }));
    const former = [...this.#former.values()].map((kept) => ({ ...kept, active: false, durable: true }));
    return [...former, ...active].toSorted((a, b) => a.createdAt - b.createdAt);
  }

  /** Forgets one that is not active. False when there is none. */
  async forget(name: string): Promise<boolean> {
    await this.ready;
    this.#written.delete(name);
    if (!this.#former.delete(name)) return false;
    await this.#ports.store?.commit({ writes: [{ bucket, key: name, value: undefined }] });
    return true;
  }

  /** Writes what has changed, and no more from then on. */
  close(): void {
    this.#ports.clock.clearTimeout(this.#timer);
    this.#write();
    this.#loaded = false;
  }

  #enter(joining: Joining): void {
    const { name, patterns, filter, minPriority } = joining;
    const { clock, newId } = this.#ports;
    const before = this.#former.get(name);
    this.#former.delete(name);
    const kept: Kept = {
      id: before?.id ?? newId(),
      name,
      patterns,
      filter,
      minPriority,
      createdAt: before?.createdAt ?? clock.now(),
      lastDeliveredAt: before?.lastDeliveredAt,
      deliveries: before?.deliveries ?? 0,
      errors: before?.errors ?? 0,
      paused: before?.paused ?? false,
    };
    this.#active.set(name, { joining, kept });
    this.#write();
  }

  #arm(): void {
    const { clock, intervalMs } = this.#ports;
    this.#timer = clock.setTimeout(
      () => {
        this.#write();
        this.#arm();
      },
      intervalMs,
      true,
    );
  }

  #write(): void {
    const { store } = this.#ports;
    if (store === undefined || !this.#loaded) return;
    const writes: SnapshotWrite[] = [];
    const kept = [...this.#active.values()].filter(({ joining }) => joining.durable).map(now);
    for (const each of [...kept, ...this.#former.values()]) {
      const text = JSON.stringify(each);
      if (this.#written.get(each.name) === text) continue;
      this.#written.set(each.name, text);
      writes.push({ bucket, key: each.name, value: encoder.encode(text) });
    }
    if (writes.length === 0) return;
    whenCalled(
      () => store.commit({ writes }),
      () => {},
      // Written again with the next change, or at the next interval.
      () => {
        for (const { key } of writes) this.#written.delete(key);
      },
    );
  }

  #load(store: Store): Promise<void> {
    return new Promise((resolve, reject) => {
      const page = (after: string | undefined): void => {
        whenCalled<readonly SnapshotEntry[]>(
          () => store.snapshots.list(bucket, after === undefined ? {} : { after }),
          (entries) => {
            for (const entry of entries) this.#found(entry);
            const last = entries.at(-1);
            if (last !== undefined) {
              page(last.key);
              return;
            }
            this.#loaded = true;
            for (const enter of this.#waiting) enter();
            this.#waiting = [];
            resolve();
          },
          (error) => {
            this.#ports.logger.error({ error }, `the subscriptions cannot be read: ${describeError(error)}`);
            reject(error);
          },
        );
      };
      page(undefined);
    });
  }

  #found({ key, value }: SnapshotEntry): void {
    try {
      const text = decoder.decode(value);
      this.#former.set(key, JSON.parse(text) as Kept);
      this.#written.set(key, text);
    } catch (error) {
      this.#ports.logger.error({ error }, `what is kept of subscription ${key} cannot be read`);
    }
  }
}

/** What was kept, with what this run has counted on top. */
function now({ joining, kept }: Active): Kept {
  const { deliveries, errors, lastDeliveredAt } = joining.counts();
  return {
    ...kept,
    deliveries: kept.deliveries + deliveries,
    errors: kept.errors + errors,
    lastDeliveredAt: lastDeliveredAt === undefined ? kept.lastDeliveredAt : Math.round(lastDeliveredAt),
  };
}

/** A filter as data: what is a function is no data, and says so. */
export function filterAsData(filter: unknown): unknown {
  if (filter === undefined) return undefined;
  const text = JSON.stringify(filter, (_name, value: unknown) => {
    if (typeof value === 'function') return 'function';
    return typeof value === 'bigint' ? `${value}n` : value;
  });
  return JSON.parse(text) as unknown;
}

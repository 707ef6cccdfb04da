import type { BreakerSignal } from '../../actors/breaker-states.ts';
import type { SubscriberActor, SubscriberSnapshot } from '../../actors/create-subscriber-actor.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { Logger } from '../logger.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { BreakerBoard } from './breaker-board.ts';
import type { BreakerRecord } from './breaker-record.ts';

export interface SharedBreakerOptions {
  /** Of the subscriber: the same in all processes. */
  readonly name: string;
  /** Of this subscriber in this run: nobody else's, ever. */
  readonly by: string;
  /** Milliseconds from one look at the others to the next. */
  readonly pollMs: number;
  /** Milliseconds that a prober has for its trials. */
  readonly leaseMs: number;
  /** What others say is cut to this, so that a forged record stops nobody for longer. */
  readonly longestOpenMs: number;
}

export interface SharedBreakerPorts {
  readonly store: SnapshotStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly actor: Pick<SubscriberActor, 'snapshot' | 'snapshot$' | 'send'>;
}

/** A change of this breaker that the others do not know of yet. */
interface Unsaid {
  readonly record: BreakerRecord;
  /** It was made just now, by hand or by calls that failed: it goes over what others did at the same time. */
  readonly insists: boolean;
}

/** Others wait longer than the prober may take, for clocks that run at different speeds. */
const patience = 1.25;
/** A prober's time is believed up to so many leases of this process. */
const mostLeases = 10;
/** Looks and writes of one round, when others write in between. */
const attempts = 3;

/**
 * Keeps the breaker of one subscriber in step with those of the same name in other processes.
 *
 * All look at one record and write it by compare-and-set. Whoever opens or closes says so, and the others follow at
 * their next look. When the open time is over, one of them gets the record to say that it makes the trials; the others
 * wait until it has a verdict, yields at the end of its lease, or was silent for longer than that. Only durations
 * cross processes: each counts from when it saw a revision first.
 *
 * While the store is away each acts alone. When it is back, what is newer there wins; else what happened meanwhile is
 * written. It ends when the subscriber does.
 */
export class SharedBreaker {
  readonly #options: SharedBreakerOptions;
  readonly #ports: SharedBreakerPorts;
  readonly #board: BreakerBoard;
  readonly #malformed: LogThrottle;
  #unsaid: Unsaid | undefined;
  /** Runs while this process makes the trials for all. */
  #lease: TimerHandle;
  /** Monotonic milliseconds before which it leaves the trials to others. */
  #notBefore = -Infinity;
  #away = false;
  #last: SubscriberSnapshot;
  /** The epoch that a signal of its own has led to. */
  #followed = 0;
  #timer: TimerHandle;
  #rounding = false;
  #again = false;
  #closed = false;

  constructor(options: SharedBreakerOptions, ports: SharedBreakerPorts) {
    const { name, pollMs } = options;
    this.#options = options;
    this.#ports = ports;
    this.#board = new BreakerBoard(name, 2 * pollMs, ports.store, ports.clock);
    this.#malformed = new LogThrottle(ports.clock);
    this.#last = ports.actor.snapshot;
  }

  /** Follows its subscriber from now on, until that ends. */
  start(): void {
    const { snapshot$ } = this.#ports.actor;
    snapshot$.subscribe({ next: this.#changed, complete: () => this.#close() });
    this.#hurry();
  }

  readonly #changed = (now: SubscriberSnapshot): void => {
    const before = this.#last;
    this.#last = now;
    if (now.epoch === before.epoch) return;
    const held = this.#lease !== undefined;
    if (now.breaker !== 'halfOpen') this.#release();
    if (now.epoch === this.#followed) return;
    const record = this.#recordOf(now, held);
    const insists = before.breaker !== 'halfOpen' && !this.#away;
    if (record !== undefined) this.#unsaid = { record, insists };
    this.#hurry();
  };

  /** What the others are to know of a change. */
  #recordOf({ breaker, due, opens, since, until = since }: SubscriberSnapshot, held: boolean) {
    if (breaker === 'closed') return this.#record('closed', 0, 0);
    if (breaker === 'open' && due !== true) return this.#record('open', until - since, opens);
    // Isolation is of this process alone, and so are trials while the store is away.
    return breaker === 'isolated' && held ? this.#record('open', 0, opens) : undefined;
  }

  #record(state: BreakerRecord['state'], forMs: number, opens: number): BreakerRecord {
    return { state, by: this.#options.by, forMs, opens };
  }

  /** Looks at once, or once more after the round that is under way. */
  #hurry(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#ports.clock.clearTimeout(this.#timer);
    void this.#round();
  }

  async #round(): Promise<void> {
    // Both a timer and a change may ask for one: two would be in each other's way.
    if (this.#rounding) return;
    this.#rounding = true;
    this.#again = false;
    try {
      await this.#exchange();
      this.#back();
    } catch (error) {
      this.#alone(error);
    }
    this.#rounding = false;
    if (this.#closed) {
      this.#sayLast();
      return;
    }
    // A store that is away is asked no more often for being needed.
    const delayMs = this.#again && !this.#away ? 0 : this.#options.pollMs;
    this.#timer = this.#ports.clock.setTimeout(() => void this.#round(), delayMs, true);
  }

  async #exchange(): Promise<void> {
    const { clock } = this.#ports;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const began = clock.monotonic();
      if (await this.#board.look()) this.#follow();
      const record = this.#next(began);
      if (record === undefined) return;
      const writing = clock.monotonic();
      if (!(await this.#board.write(record))) continue;
      if (record.state === 'probing') this.#probe(writing);
      else if (this.#unsaid?.record === record) this.#unsaid = undefined;
      return;
    }
  }

  /** What others have written. */
  #follow(): void {
    const { name, by } = this.#options;
    const { record } = this.#board.seen;
    if (record === undefined) {
      this.#warnOfMalformed();
      return;
    }
    if (record.by === by) this.#found(record);
    if (record.by === by || this.#overrules(record)) return;
    this.#unsaid = undefined;
    this.#release();
    const { breaker } = this.#ports.actor.snapshot;
    const { state, opens } = record;
    this.#ports.logger.debug({ subscriber: name, ...record }, `the shared breaker of ${name} is ${state}`);
    if (state === 'closed') this.#signal({ type: 'closed' });
    else if (state === 'open') this.#signal({ type: 'opened', openMs: this.#openMs(record), opens });
    else if (breaker === 'closed') this.#signal({ type: 'opened', openMs: 0, opens });
    else this.#signal({ type: 'yield' });
  }

  /** A write of its own whose answer was lost says nothing new. */
  #found({ state, opens }: BreakerRecord): void {
    const said = this.#unsaid?.record;
    if (said?.state === state && said.opens === opens) this.#unsaid = undefined;
  }

  #openMs({ forMs }: BreakerRecord): number {
    return Math.min(forMs, this.#options.longestOpenMs);
  }

  #overrules({ state }: BreakerRecord): boolean {
    if (this.#unsaid?.insists !== true) return false;
    return (this.#unsaid.record.state === 'closed') !== (state === 'closed');
  }

  /** What to write over what was just seen. */
  #next(began: number): BreakerRecord | undefined {
    if (this.#unsaid !== undefined) return this.#unsaid.record;
    if (!this.#wantsTrials()) return undefined;
    const { leaseMs, by } = this.#options;
    const { record, at } = this.#board.seen;
    if (record?.state === 'probing' && record.by !== by) {
      const silentMs = began - at;
      if (silentMs < Math.min(record.forMs, mostLeases * leaseMs) * patience) return undefined;
    }
    return this.#record('probing', leaseMs, this.#ports.actor.snapshot.opens);
  }

  /** Whether it would make the trials if it were alone. One that handles nothing would only be in the way. */
  #wantsTrials(): boolean {
    const { breaker, due, flow } = this.#ports.actor.snapshot;
    if (flow !== 'running' && flow !== 'draining') return false;
    if (this.#ports.clock.monotonic() < this.#notBefore) return false;
    return due === true || (breaker === 'halfOpen' && this.#lease === undefined);
  }

  /** The trials are this process's, for a lease that began before it asked. */
  #probe(began: number): void {
    const { clock, actor } = this.#ports;
    const { breaker, due, opens } = actor.snapshot;
    const leftMs = began + this.#options.leaseMs - clock.monotonic();
    if (leftMs > 0 && !this.#closed && (due === true || breaker === 'halfOpen')) {
      this.#lease = clock.setTimeout(() => this.#yield(), leftMs, true);
      this.#signal({ type: 'probe' });
      return;
    }
    // Isolated meanwhile, or the answer was too long under way: others need not wait for it.
    this.#unsaid ??= { record: this.#record('open', 0, opens), insists: false };
    this.#again = true;
  }

  /** There was nothing to try with, or no verdict: others may be luckier, and come first. */
  #yield(): void {
    const { clock, actor } = this.#ports;
    if (this.#lease === undefined) return;
    this.#lease = undefined;
    this.#notBefore = clock.monotonic() + 2 * this.#options.pollMs;
    this.#signal({ type: 'yield' });
    this.#unsaid = { record: this.#record('open', 0, actor.snapshot.opens), insists: false };
    this.#hurry();
  }

  #release(): void {
    this.#ports.clock.clearTimeout(this.#lease);
    this.#lease = undefined;
  }

  #signal(signal: BreakerSignal): void {
    const { actor } = this.#ports;
    this.#followed = actor.snapshot.epoch + 1;
    actor.send(signal);
    // Where it changed nothing, the next epoch is of somebody else's making.
    this.#followed = 0;
  }

  #alone(error: unknown): void {
    const { name } = this.#options;
    if (this.#unsaid !== undefined) this.#unsaid = { ...this.#unsaid, insists: false };
    if (!this.#away && !this.#closed) {
      const why = `the breaker of ${name} acts alone, as its shared state cannot be reached`;
      this.#ports.logger.warn({ subscriber: name, error }, `${why}: ${describeError(error)}`);
    }
    this.#away = true;
    if (this.#wantsTrials()) this.#signal({ type: 'probe' });
  }

  #back(): void {
    const { name } = this.#options;
    if (this.#away) this.#ports.logger.info({ subscriber: name }, `the breaker of ${name} is shared again`);
    this.#away = false;
  }

  #warnOfMalformed(): void {
    const { name } = this.#options;
    const { revision } = this.#board.seen;
    if (revision === 0 || this.#malformed.pass() === undefined) return;
    this.#ports.logger.warn(
      { subscriber: name, revision },
      `the shared state of the breaker of ${name} is no such state; it is ignored`,
    );
  }

  #close(): void {
    if (this.#lease !== undefined) {
      this.#unsaid = { record: this.#record('open', 0, this.#last.opens), insists: false };
    }
    this.#release();
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#timer);
    if (!this.#rounding) this.#sayLast();
  }

  /** Others need not wait for the end of a lease, or of an open state; if they never hear of it, they do. */
  #sayLast(): void {
    if (this.#unsaid !== undefined) this.#board.write(this.#unsaid.record).catch(() => {});
  }
}

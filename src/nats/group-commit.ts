import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, QueueFullError, TransportError } from '../../streams/event/errors.ts';
import type { Published } from '../transport/transport.ts';
import { EventBatch, type Slot } from './event-batch.ts';

/** What group commit may not go beyond. */
export interface GroupCommitLimits {
  /** Events in a message. */
  readonly maxEvents: number;
  /** Messages that are sent and not acknowledged. */
  readonly maxInFlight: number;
  /** Events that wait, or are sent and not acknowledged; what comes then is refused. */
  readonly maxPending: number;
  /** Milliseconds after which an event is given up. */
  readonly timeoutMs: number;
}

export interface GroupCommitPorts {
  readonly clock: Clock;
  /** Where an event goes. */
  readonly slotOf: (event: EventEnvelope) => Slot;
  /** Whether messages can be sent now; call `pump` when that changes. */
  readonly ready: () => boolean;
  /**
   * Sends a batch; resolves when it is stored. Retries by itself until `deadline`, under the same id. It has written the
   * events when it returns: they are forgotten then.
   */
  readonly send: (batch: EventBatch) => Promise<Published>;
  /** What keeps messages from being sent, for people, if that is known. */
  readonly trouble?: () => string | undefined;
  /** Nothing is under way any more. */
  readonly onQuiet: () => void;
}

/** Messages under way that keep a server busy, if they hold a full message's events together. */
const busyMessages = 8;

/**
 * Coalesces events, by subject, while an earlier message of that subject is on its way.
 *
 *     add ─► open batch ── first of its subject, or the one before is acknowledged, or full ─► sent ─► settled
 *
 * Where many subjects are busy at once, they also wait for each other's: eight messages hold what 64 small ones would, and
 * each costs both sides the same. So the first event pays no delay, and a busy publisher sends hundreds at once. Events of
 * one key are stored in the order in which they were added, across subjects and retries: a batch is sent only when all
 * earlier batches that hold a key of its own are settled. Without a key there is no order between subjects or retries.
 * O(1) an event; one map entry for each key that is under way.
 */
export class GroupCommit {
  readonly #limits: GroupCommitLimits;
  readonly #ports: GroupCommitPorts;
  /** Batches that are not sent, oldest first. */
  #waiting: EventBatch[] = [];
  /** The latest unsettled batch of each key. */
  readonly #lastOfKey = new Map<string, EventBatch>();
  readonly #unsettled = new Set<EventBatch>();
  #inFlight = 0;
  #eventsInFlight = 0;
  #pending = 0;
  #number = 0;
  #scheduled = false;
  #closed = false;
  #timer: TimerHandle;
  #quiet: (() => void)[] = [];

  constructor(limits: GroupCommitLimits, ports: GroupCommitPorts) {
    this.#limits = limits;
    this.#ports = ports;
  }

  /** Events that are not settled. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes one event; the batch's `outcome` says what became of it. @throws QueueFullError, ClosedError. */
  add(event: EventEnvelope): EventBatch {
    this.#makeRoom(1);
    const slot = this.#ports.slotOf(event);
    const { key } = event;
    const before = key === undefined ? undefined : this.#lastOfKey.get(key);
    let batch = slot.open;
    // A batch that holds the key's latest event and began later must be stored first: this one cannot take it.
    if (
      batch === undefined ||
      batch.events.length >= this.#limits.maxEvents ||
      (before !== undefined && before.number > batch.number)
    ) {
      batch = this.#begin(slot, false);
      slot.open = batch;
    }
    this.#put(event, batch, before);
    this.#schedule();
    return batch;
  }

  /** Takes events that travel together or not at all; all of one subject. */
  addAll(events: readonly EventEnvelope[], slot: Slot): EventBatch {
    this.#makeRoom(events.length);
    const batch = this.#begin(slot, true);
    for (const event of events) {
      this.#put(event, batch, event.key === undefined ? undefined : this.#lastOfKey.get(event.key));
    }
    // What comes later begins a batch of its own, behind this one.
    slot.open = undefined;
    this.#schedule();
    return batch;
  }

  /** Sends what may be sent. */
  readonly pump = (): void => {
    this.#scheduled = false;
    if (this.#waiting.length === 0 || !this.#ports.ready()) return;
    const still: EventBatch[] = [];
    for (const batch of this.#waiting) {
      if (batch.state !== 'open') continue;
      if (this.#maySend(batch)) this.#send(batch);
      else still.push(batch);
    }
    this.#waiting = still;
  };

  /** Resolves when nothing is under way. */
  whenQuiet(): Promise<void> {
    if (this.#unsettled.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  /** Fails all that has not been sent. */
  fail(error: Error): void {
    for (const batch of this.#unsettled) if (batch.state === 'open') this.#settle(batch, error);
    this.#waiting = [];
  }

  /** Fails what is under way, and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#timer);
    for (const batch of this.#unsettled) {
      const what = batch.state === 'sent' ? 'the server had answered; the outcome is unknown' : 'it was sent';
      this.#settle(batch, new ClosedError(`the transport was closed before ${what}`));
    }
  }

  #maySend(batch: EventBatch): boolean {
    const { maxEvents, maxInFlight } = this.#limits;
    if (batch.blockers > 0 || this.#inFlight >= maxInFlight) return false;
    if (batch.events.length >= maxEvents) return true;
    // Where enough is under way, more messages would only be smaller ones.
    if (this.#inFlight >= busyMessages && this.#eventsInFlight >= maxEvents) return false;
    return batch.slot.inFlight === 0 || batch.closed;
  }

  #send(batch: EventBatch): void {
    const { slot } = batch;
    if (slot.open === batch) slot.open = undefined;
    batch.state = 'sent';
    slot.inFlight += 1;
    this.#inFlight += 1;
    this.#eventsInFlight += batch.size;
    const sending = this.#ports.send(batch);
    batch.events = [];
    sending.then(
      (published) => this.#arrived(batch, published),
      (error: unknown) =>
        this.#arrived(batch, error instanceof Error ? error : new TransportError(String(error))),
    );
  }

  #arrived(batch: EventBatch, result: Published | Error): void {
    batch.slot.inFlight -= 1;
    this.#inFlight -= 1;
    this.#eventsInFlight -= batch.size;
    this.#settle(batch, result);
    this.pump();
  }

  #begin(slot: Slot, atomic: boolean): EventBatch {
    this.#number += 1;
    const deadline = this.#ports.clock.monotonic() + this.#limits.timeoutMs;
    const batch = new EventBatch(slot, this.#number, deadline, atomic);
    this.#waiting.push(batch);
    this.#unsettled.add(batch);
    this.#watch();
    return batch;
  }

  #put(event: EventEnvelope, batch: EventBatch, before: EventBatch | undefined): void {
    batch.events.push(event);
    batch.size += 1;
    this.#pending += 1;
    const { key } = event;
    if (key === undefined || before === batch) return;
    before?.holdBack(batch);
    batch.keys.push(key);
    this.#lastOfKey.set(key, batch);
  }

  #settle(batch: EventBatch, result: Published | Error): void {
    if (batch.state === 'settled') return;
    if (batch.slot.open === batch) batch.slot.open = undefined;
    this.#unsettled.delete(batch);
    this.#pending -= batch.size;
    for (const key of batch.keys) if (this.#lastOfKey.get(key) === batch) this.#lastOfKey.delete(key);
    batch.settle(result);
    if (this.#unsettled.size > 0) return;
    this.#ports.onQuiet();
    for (const resolve of this.#quiet) resolve();
    this.#quiet = [];
  }

  #makeRoom(count: number): void {
    if (this.#closed) throw new ClosedError('the transport is closed; nothing was published');
    const { maxPending } = this.#limits;
    if (this.#pending + count <= maxPending) return;
    throw new QueueFullError(
      `${this.#pending} events wait for the server, and maxPending is ${maxPending}: publish again later under ` +
        'the same id, await publishes, or raise maxPending',
    );
  }

  // Not at once: the events of one turn share a message.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.clock.defer(this.pump);
  }

  /** One timer, for the oldest that is not sent: deadlines come in the order in which batches began. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    const { clock } = this.#ports;
    for (const batch of this.#unsettled) {
      if (batch.state !== 'open') continue;
      this.#timer = clock.setTimeout(this.#expire, Math.max(1, batch.deadline - clock.monotonic()), true);
      return;
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = this.#ports.clock.monotonic();
    const { timeoutMs } = this.#limits;
    // What has been sent fails by itself, and knows more about why.
    for (const batch of this.#unsettled) {
      if (batch.deadline > now) break;
      if (batch.state === 'open') this.#settle(batch, tooLate(timeoutMs, this.#ports.trouble?.()));
    }
    this.#watch();
    this.pump();
  };
}

function tooLate(
  timeoutMs: number,
  trouble = 'the server was away, or slower than the publishers',
): TransportError {
  return new TransportError(`not sent within ${timeoutMs} ms: ${trouble}; publish it again later`);
}

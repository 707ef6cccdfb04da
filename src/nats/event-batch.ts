import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Published } from '../transport/transport.ts';

/** Where events of one subject gather. */
export interface Slot {
  readonly subject: string;
  /** The batch that takes further events. */
  open: EventBatch | undefined;
  /** Batches of this subject that are sent and not settled. */
  inFlight: number;
}

/**
 * Events of one subject that travel together.
 *
 *     open ─► sent ─► settled         (an atomic batch is closed from the start)
 *
 * Batches are numbered as they are begun. One waits for all earlier ones that hold a key of its own, and never
 * for a later one, so that waiting has no cycles.
 */
export class EventBatch {
  readonly slot: Slot;
  readonly number: number;
  readonly atomic: boolean;
  /** Monotonic milliseconds at which it is given up. */
  readonly deadline: number;
  /** None any more when it is written: thousands may wait for answers, and memory is not to hold their payloads. */
  events: EventEnvelope[] = [];
  /** How many events it has, or had. */
  size = 0;
  /** The keys of its events, each once. */
  readonly keys: string[] = [];
  /** How many unsettled batches it waits for. */
  blockers = 0;
  state: 'open' | 'sent' | 'settled' = 'open';
  #dependents: Set<EventBatch> | undefined;
  /** What is wrong with single events of it; the others went on. */
  #faults: Map<string, Error> | undefined;
  /** What became of it, and which of its events that does not hold for. One promise serves all of them. */
  readonly outcome: Promise<Published>;
  #resolve: (published: Published) => void = nothing;
  #reject: (error: Error) => void = nothing;

  constructor(slot: Slot, number: number, deadline: number, atomic: boolean) {
    this.slot = slot;
    this.number = number;
    this.deadline = deadline;
    this.atomic = atomic;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Each publish has a promise of its own to reject; this one may have nobody.
    this.outcome.catch(nothing);
  }

  /** Whether a later batch of its subject has begun, so that waiting for company makes no sense. */
  get closed(): boolean {
    return this.atomic || this.slot.open !== this;
  }

  /** Makes `later` wait for this one. */
  holdBack(later: EventBatch): void {
    this.#dependents ??= new Set();
    if (this.#dependents.has(later)) return;
    this.#dependents.add(later);
    later.blockers += 1;
  }

  /** One event cannot be sent, whatever becomes of the others. */
  refuse(event: EventEnvelope, error: Error): void {
    this.#faults ??= new Map();
    this.#faults.set(event.id, error);
  }

  /** What became of one event. */
  async outcomeOf({ id }: EventEnvelope): Promise<Published> {
    const published = await this.outcome;
    if (published.faults === undefined) return published;
    const { faults, ...others } = published;
    const fault = faults.get(id);
    if (fault !== undefined) throw fault;
    return others;
  }

  /** Ends it; those that waited for it wait no more. */
  settle(result: Published | Error): void {
    this.state = 'settled';
    for (const later of this.#dependents ?? []) later.blockers -= 1;
    this.#dependents = undefined;
    if (result instanceof Error) this.#reject(result);
    else this.#resolve(this.#faults === undefined ? result : { ...result, faults: this.#faults });
  }
}

function nothing(): void {}

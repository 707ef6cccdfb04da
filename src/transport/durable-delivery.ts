import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import type { OpenPlace } from './cursor.ts';

/** Who is told what becomes of a delivery. */
export interface DeliveryOwner {
  settle(delivery: DurableDelivery, settlement: Settlement, detail?: unknown): void;
  retry(delivery: DurableDelivery, delayMs: number): void;
}

/** One try of one event at one subscription: waits in the mailbox as itself, so that it is made once. */
export class DurableDelivery implements Delivery, OpenPlace {
  readonly event: EventEnvelope;
  /** Its position; 0 while it has none, for an event that is kept in memory alone. */
  at: number;
  readonly attempt: number;
  before: OpenPlace | undefined;
  after: OpenPlace | undefined;
  /** Where in its lane it stood, for a retry to stand there again. */
  lanePlace = 0;
  settled = false;
  /** The next try, of one that has no position yet: who brings the position finds it here. */
  successor: DurableDelivery | undefined;
  readonly #owner: DeliveryOwner;

  constructor(event: EventEnvelope, at: number, attempt: number, owner: DeliveryOwner) {
    this.event = event;
    this.at = at;
    this.attempt = attempt;
    this.#owner = owner;
  }

  get position(): number | undefined {
    return this.at === 0 ? undefined : this.at;
  }

  ack(): void {
    if (this.settled) return;
    this.settled = true;
    this.#owner.settle(this, 'handled');
  }

  nak(delayMs = 0): void {
    if (this.settled) return;
    this.settled = true;
    this.#owner.retry(this, delayMs);
  }

  term(reason?: string): void {
    if (this.settled) return;
    this.settled = true;
    this.#owner.settle(this, 'dead-lettered', reason);
  }
}

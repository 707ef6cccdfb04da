import type { Subscriber } from 'rxjs';
import type { Delivery } from '../event/delivery.ts';
import type { EventEnvelope } from '../event/envelope.ts';
import type { Credit } from '../queue/credit.ts';
import type { FlowStage } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import type { WaitingLanes } from './waiting-lanes.ts';

/** A value that counts against its source's credit until it is acknowledged. */
export interface Held<T> {
  readonly value: T;
  /** It is done with. Further calls do nothing. */
  ack(): void;
}

/** What an operator with credit emits: a delivery for a delivery, else the value with its `ack`. */
export type Credited<T> = T extends Delivery<infer E> ? Delivery<E> : Held<T>;

/** Where values can be asked for: gives one, now or later, only when told to. */
export interface Puller {
  /** Pushes the next value into the stage, or ends it. */
  pull(): void;
  /** Whether a value has been asked for and has not come. */
  readonly pulling: boolean;
}

/**
 * Emits values while there is credit; the others wait in lanes.
 *
 * A consumer that acknowledges within `next` only lets the running loop go on: nothing recurses.
 */
export class HeldValues<T> implements FlowStage<T> {
  readonly #lanes: WaitingLanes<T>;
  readonly #credit: Credit;
  readonly #output: Subscriber<Credited<T>>;
  readonly #errors: SideOutput<FailedValue<T>> | undefined;
  /** Inputs that have not completed. */
  #inputs: number;
  #pumping = false;
  #puller: Puller | undefined;

  constructor(
    lanes: WaitingLanes<T>,
    credit: Credit,
    output: Subscriber<Credited<T>>,
    inputs: number,
    errors: SideOutput<FailedValue<T>> | undefined,
  ) {
    this.#lanes = lanes;
    this.#credit = credit;
    this.#output = output;
    this.#inputs = inputs;
    this.#errors = errors;
    credit.attach(() => this.pump());
  }

  value(value: T): void {
    this.push(value, undefined);
  }

  /** Lets a value in, where `lane` is not given into that of its priority. */
  push(value: T, lane: number | undefined): void {
    let key: string | undefined;
    let place: number;
    try {
      place = lane ?? this.#lanes.laneOf(value);
      key = this.#lanes.keyOf(value);
    } catch (error) {
      if (this.#errors === undefined) throw error;
      this.#errors.next({ value, error });
      this.pump();
      return;
    }
    this.#lanes.push(value, place, key);
    this.pump();
  }

  /** One input has completed; after the last one, and when nothing waits, the output does. */
  end(): void {
    this.#inputs -= 1;
    this.#completeIfDone();
  }

  /** Connects inputs, so that nothing is emitted before all of them are there. */
  connect(connectAll: () => void): void {
    this.#pumping = true;
    try {
      connectAll();
    } finally {
      this.#pumping = false;
    }
    this.pump();
  }

  /** Values come when they are asked for: as long as there is credit and none waits. */
  pullFrom(puller: Puller): void {
    this.#puller = puller;
    this.pump();
  }

  dispose(): void {
    this.#credit.attach(() => {});
    for (const { value } of this.#lanes.clear()) if (isDelivery(value)) value.nak();
  }

  settled(key: string | undefined): void {
    this.#credit.repay();
    this.#lanes.release(key);
    this.pump();
  }

  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#credit.available && !this.#output.closed) {
        const next = this.#lanes.take();
        if (next !== undefined) {
          this.#credit.spend();
          this.#output.next(this.#hold(next.value, next.key));
          continue;
        }
        if (!this.#mayPull) break;
        this.#puller?.pull();
      }
    } finally {
      this.#pumping = false;
    }
    this.#completeIfDone();
  }

  get #mayPull(): boolean {
    const puller = this.#puller;
    return puller !== undefined && !puller.pulling && this.#inputs > 0 && this.#lanes.size === 0;
  }

  #hold(value: T, key: string | undefined): Credited<T> {
    const held: Delivery | Held<T> = isDelivery(value)
      ? new HeldDelivery(value, key, this)
      : new HeldValue(value, key, this);
    return held as Credited<T>;
  }

  #completeIfDone(): void {
    if (this.#inputs === 0 && this.#lanes.size === 0 && !this.#pumping) this.#output.complete();
  }
}

/** Whoever is told that a value is settled. */
interface Holder {
  settled(key: string | undefined): void;
}

/** The one class of held values, so that `publishTo` knows them. */
export class HeldValue<T> implements Held<T> {
  readonly value: T;
  readonly #key: string | undefined;
  #holder: Holder | undefined;

  constructor(value: T, key: string | undefined, holder: Holder) {
    this.value = value;
    this.#key = key;
    this.#holder = holder;
  }

  ack(): void {
    const holder = this.#holder;
    this.#holder = undefined;
    holder?.settled(this.#key);
  }
}

class HeldDelivery implements Delivery {
  readonly event: EventEnvelope;
  readonly attempt: number;
  readonly #delivery: Delivery;
  readonly #key: string | undefined;
  #holder: Holder | undefined;

  constructor(delivery: Delivery, key: string | undefined, holder: Holder) {
    this.event = delivery.event;
    this.attempt = delivery.attempt;
    this.#delivery = delivery;
    this.#key = key;
    this.#holder = holder;
  }

  ack(): void {
    this.#settle(() => this.#delivery.ack());
  }

  nak(delayMs?: number): void {
    this.#settle(() => this.#delivery.nak(delayMs));
  }

  term(reason?: string): void {
    this.#settle(() => this.#delivery.term(reason));
  }

  #settle(settle: () => void): void {
    const holder = this.#holder;
    if (holder === undefined) return;
    this.#holder = undefined;
    settle();
    holder.settled(this.#key);
  }
}

function isDelivery(value: unknown): value is Delivery {
  if (typeof value !== 'object' || value === null) return false;
  const { event, ack, nak, term } = value as { readonly [name in keyof Delivery]?: unknown };
  return (
    typeof event === 'object' &&
    typeof ack === 'function' &&
    typeof nak === 'function' &&
    typeof term === 'function'
  );
}

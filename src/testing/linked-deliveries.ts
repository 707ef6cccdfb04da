import { Observable } from 'rxjs';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { LinkLine } from './link-line.ts';

/** Deliveries as they come over a line: those that are lost on the way come again after `ackWaitMs`. */
export function linkedDeliveries(
  deliveries: Observable<Delivery>,
  line: LinkLine,
  ackWaitMs: number,
): Observable<Delivery> {
  return new Observable((subscriber) => {
    const underWay = new Set<Delivery>();
    const inner = deliveries.subscribe({
      next(delivery) {
        underWay.add(delivery);
        const arrive = (): void => {
          if (underWay.delete(delivery)) subscriber.next(new LinkedDelivery(delivery, line, ackWaitMs));
        };
        const lost = (): void => {
          if (underWay.delete(delivery)) delivery.nak(ackWaitMs);
        };
        line.send('back', arrive, lost);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    return () => {
      inner.unsubscribe();
      // They find nobody: the transport may keep them for the next of the name.
      for (const delivery of underWay) delivery.nak();
      underWay.clear();
    };
  });
}

/** A delivery whose settlement has a way to go, too. */
class LinkedDelivery implements Delivery {
  readonly #delivery: Delivery;
  readonly #line: LinkLine;
  readonly #ackWaitMs: number;
  #settled = false;

  constructor(delivery: Delivery, line: LinkLine, ackWaitMs: number) {
    this.#delivery = delivery;
    this.#line = line;
    this.#ackWaitMs = ackWaitMs;
  }

  get event(): EventEnvelope {
    return this.#delivery.event;
  }

  get attempt(): number {
    return this.#delivery.attempt;
  }

  get position(): number | undefined {
    return this.#delivery.position;
  }

  get fencingToken(): number | undefined {
    return this.#delivery.fencingToken;
  }

  get revoked(): boolean {
    return this.#delivery.revoked === true;
  }

  ack(): void {
    this.#say(() => this.#delivery.ack());
  }

  nak(delayMs?: number): void {
    this.#say(() => this.#delivery.nak(delayMs));
  }

  term(reason?: string): void {
    this.#say(() => this.#delivery.term(reason));
  }

  #say(settlement: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#line.send('there', settlement, () => this.#delivery.nak(this.#ackWaitMs));
  }
}

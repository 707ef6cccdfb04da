import type { Subscription } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { Credit } from '../../streams/queue/credit.ts';
import type { EntitySink, EntitySource } from './entity-source.ts';
import { eventInput } from './live-entity.ts';
import type { Transport, TransportSubscription } from '../transport/transport.ts';

/** Events that wait for a kind before publishers wait. */
const capacity = 8_192;

/**
 * Takes the events of a kind from a transport that keeps none: in the order in which they were published, whatever
 * their priority, each once. Positions are counted from 1 by whoever comes first.
 */
export class EntityBusSource implements EntitySource {
  readonly #clock: Clock;
  readonly #credit = new Credit(0);
  readonly #subscription: TransportSubscription;
  readonly #deliveries: Subscription;
  #sink: EntitySink | undefined;
  /** Events that the mailbox has, or had. */
  #entered = 0;
  #given = 0;

  /** @throws TypeError when the name is taken. */
  constructor(transport: Transport, clock: Clock, name: string, patterns: readonly (string | GlobPattern)[]) {
    this.#clock = clock;
    this.#subscription = transport.subscribe(patterns, {
      name,
      credit: this.#credit,
      // A total order, since an entity's key need not be that of the event: nothing may overtake.
      mailbox: { order: 'total', capacity },
      accepts: () => {
        this.#entered += 1;
        return true;
      },
      onRefused: () => {
        this.#entered -= 1;
      },
    });
    // From now on: events may be published before it is known where the kind was.
    this.#deliveries = this.#subscription.deliveries.subscribe((delivery) => {
      this.#given += 1;
      this.#sink?.take(eventInput(delivery.event, this.#given, this.#clock.now()));
      if ((this.#sink?.room() ?? 0) <= 0) this.#credit.limit = 0;
      delivery.ack();
      this.#sink?.wake();
    });
  }

  get given(): number {
    return this.#given;
  }

  get unread(): number {
    return Math.max(0, this.#entered - this.#given);
  }

  get caughtUp(): boolean {
    return this.#given >= this.#entered;
  }

  start(_after: number, sink: EntitySink): void {
    this.#sink = sink;
    this.pull();
  }

  pull(): void {
    if (this.#credit.limit > 0 || this.#sink === undefined) return;
    this.#credit.limit = 1;
    this.#credit.poke();
  }

  end(): number {
    return this.#entered;
  }

  stop(): void {
    this.#deliveries.unsubscribe();
    this.#sink = undefined;
  }
}

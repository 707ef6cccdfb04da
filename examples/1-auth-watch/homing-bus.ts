import { setTimeout as wait } from 'node:timers/promises';
import type { Bus, EventEnvelope, PublishReceipt, Subscribable } from 'breakwater';
import { Observable, type Subscriber } from 'rxjs';

/** Milliseconds between two looks whether all is back. */
const lookMs = 2;

/**
 * A bus whose events go to a server and back, made to look as one within a process.
 *
 * There a publish resolves when the server has the event. Its subscribers hear of it later, and of what was published
 * together in the order in which it was stored. So it is counted what must come back, and `idle` waits for that; and
 * streams hold what comes until all of it is there, then give it in the order of its publishing.
 */
export function homing(bus: Bus): Bus {
  const streams = new Set<HeldStream>();
  let publishing = 0;
  /** How often published events are to be handled here, in all. */
  let owed = 0;

  async function publish(...call: readonly unknown[]): Promise<PublishReceipt> {
    const type = typeOf(call[0]);
    publishing += 1;
    try {
      const receipt = await (bus.publish as (...call: readonly unknown[]) => Promise<PublishReceipt>)(
        ...call,
      );
      owed += bus.handlerCount(type);
      for (const stream of streams) if (stream.types.has(type)) owed += 1;
      return receipt;
    } finally {
      publishing -= 1;
    }
  }

  function stream(subject: Subscribable | readonly Subscribable[], options?: object): Observable<unknown> {
    return new Observable((output) => {
      const held = new HeldStream([subject].flat().map(typeOf), output);
      streams.add(held);
      const events = bus.stream(subject, options) as Observable<EventEnvelope>;
      return events.subscribe({ next: held.take, error: (error) => output.error(error) });
    });
  }

  function handled(): number {
    let count = 0;
    for (const { succeeded, deadLettered } of bus.stats().subscribers) count += succeeded + deadLettered;
    for (const { taken } of streams) count += taken;
    return count;
  }

  async function idle(): Promise<void> {
    for (;;) {
      while (publishing > 0 || handled() < owed) await wait(lookMs);
      await bus.idle();
      const waiting = [...streams].filter(({ isEmpty }) => !isEmpty);
      if (waiting.length === 0) return;
      // What they lead to is published, and must come back, too.
      for (const held of waiting) held.release();
    }
  }

  return { ...bus, publish, stream: stream as Bus['stream'], idle };
}

/** What has come for one stream, and waits until all has. */
class HeldStream {
  readonly types: ReadonlySet<string>;
  taken = 0;
  readonly #output: Subscriber<unknown>;
  #events: EventEnvelope[] = [];

  constructor(types: readonly string[], output: Subscriber<unknown>) {
    this.types = new Set(types);
    this.#output = output;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  readonly take = (event: EventEnvelope): void => {
    this.taken += 1;
    this.#events.push(event);
  };

  /** Ids grow as events are published. */
  release(): void {
    const events = this.#events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.#events = [];
    for (const event of events) this.#output.next(event);
  }
}

/** The type of a definition, an event or a draft; a type by itself. */
function typeOf(subject: unknown): string {
  return typeof subject === 'string' ? subject : (subject as { readonly type: string }).type;
}

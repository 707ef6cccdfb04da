import { Observable } from 'rxjs';
import { keepsPlace } from './keeps-place.ts';
import type { Clock } from '../streams/event/clock.ts';
import type { Delivery } from '../streams/event/delivery.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { ClosedError } from '../streams/event/errors.ts';
import type { EventRegistry } from '../streams/event/event-registry.ts';
import type { Random } from '../streams/event/random.ts';
import { Credit } from '../streams/queue/credit.ts';
import { Mailbox } from '../streams/queue/mailbox.ts';
import { compileAcceptance, type Acceptance } from './publishing/acceptance.ts';
import type { Subscribable } from './subscriptions/subscribable.ts';
import { checkChoice, checkOptions } from '../streams/event/check-options.ts';
import type { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import { checkInteger } from './options.ts';
import type { RoutingRules } from './routing-rules.ts';
import { OpenStream } from './open-stream.ts';
import type { StreamStats } from './stream-stats.ts';
import { type StreamOptions, streamOptionNames } from './stream-options.ts';
import { checkStart } from './start-from.ts';
import { subscribedPatterns } from './subscriptions/subscribed-patterns.ts';
import { checkSubscriberName } from './subscriptions/subscriber-name.ts';
import type { Transport } from './transport/transport.ts';

export interface EventStreamsPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly deadLetters: DeadLetterStore;
  readonly rules: RoutingRules;
  readonly registry: EventRegistry;
  /** A stream has settled an event. */
  readonly onSettled: () => void;
}

/** The streams of a bus: makes observables, and keeps those that are subscribed to. */
export class EventStreams {
  readonly #ports: EventStreamsPorts;
  readonly #open = new Set<OpenStream>();
  #names = 0;
  #closed = false;

  constructor(ports: EventStreamsPorts) {
    this.#ports = ports;
  }

  /** Whether nothing waits in a stream and nothing is out. */
  get quiet(): boolean {
    for (const stream of this.#open) if (!stream.quiet) return false;
    return true;
  }

  /** @throws RangeError or TypeError that names the option and the value. */
  stream(
    subject: Subscribable | readonly Subscribable[],
    options: StreamOptions,
  ): Observable<EventEnvelope | Delivery> {
    checkOptions('stream', options, streamOptionNames);
    const {
      name,
      prefetch = 16,
      ack = 'auto',
      mailbox = {},
      order = 'none',
      dropped,
      from = 'now',
      durable,
    } = options;
    checkStart(from);
    const kept = keepsPlace(name, durable);
    const { registry, rules, clock, random } = this.#ports;
    const patterns = subscribedPatterns('stream', subject, registry);
    if (name !== undefined) checkSubscriberName(name);
    checkInteger('prefetch', prefetch, 1);
    checkChoice('ack', ack, ['auto', 'manual']);
    // Checks the mailbox's options now rather than at the first subscription.
    void new Mailbox({ ...mailbox, order }, () => {});
    const ownEvents = patterns.some(
      (pattern) => typeof pattern === 'string' && pattern.startsWith('breakwater.'),
    );
    const accept = (to: string): Acceptance =>
      compileAcceptance(to, ownEvents, options, { rules, clock, random });
    accept('stream');

    return new Observable((output) => {
      if (this.#closed) throw new ClosedError('the bus is closed; nothing was subscribed');
      const to = name ?? this.#nextName();
      const config = {
        name: to,
        patterns,
        manual: ack === 'manual',
        mailbox: { ...mailbox, order },
        durable: kept,
        from,
      };
      const stream = new OpenStream(
        { ...config, credit: new Credit(prefetch), acceptance: accept(to), dropped },
        this.#ports,
        output,
      );
      this.#open.add(stream);
      output.add(() => {
        this.#open.delete(stream);
        this.#ports.onSettled();
      });
      stream.start();
    });
  }

  /** The figures of the streams that are subscribed to. */
  stats(): StreamStats[] {
    return Array.from(this.#open, (stream) => stream.stats());
  }

  /** Ends all streams; what they had not settled goes to the dead letters. Says how many events that were. */
  close(): number {
    this.#closed = true;
    let undelivered = 0;
    for (const stream of this.#open) undelivered += stream.close();
    this.#open.clear();
    return undelivered;
  }

  #nextName(): string {
    this.#names += 1;
    return `stream-${this.#names}`;
  }
}

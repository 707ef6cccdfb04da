import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { isGlob, type GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { StreamListener, StreamReading } from '../shared-entities.ts';
import { sequenceOf, positionOf } from './stream-position.ts';
import { type ReadMessage, StreamReader, type StreamReaderPorts } from './stream-reader.ts';
import { coveringPatterns, isSubjectOf, storedSubjects } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

/** The subject that covers all events which patterns match: one, since servers before 2.10 filter by no more. */
export function filterOf(namespace: string, patterns: readonly (string | GlobPattern)[]): string {
  const [only, ...more] = coveringPatterns(patterns);
  return storedSubjects(namespace, '*', '*', only !== undefined && more.length === 0 ? only : '>');
}

export interface EventReadingConfig {
  readonly stream: string;
  readonly namespace: string;
  readonly patterns: readonly (string | GlobPattern)[];
  readonly after: number;
  readonly maxBytes: number;
}

export type EventReadingPorts = Pick<
  StreamReaderPorts,
  'clock' | 'random' | 'link' | 'manager' | 'onFailed'
> & { readonly format: WireFormat; readonly listener: StreamListener };

/** Messages that are asked for at once, at most. */
const mostRequested = 256;
/** How fast the estimate of a message's events follows when messages become smaller. */
const decay = 0.1;

/** Reads the events of a stream that patterns match, one after the other. */
export class EventReading implements StreamReading {
  readonly #ports: EventReadingPorts;
  readonly #reader: StreamReader;
  readonly #index = new PatternIndex<true>();
  readonly #after: number;
  /** The filter brings others, too. */
  readonly #sifts: boolean;
  /** Events that a message is taken to hold. */
  #perMessage = 8;

  constructor(
    { stream, namespace, patterns, after, maxBytes }: EventReadingConfig,
    ports: EventReadingPorts,
  ) {
    this.#ports = ports;
    this.#after = after;
    for (const pattern of patterns) this.#index.add(pattern, true);
    this.#sifts = coveringPatterns(patterns).length !== 1 || patterns.some(isGlob);
    this.#reader = new StreamReader(
      {
        stream,
        filter: filterOf(namespace, patterns),
        // Of the message that holds it, later events may not have been read.
        from: after === 0 ? 1 : sequenceOf(after),
        maxBytes,
      },
      {
        ...ports,
        room: this.#room,
        onOpen: (pending) => {
          if (pending === 0) ports.listener.reached(after, true);
        },
        onMessage: this.#arrived,
      },
    );
  }

  refill(): void {
    this.#reader.refill();
  }

  close(): void {
    this.#reader.close();
  }

  readonly #room = (requested: number): number => {
    const room = this.#ports.listener.room();
    if (room <= 0) return 0;
    const most = Number.isFinite(room) ? Math.ceil(room / this.#perMessage) : mostRequested;
    const count = Math.min(mostRequested, most) - requested;
    return requested === 0 || count * 2 >= mostRequested ? Math.max(0, count) : 0;
  };

  readonly #arrived = ({ message, sequence, storedAt, pending }: ReadMessage): void => {
    const { listener, format, clock } = this.#ports;
    let events: readonly EventEnvelope[] = [];
    try {
      events = format.decode(message.data, message.headers, clock.now());
    } catch (error) {
      listener.fault(positionOf(sequence, 0), describeError(error));
    }
    for (const [place, event] of events.entries()) {
      const position = positionOf(sequence, place);
      // An event under another's subject is not what its publisher was allowed to say.
      if (position <= this.#after || !isSubjectOf(message.subject, event, 2)) continue;
      if (this.#sifts && this.#index.match(event.type).length === 0) continue;
      listener.event(event, position, storedAt);
    }
    const { length } = events;
    this.#perMessage = Math.max(length, 1, this.#perMessage - (this.#perMessage - length) * decay);
    // Nothing comes later in this message.
    listener.reached(positionOf(sequence + 1, 0) - 1, pending === 0);
  };
}

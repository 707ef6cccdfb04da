import { Observable } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import type { Codec } from '../../streams/event/codec.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { QueueFullError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Bus, EventFor } from '../bus.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { createBus } from '../create-bus.ts';
import type { Logger } from '../logger.ts';
import { type StreamOptions, streamOptionNames } from '../stream-options.ts';
import type { Subscribable } from '../subscriptions/subscribable.ts';
import type { TransportFactory } from '../transport/transport.ts';
import { nats } from './core.ts';
import { jetStream } from './jetstream.ts';
import type { JetStreamConsumerOptions, JetStreamStreamOptions } from './jetstream-options.ts';
import { type NatsOptions, natsOptionNames } from './nats-options.ts';

/** Where events come from, and how they wait. */
export interface FromNatsOptions<Event extends EventEnvelope = EventEnvelope>
  extends NatsOptions, StreamOptions<Event> {
  /** The stream that holds them; given, they come from JetStream. */
  readonly stream?: JetStreamStreamOptions;
  /** How that stream is read. */
  readonly consumer?: JetStreamConsumerOptions;
  /** How other codecs than Breakwater's are read. */
  readonly codec?: Codec;
  /** Bytes of a message at most. Default `1_000_000`. */
  readonly maxMessageBytes?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

const ownNames = {
  stream: true,
  consumer: true,
  codec: true,
  maxMessageBytes: true,
  logger: true,
  clock: true,
  random: true,
} as const;

const names: OptionNames<FromNatsOptions> = { ...natsOptionNames, ...streamOptionNames, ...ownNames };

/**
 * Emits the events of a pattern that are published to NATS, without a bus.
 *
 * With `from`, `name`, `stream` or `consumer` they come from JetStream: from a position on, or where the name stopped,
 * and what waits, waits in the stream. Else by core NATS: from now on, at most once, none while the connection is
 * away. There, more than `mailbox.capacity` that wait end it with QueueFullError, unless `mailbox.overflow` says what to
 * drop. Each subscription dials, or shares `connection`, and lets go of it when it is left. Permissions that are
 * missing and streams that are not as asked are its error; a server that is away is waited for.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * fromNats(orderPlaced, { servers: 'nats://127.0.0.1:4222', namespace: 'shop' })
 *   .pipe(tumblingWindow({ sizeMs: 1000 }), aggregate({ total: sum((order) => order.data.total) }))
 *   .subscribe(console.log);
 * ```
 */
export function fromNats<const Subject extends Subscribable>(
  subject: Subject | readonly Subject[],
  options: FromNatsOptions<EventFor<Subject>> & { readonly ack: 'manual' },
): Observable<Delivery<EventFor<Subject>>>;
export function fromNats<const Subject extends Subscribable>(
  subject: Subject | readonly Subject[],
  options?: FromNatsOptions<EventFor<Subject>> & { readonly ack?: 'auto' },
): Observable<EventFor<Subject>>;
export function fromNats(
  subject: Subscribable | readonly Subscribable[],
  options: FromNatsOptions = {},
): Observable<EventEnvelope | Delivery> {
  checkOptions('fromNats', options, names);
  const { logger, clock, random } = options;
  const surroundings = {
    ...(logger === undefined ? {} : { logger }),
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random }),
  };
  const transport = transportOf(options);
  const chosen = pick(options, streamOptionNames);
  const newBus = (): Bus => createBus({ source: 'from-nats', transport, ...surroundings });
  checkStream(newBus(), subject, chosen);
  const mayDrop = isStored(options) || options.mailbox?.overflow !== undefined;
  return new Observable((output) => {
    const bus = newBus();
    output.add(() => void bus.close({ deadlineMs: 0 }));
    const fallenBehind = { next: () => output.error(behind(subject, options.mailbox?.capacity)) };
    const bounded = mayDrop
      ? chosen
      : { ...chosen, mailbox: { ...options.mailbox, overflow: 'reject' as const }, dropped: fallenBehind };
    output.add(bus.stream(subject, bounded).subscribe(output));
  });
}

/** Whether they are kept on the server until they are handled. */
function isStored({ from, name, stream, consumer }: FromNatsOptions): boolean {
  return [from, name, stream, consumer].some((option) => option !== undefined);
}

function transportOf(options: FromNatsOptions): TransportFactory {
  const { codec, maxMessageBytes, stream, consumer } = options;
  const way = {
    ...pick(options, natsOptionNames),
    ...(codec === undefined ? {} : { codec }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  };
  if (!isStored(options)) return nats(way);
  return jetStream({
    ...way,
    ...(stream === undefined ? {} : { stream }),
    ...(consumer === undefined ? {} : { consumer }),
  });
}

/** What is wrong with the options is said now, not to the first subscriber. */
function checkStream(
  bus: Bus,
  subject: Subscribable | readonly Subscribable[],
  options: StreamOptions,
): void {
  try {
    bus.stream(subject, options as StreamOptions & { ack?: 'auto' });
  } finally {
    void bus.close({ deadlineMs: 0 });
  }
}

function behind(subject: unknown, capacity = 1024): QueueFullError {
  const what = typeof subject === 'string' ? subject : 'these events';
  return new QueueFullError(
    `fromNats of ${what} fell behind: more than ${capacity} events waited for its consumer. Raise mailbox.capacity, ` +
      'choose a mailbox.overflow that drops, or read from a stream',
  );
}

function pick<Options extends object>(options: object, wanted: OptionNames<Options>): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in wanted)) as Options;
}
